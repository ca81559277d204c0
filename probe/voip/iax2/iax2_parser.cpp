#include <array>
#include <bit>

#include "probe/voip/iax2/iax2_frame.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint8_t kTrunkCommand = 1;
constexpr std::uint8_t kTrunkTimestamps = 1;  // bit of the command data

// Element numbers (RFC 5456 §8.6).
enum : std::uint8_t {
    kCalled = 1, kCalling = 2, kCallingName = 4, kUser = 6, kFormat = 9, kVersion = 11, kRefresh = 19, kEncryption = 31,
    kCause = 42, kReportJitter = 46, kReportLoss = 47, kReportPackets = 48, kFormat2 = 56
};

struct FormatRow {
    std::uint8_t bit;
    Iax2Codec codec;
};
constexpr std::array<FormatRow, 18> kFormats{{
    {0, {4, 8000, "G723", 24, 30}},     {1, {3, 8000, "GSM", 33, 20}},      {2, {0, 8000, "PCMU", 8, 1}},
    {3, {8, 8000, "PCMA", 8, 1}},       {4, {100, 8000, "AAL2-G726-32", 4, 1}}, {5, {5, 8000, "DVI4", 4, 1}},
    {6, {102, 8000, "L16", 16, 1}},     {7, {7, 8000, "LPC", 7, 20}},       {8, {18, 8000, "G729", 10, 10}},
    {9, {105, 8000, "speex", 0, 0}},    {10, {106, 8000, "iLBC", 50, 30}},  {11, {2, 8000, "G726-32", 4, 1}},
    {12, {9, 8000, "G722", 8, 1}},      {13, {109, 16000, "G7221", 0, 0}},  {14, {110, 32000, "G7221", 0, 0}},
    {15, {111, 16000, "L16", 32, 1}},   {33, {97, 16000, "speex", 0, 0}},   {34, {98, 48000, "opus", 0, 0}},
}};

}  // namespace

std::optional<Iax2Full> parse_iax2_full(wire::Bytes datagram) {
    wire::ByteReader in(datagram);
    Iax2Full f;
    const std::uint16_t source = in.u16(), destination = in.u16();
    f.timestamp = in.u32();
    in.skip(2);  // sequence numbers
    const std::uint8_t type = in.u8(), subclass = in.u8();
    if (in.failed() || (source & 0x8000) == 0 || type < 1 || type > 10) return std::nullopt;
    f.source = source & 0x7fff;
    f.destination = destination & 0x7fff;
    f.repeated = (destination & 0x8000) != 0;
    f.type = static_cast<Iax2Type>(type);
    if ((subclass & 0x80) == 0) f.subclass = subclass;  // the highest bit: a power of two
    else if (const unsigned power = subclass & 0x7f; power < 64) f.subclass = std::uint64_t{1} << power;
    else return std::nullopt;
    if (f.source == 0) return std::nullopt;
    f.data = in.rest();
    return f;
}

std::optional<Iax2Mini> parse_iax2_mini(wire::Bytes datagram) {
    wire::ByteReader in(datagram);
    Iax2Mini m;
    m.source = in.u16();
    m.timestamp = in.u16();
    if (in.failed() || m.source == 0 || (m.source & 0x8000) != 0) return std::nullopt;
    m.data = in.rest();
    return m;
}

std::optional<Iax2Trunk> Iax2Trunk::open(wire::Bytes datagram) {
    wire::ByteReader in(datagram);
    const std::uint16_t meta = in.u16();
    const std::uint8_t command = in.u8(), data = in.u8();
    Iax2Trunk t;
    t.timestamp_ = in.u32();
    if (in.failed() || meta != 0 || command != kTrunkCommand) return std::nullopt;
    t.timestamps_ = (data & kTrunkTimestamps) != 0;
    t.in_ = in;
    return t;
}

bool Iax2Trunk::next(Iax2Mini& out) {
    if (in_.remaining() < 4) return false;
    std::size_t length = 0;
    if (timestamps_) {
        length = in_.u16();
        out.source = in_.u16() & 0x7fff;
        out.timestamp = in_.u16();
    } else {
        out.source = in_.u16() & 0x7fff;
        length = in_.u16();
        out.timestamp = static_cast<std::uint16_t>(timestamp_);
    }
    out.data = in_.take(length);
    return !in_.failed();
}

Iax2Elements parse_iax2_elements(wire::Bytes data) {
    Iax2Elements e;
    wire::ByteReader in(data);
    while (in.remaining() >= 2) {
        const std::uint8_t id = in.u8();
        const std::size_t length = in.u8();
        const wire::Bytes value = in.take(length);
        if (in.failed()) return e;
        const std::string_view text = wire::as_text(value);
        wire::ByteReader v(value);
        switch (id) {
            case kCalled: e.called = text; break;
            case kCalling: e.calling = text; break;
            case kCallingName: e.calling_name = text; break;
            case kUser: e.user = text; break;
            case kFormat:
                if (length == 4 && !e.format) e.format = v.u32();
                break;
            case kFormat2:  // a version octet, 64 bits
                if (length == 9) {
                    v.skip(1);
                    e.format = v.u64();
                }
                break;
            case kVersion:
                if (length == 2) e.version = v.u16();
                break;
            case kRefresh:
                if (length == 2) e.refresh_s = v.u16();
                break;
            case kEncryption: e.encryption = true; break;
            case kCause:
                if (length == 1) e.cause = v.u8();
                break;
            case kReportJitter:
                if (length == 4) e.report.any = true, e.report.jitter_ms = v.u32();
                break;
            case kReportLoss:  // percent in the highest octet, then the count
                if (length == 4) e.report.any = true, e.report.lost = v.u32() & 0xffffff;
                break;
            case kReportPackets:
                if (length == 4) e.report.any = true, e.report.packets = v.u32();
                break;
            default: break;
        }
    }
    e.complete = in.empty();
    return e;
}

bool looks_like_iax2_new(wire::Bytes datagram) {
    const auto f = parse_iax2_full(datagram);
    if (!f || f->type != Iax2Type::iax || f->subclass != iax2::kNew || f->destination != 0) return false;
    const Iax2Elements e = parse_iax2_elements(f->data);
    return e.complete && e.version == 2;
}

Iax2Codec iax2_codec(std::uint64_t format) {
    for (const FormatRow& r : kFormats)
        if (format == std::uint64_t{1} << r.bit) return r.codec;
    return {255, 0, {}, 0, 0};
}

}  // namespace voipprobe::probe
