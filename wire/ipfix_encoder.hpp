// IPFIX (RFC 7011) export through libfixbuf: see message_encoder.hpp.
//
// Sequence number: data records before this message, options data included (§3.1). libfixbuf writes the message;
// around it this class does what libfixbuf leaves to its user: manual mode (automatic mode loses messages with a
// memory buffer), the size of every record computed first (its own end-of-message path writes empty sets), and the
// knowledge whether a message is open (it re-emits stale octets otherwise). Templates and data are never in one
// message, because libfixbuf starts a new one between them.
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
