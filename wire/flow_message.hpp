// The outside of a flow export message: IPFIX (RFC 7011 §3) or NetFlow v9 (RFC 3954 §5), header and sets, as
// checked views. Nothing here keeps state: templates are read by flow_template.hpp, records by
// flow_record.hpp. Errors: a message whose lengths do not add up is refused as a whole (RFC 7011 §9.1) with a
// MessageError; the caller counts it. Thread rule: value types and pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "wire/bytes.hpp"

namespace voipprobe::wire {

enum class FlowProtocol : std::uint8_t { netflow9 = 9, ipfix = 10 };

inline constexpr std::size_t kIpfixHeaderLength = 16;     // RFC 7011 §3.1
inline constexpr std::size_t kNetflow9HeaderLength = 20;  // RFC 3954 §5.1
inline constexpr std::size_t kSetHeaderLength = 4;
inline constexpr std::size_t kMaxMessageLength = 65535;

enum class MessageError : std::uint8_t {
    not_flow_export,  // the first 16 bits are neither 9 nor 10
    short_header,
    length_mismatch,  // IPFIX: the length field is not the number of octets received
    bad_set_length,   // below 4, or past the end of the message
    trailing_octets,  // 1..3 octets after the last set
    kCount
};
std::string_view message_error_name(MessageError e);

struct MessageHeader {
    FlowProtocol protocol = FlowProtocol::ipfix;
    std::uint16_t count = 0;           // v9: records announced, informative only
    std::uint32_t uptime_ms = 0;       // v9: exporter's uptime
    std::uint32_t export_seconds = 0;  // since the Unix epoch
    std::uint32_t sequence = 0;        // v9: messages before this one; IPFIX: data records before this one
    std::uint32_t domain = 0;          // observation domain (v9: source id)
};

enum class SetKind : std::uint8_t { templates, options_templates, data, reserved };

struct SetView {
    std::uint16_t id = 0;
    SetKind kind = SetKind::reserved;
    Bytes body;  // without the set header, padding included
};

// A message whose set lengths have been checked; next() walks its sets.
class FlowMessage {
  public:
    static tl::expected<FlowMessage, MessageError> parse(Bytes message);

    const MessageHeader& header() const { return header_; }
    bool next(SetView& set);
    void rewind() { reader_ = ByteReader(sets_); }

  private:
    MessageHeader header_;
    Bytes sets_;
    ByteReader reader_;
};

// The length an IPFIX message claims, from its first four octets: how a stream or a file is cut into messages
// (RFC 7011 §10.4.3). 0 when this is no IPFIX message header.
std::size_t ipfix_message_length(Bytes first_octets);

}  // namespace voipprobe::wire
