#include "probe/capture/capture_format.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
enum BlockType : std::uint32_t { kInterface = 1, kObsoletePacket = 2, kSimplePacket = 3, kEnhancedPacket = 6, kDecryptionSecrets = 10 };
enum InterfaceOption : std::uint16_t { kEndOfOptions = 0, kTsResolution = 9, kTsOffset = 14 };

template <typename T>
T load(const std::uint8_t* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
constexpr std::uint32_t kTlsKeyLog = 0x544c534b;  // "TLSK"
constexpr std::size_t kMaxSecrets = 1U << 20;
constexpr std::size_t padded(std::size_t n) { return (n + 3) & ~std::size_t{3}; }

}  // namespace

std::uint16_t PcapngFormat::u16(const std::uint8_t* p) const {
    const auto v = load<std::uint16_t>(p);
    return swapped_ ? __builtin_bswap16(v) : v;
}
std::uint32_t PcapngFormat::u32(const std::uint8_t* p) const {
    const auto v = load<std::uint32_t>(p);
    return swapped_ ? __builtin_bswap32(v) : v;
}
std::uint64_t PcapngFormat::u64(const std::uint8_t* p) const {
    const auto v = load<std::uint64_t>(p);
    return swapped_ ? __builtin_bswap64(v) : v;
}

bool PcapngFormat::recognises(wire::Bytes data) {
    if (data.size() < 12 || load<std::uint32_t>(data.data()) != kSectionHeader) return false;
    const auto magic = load<std::uint32_t>(data.data() + 8);
    return magic == kByteOrderMagic || magic == __builtin_bswap32(kByteOrderMagic);
}

ParseResult PcapngFormat::section(wire::Bytes data) {
    if (data.size() < 12) return {ParseStep::need_more, 12, 0, ""};
    if (!recognises(data)) return {ParseStep::damaged, 0, 0, "a section header without a byte-order magic"};
    swapped_ = load<std::uint32_t>(data.data() + 8) != kByteOrderMagic;
    interfaces_.clear();
    in_section_ = true;
    return {ParseStep::skipped, 0, 0, ""};
}

ParseResult PcapngFormat::next(wire::Bytes data, RawPacket& out) {
    if (data.size() < 12) return {ParseStep::need_more, 12, 0, ""};
    if (load<std::uint32_t>(data.data()) == kSectionHeader) {
        const ParseResult r = section(data);
        if (r.step != ParseStep::skipped) return r;
    }
    if (!in_section_) return {ParseStep::damaged, 0, 0, "a block before the section header"};
    const std::uint32_t type = u32(data.data());
    const std::uint32_t length = u32(data.data() + 4);
    if (length < 12 || length % 4 != 0 || length > kMaxBlock)
        return {ParseStep::damaged, 0, 0, "a block length that cannot be"};
    if (data.size() < length) return {ParseStep::need_more, length, 0, ""};
    if (u32(data.data() + length - 4) != length)
        return {ParseStep::damaged, 0, 0, "the two lengths of a block differ"};
    const wire::Bytes body = data.subspan(8, length - 12);
    const char* error = nullptr;
    bool is_packet = false;
    if (type == kInterface)
        error = interface_block(body);
    else if (type == kEnhancedPacket || type == kSimplePacket || type == kObsoletePacket)
        error = packet_block(body, type, out, is_packet);
    else if (type == kDecryptionSecrets)
        secrets_block(body);
    if (error != nullptr) return {ParseStep::damaged, 0, 0, error};
    return {is_packet ? ParseStep::packet : ParseStep::skipped, 0, length, ""};
}

// Damaged or of another kind: nothing is known, the packets are as good as before.
void PcapngFormat::secrets_block(wire::Bytes body) {
    if (body.size() < 8 || u32(body.data()) != kTlsKeyLog) return;
    const std::size_t length = u32(body.data() + 4);
    if (length > body.size() - 8 || length + secrets_.size() > kMaxSecrets) return;
    secrets_ += wire::as_text(body.subspan(8, length));
    secrets_ += '\n';
}

