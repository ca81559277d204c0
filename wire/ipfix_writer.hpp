// IPFIX messages (RFC 7011 §3) for what is known only while it runs: templates may be added at any time, as a mediator needs
// it. (The probe's templates are known before and go through libfixbuf, ipfix_encoder.hpp.) Data records come as they go
// on the wire. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "wire/bytes.hpp"

namespace voipprobe::wire {

struct WrittenField {
    std::uint32_t pen = 0;
    std::uint16_t number = 0;
    std::uint16_t length = 0;  // octets, or kVariable
    friend auto operator<=>(const WrittenField&, const WrittenField&) = default;
};

class IpfixWriter {
  public:
    using Send = std::function<void(Bytes message, std::size_t records)>;

    IpfixWriter(std::uint32_t domain, std::size_t max_message, Send send);

    // The id of the template with these fields, defined in the open message when it is new; 0 when ids are used up or
    // it does not fit a message.
    std::uint16_t template_for(const std::vector<WrittenField>& fields);
    // False: larger than a message.
    bool append(std::uint16_t template_id, Bytes record, std::uint32_t export_seconds);
    // All templates again, in messages of their own.
    void repeat_templates();
    void flush();
    // A new session: sequence and templates begin again.
    void restart();

  private:
    void open_set(std::uint16_t id);
    void close_set();
    bool has_room(std::uint16_t set, std::size_t length);
    bool define(std::uint16_t id, const std::vector<WrittenField>& fields);

    std::uint32_t domain_;
    std::size_t max_message_;
    Send send_;
    std::map<std::vector<WrittenField>, std::uint16_t> templates_;
    std::uint32_t next_id_ = 256;
    std::vector<std::uint8_t> message_;
    std::size_t set_at_ = 0;  // 0: none open
    std::uint16_t set_id_ = 0;
    std::uint32_t sequence_ = 0;
    std::uint32_t records_ = 0;  // of the open message
    std::uint32_t export_seconds_ = 0;
};

// A value of variable length with its length before it (§7).
void put_variable(ByteWriter& out, Bytes value);

}  // namespace voipprobe::wire
