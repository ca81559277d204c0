// IPFIX (RFC 7011) export: see message_encoder.hpp. Templates are written by libfixbuf, data records here: libfixbuf's
// transcoding takes three times as long as all the rest of the export (docs/decisions/0001). That what is written is what
// libfixbuf reads is tested on every template (tests/unit/wire/fixbuf_differential_test.cpp).
//
// Sequence number: data records before this message, options data included (§3.1). Around libfixbuf this class does what
// libfixbuf leaves to its user: manual mode (automatic mode loses messages with a memory buffer), and the knowledge whether a
// message is open (it re-emits stale octets otherwise). Templates and data are never in one message.
// An instance owns its information model, session and buffer. Thread rule: one thread at a time.
#pragma once

#include <memory>

#include "wire/message_encoder.hpp"

namespace voipprobe::wire {

class IpfixEncoder final : public MessageEncoder {
  public:
    explicit IpfixEncoder(const EncoderConfig& config);
    ~IpfixEncoder() override;
    IpfixEncoder(const IpfixEncoder&) = delete;
    IpfixEncoder& operator=(const IpfixEncoder&) = delete;

    Result<void> add_template(const TemplateLayout& layout) override;
    Append append_template(std::uint16_t template_id) override;
    Append append(std::uint16_t template_id, Bytes packed) override;
    void set_max_message(std::size_t octets) override;
    bool empty() const override;
    Bytes finish(TimeNs export_time) override;
    const EncoderStats& stats() const override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace voipprobe::wire