const char* PcapngFormat::interface_block(wire::Bytes body) {
    if (body.size() < 8) return "an interface description that is too short";
    if (interfaces_.size() >= kMaxInterfaces) return "more than 65536 interfaces";
    Interface i;
    i.link_type = u16(body.data());
    i.snaplen = u32(body.data() + 4);
    for (std::size_t at = 8; at + 4 <= body.size();) {
        const std::uint16_t code = u16(body.data() + at);
        const std::uint16_t length = u16(body.data() + at + 2);
        if (code == kEndOfOptions || at + 4 + length > body.size()) break;
        const std::uint8_t* value = body.data() + at + 4;
        if (code == kTsResolution && length >= 1) {
            const unsigned exponent = value[0] & 0x7fU;
            std::uint64_t units = 1;
            if ((value[0] & 0x80) != 0) {
                if (exponent > 63) return "a time resolution that cannot be";
                units <<= exponent;
            } else {
                if (exponent > 19) return "a time resolution that cannot be";
                for (unsigned e = 0; e < exponent; ++e) units *= 10;
            }
            i.units_per_second = units;
        }
        if (code == kTsOffset && length >= 8) i.offset_seconds = static_cast<std::int64_t>(u64(value));
        at += 4 + padded(length);
    }
    interfaces_.push_back(i);
    return nullptr;
}

wire::TimeNs PcapngFormat::to_time(std::uint64_t ticks, const Interface& i) {
    const std::uint64_t seconds = ticks / i.units_per_second;
    const std::uint64_t rest = ticks % i.units_per_second;
    __extension__ using Wide = unsigned __int128;
    const auto ns = static_cast<std::uint64_t>(Wide{rest} * 1'000'000'000U / i.units_per_second);
    // Beyond year 2262 a signed nanosecond count overflows; such a time is nonsense and becomes 0.
    constexpr std::uint64_t kLimit = 9'000'000'000;
    if (seconds > kLimit || i.offset_seconds > static_cast<std::int64_t>(kLimit) || i.offset_seconds < 0) return 0;
    const std::uint64_t total = seconds + static_cast<std::uint64_t>(i.offset_seconds);
    return total > kLimit ? 0 : static_cast<wire::TimeNs>(total * 1'000'000'000U + ns);
}

const char* PcapngFormat::packet_block(wire::Bytes body, std::uint32_t type, RawPacket& out, bool& is_packet) {
    std::size_t header = 20;
    std::uint32_t interface = 0, captured = 0, wire_length = 0;
    std::uint64_t ticks = 0;
    if (type == kSimplePacket) {
        header = 4;
        if (body.size() < header) return "a packet block that is too short";
        wire_length = u32(body.data());
    } else {
        if (body.size() < header) return "a packet block that is too short";
        interface = type == kEnhancedPacket ? u32(body.data()) : u16(body.data());
        ticks = std::uint64_t{u32(body.data() + 4)} << 32 | u32(body.data() + 8);
        captured = u32(body.data() + 12);
        wire_length = u32(body.data() + 16);
    }
    if (interface >= interfaces_.size()) return "a packet of an interface that was not described";
    const Interface& i = interfaces_[interface];
    if (type == kSimplePacket) {
        captured = wire_length;
        if (i.snaplen != 0 && captured > i.snaplen) captured = i.snaplen;
        if (captured > body.size() - header) captured = static_cast<std::uint32_t>(body.size() - header);
    }
    if (captured > kMaxCaptured || captured > body.size() - header) return "a packet longer than its block";
    out.time = type == kSimplePacket ? 0 : to_time(ticks, i);
    out.data = body.subspan(header, captured);
    out.wire_length = wire_length < captured ? captured : wire_length;
    out.link_type = i.link_type;
    is_packet = true;
    return nullptr;
}

}  // namespace voipprobe::probe
