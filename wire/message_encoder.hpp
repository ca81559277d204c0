// The seam between the exporter and the two export formats: packed records (layout.hpp) in, messages out.
//
// An encoder is one observation domain of one destination: it has a sequence number of its own and at most one open
// message of at most `max_message` octets. A message holds any number of templates and records of several
// templates; finish() closes it. Nothing is sent here and nothing reads a clock.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wire/bytes.hpp"
#include "wire/layout.hpp"
#include "wire/result.hpp"
#include "wire/time.hpp"

namespace voipprobe::wire {

enum class Append : std::uint8_t {
    added,
    full,       // does not fit any more: finish() the open message, then try again
    too_large,  // does not fit even an empty message: shorten its strings (counted in EncoderStats)
    refused     // unknown template, or a packed record that is not of its form (counted)
};

struct EncoderStats {
    std::uint64_t messages = 0;
    std::uint64_t records = 0;    // data records, options data included
    std::uint64_t templates = 0;  // template records
    std::uint64_t octets = 0;
    std::uint64_t too_large = 0;
    std::uint64_t refused = 0;
};

struct EncoderConfig {
    std::uint32_t domain = 1;          // observation domain (IPFIX), source id (v9)
    std::size_t max_message = 1400;    // octets, 576..65535 (IPFIX: ..65496)
    TimeNs boot_time = 0;              // what v9's sysUptime and its FIRST_/LAST_SWITCHED count from
};

class MessageEncoder {
  public:
    virtual ~MessageEncoder() = default;

    // Makes a template known; it is not sent before append_template(). All templates are added before the first
    // append. Errors: id used, no field, a record of it (strings empty) or its definition larger than a message.
    virtual Result<void> add_template(const TemplateLayout& layout) = 0;
    // Puts the definition of a known template into the open message.
    virtual Append append_template(std::uint16_t template_id) = 0;
    // Puts a record into the open message, opening one when there is none.
    virtual Append append(std::uint16_t template_id, Bytes packed) = 0;
    // What v9's sysUptime counts from, when it was not known before; before the first finish().
    virtual void set_boot_time(TimeNs) {}
    // Messages of at most `octets` from now on (the path takes no more), but never less than the largest template
    // needs, and never more than at first.
    virtual void set_max_message(std::size_t octets) = 0;
    // True when there is nothing for finish() to close.
    virtual bool empty() const = 0;
    // Closes the open message and returns it; valid until the next call of any function. Empty when empty().
    virtual Bytes finish(TimeNs export_time) = 0;
    virtual const EncoderStats& stats() const = 0;
};

// The header's time: whole seconds, rounded up, so that no record is younger than its message, and the same in both
// formats. v9's sysUptime belongs to this second exactly, which keeps FIRST_/LAST_SWITCHED exact to the millisecond.
inline std::uint32_t header_seconds(TimeNs export_time) {
    return static_cast<std::uint32_t>((export_time + kSecond - 1) / kSecond);
}

Result<std::unique_ptr<MessageEncoder>> make_netflow9_encoder(const EncoderConfig& config);
Result<std::unique_ptr<MessageEncoder>> make_ipfix_encoder(const EncoderConfig& config);

}  // namespace voipprobe::wire
