#include "wire/flow_message.hpp"

namespace voipprobe::wire {
namespace {

SetKind kind_of(FlowProtocol protocol, std::uint16_t id) {
    if (id >= 256) return SetKind::data;
    const std::uint16_t templates = protocol == FlowProtocol::ipfix ? 2 : 0;
    if (id == templates) return SetKind::templates;
    if (id == templates + 1) return SetKind::options_templates;
    return SetKind::reserved;
}

tl::expected<MessageHeader, MessageError> read_header(ByteReader& in, std::size_t length) {
    MessageHeader h;
    const std::uint16_t version = in.u16();
    if (in.failed()) return tl::unexpected(MessageError::short_header);
    if (version == 10) {
        const std::uint16_t claimed = in.u16();
        h.export_seconds = in.u32();
        h.sequence = in.u32();
        h.domain = in.u32();
        if (in.failed()) return tl::unexpected(MessageError::short_header);
        if (claimed != length) return tl::unexpected(MessageError::length_mismatch);
        return h;
    }
    if (version != 9) return tl::unexpected(MessageError::not_flow_export);
    h.protocol = FlowProtocol::netflow9;
    h.count = in.u16();
    h.uptime_ms = in.u32();
    h.export_seconds = in.u32();
    h.sequence = in.u32();
    h.domain = in.u32();
    if (in.failed()) return tl::unexpected(MessageError::short_header);
    return h;
}

}  // namespace

std::string_view message_error_name(MessageError e) {
    switch (e) {
        case MessageError::not_flow_export:
            return "not_flow_export";
        case MessageError::short_header:
            return "short_header";
        case MessageError::length_mismatch:
            return "length_mismatch";
        case MessageError::bad_set_length:
            return "bad_set_length";
        case MessageError::trailing_octets:
            return "trailing_octets";
        case MessageError::kCount:
            break;
    }
    return "unknown";
}

tl::expected<FlowMessage, MessageError> FlowMessage::parse(Bytes message) {
    ByteReader in(message);
    const auto header = read_header(in, message.size());
    if (!header) return tl::unexpected(header.error());

    FlowMessage out;
    out.header_ = *header;
    out.sets_ = in.rest();
    ByteReader sets(out.sets_);
    while (!sets.empty()) {
        if (sets.remaining() < kSetHeaderLength) return tl::unexpected(MessageError::trailing_octets);
        sets.skip(2);
        const std::uint16_t length = sets.u16();
        if (length < kSetHeaderLength) return tl::unexpected(MessageError::bad_set_length);
        sets.skip(length - kSetHeaderLength);
        if (sets.failed()) return tl::unexpected(MessageError::bad_set_length);
    }
    out.rewind();
    return out;
}

bool FlowMessage::next(SetView& set) {
    if (reader_.empty()) return false;
    set.id = reader_.u16();
    const std::uint16_t length = reader_.u16();
    set.body = reader_.take(length < kSetHeaderLength ? 0U : length - kSetHeaderLength);
    set.kind = kind_of(header_.protocol, set.id);
    return !reader_.failed();
}

std::size_t ipfix_message_length(Bytes first_octets) {
    ByteReader in(first_octets);
    const std::uint16_t version = in.u16();
    const std::uint16_t length = in.u16();
    return !in.failed() && version == 10 && length >= kIpfixHeaderLength ? length : 0;
}

}  // namespace voipprobe::wire
