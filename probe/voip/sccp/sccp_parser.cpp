#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "probe/voip/sccp/sccp_message.hpp"
#include "probe/voip/signalling/framed_streams.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kHeader = 8;          // length and version, in front of what the length counts
constexpr std::uint32_t kMaxLength = 4096;    // the longest known messages have some 2,100 octets
constexpr std::uint32_t kMaxVersion = 31;
constexpr std::uint32_t kIpV6Version = 17;    // from it on addresses have a family word and 16 octets
constexpr std::uint32_t kLongNumbers = 18;    // from it on numbers have 25 octets, in the statistics padded to 28

std::uint32_t le32(wire::Bytes b, std::size_t at) {
    return std::uint32_t{b[at]} | std::uint32_t{b[at + 1]} << 8 | std::uint32_t{b[at + 2]} << 16 | std::uint32_t{b[at + 3]} << 24;
}

// Little-endian fields; beyond the end: zero and failed().
class Fields {
  public:
    explicit Fields(wire::Bytes body) : in_(body) {}
    std::uint32_t u32() { return __builtin_bswap32(in_.u32()); }
    std::uint8_t u8() { return in_.u8(); }
    std::uint16_t u16() { return __builtin_bswap16(in_.u16()); }
    void skip(std::size_t n) { in_.skip(n); }
    bool failed() const { return in_.failed(); }
    std::size_t remaining() const { return in_.remaining(); }
    // A field of `n` octets, up to its first NUL.
    std::string_view fixed(std::size_t n) {
        const std::string_view s = wire::as_text(in_.take(n));
        return s.substr(0, s.find('\0'));
    }
    // Up to a NUL or the end.
    std::string_view terminated() {
        const std::string_view rest = wire::as_text(in_.rest());
        const std::string_view s = rest.substr(0, rest.find('\0'));
        in_.skip(std::min(s.size() + 1, rest.size()));
        return s;
    }
    wire::IpAddress address(std::uint32_t version) {
        if (version < kIpV6Version) {
            const wire::Bytes b = in_.take(4);
            return b.empty() ? wire::IpAddress{} : wire::IpAddress::from_v4_bytes(b.data());
        }
        const std::uint32_t family = u32();
        const wire::Bytes b = in_.take(16);
        if (b.empty()) return {};
        return family == 0 ? wire::IpAddress::from_v4_bytes(b.data()) : wire::IpAddress::from_v6_bytes(b.data());
    }
    wire::Endpoint endpoint(std::uint32_t version) {
        wire::Endpoint e;
        e.address = address(version);
        const std::uint32_t port = u32();
        if (port <= 0xffff) e.port = static_cast<std::uint16_t>(port);
        return e;
    }
    std::optional<std::uint32_t> optional_u32() {
        if (in_.remaining() < 4) return std::nullopt;
        return u32();
    }

  private:
    wire::ByteReader in_;
};

bool known_id(std::uint32_t id) {
    return id <= 0x4c || (id >= 0x81 && id <= 0x160) || (id >= 0x8000 && id <= 0x8101);
}

// After the codec: its parameters, the call, the key, then what RFC 2833 events are sent as.
void read_channel(Fields& f, SccpMessage& m, std::size_t qualifier) {
    m.payload = f.u32();
    f.skip(qualifier);
    f.skip(1);
    const std::uint8_t dynamic = f.u8();
    f.skip(2);
    if (m.version >= 11 && dynamic >= 96 && dynamic < 128) m.dynamic_type = dynamic;
    m.call_reference = f.optional_u32();
    if (f.remaining() < 4) return;
    m.encrypted = f.u32() != 0;
    if (f.remaining() < 4 + 32 + 16) return;
    f.skip(4 + 32 + 8 + 8);
    if (f.remaining() < 4) return;
    if (const std::uint32_t type = f.u32(); type >= 96 && type < 128) m.event_type = static_cast<std::uint8_t>(type);
}

std::optional<float> find_number(std::string_view text, std::string_view key) {
    const std::size_t at = text.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    float v = 0;
    const char* from = text.data() + at + key.size();
    if (std::from_chars(from, text.data() + text.size(), v).ec != std::errc{} || !std::isfinite(v)) return std::nullopt;
    return v;
}

// Phones of version 20 send the processing type as a word or as an octet; the text's length tells which.
bool read_statistics(wire::Bytes body, std::size_t number, std::size_t processing, SccpMessage& m) {
    Fields f(body);
    f.skip(number);
    m.call_reference = f.u32();
    f.skip(processing);
    f.skip(4 + 4);  // sent packets and octets
    m.statistics.packets_received = f.u32();
    f.skip(4);
    m.statistics.packets_lost = f.u32();
    m.statistics.jitter_ms = f.u32();
    m.statistics.latency_ms = f.u32();
    if (f.failed()) return false;
    m.understood = true;
    if (f.remaining() < 4) return true;
    const std::uint32_t size = f.u32();
    if (size > f.remaining()) return false;
    const auto mos = find_number(f.fixed(size), "MLQK=");
    if (mos && *mos >= 1 && *mos <= 5) m.statistics.mos_lq = mos;
    return true;
}

void read_statistics(wire::Bytes body, SccpMessage& m) {
    const bool long_number = m.version >= kLongNumbers;
    if (!read_statistics(body, long_number ? 28 : 24, 4, m) && long_number) read_statistics(body, 28, 1, m);
}

void read_call_info(Fields& f, SccpMessage& m) {
    m.calling_name = f.fixed(40);
    m.calling = f.fixed(24);
    m.called_name = f.fixed(40);
    m.called = f.fixed(24);
    f.skip(4);  // line
    m.call_reference = f.u32();
    m.call_type = f.u32();
}

void read_call_info_v2(Fields& f, SccpMessage& m) {
    f.skip(4);
    m.call_reference = f.u32();
    m.call_type = f.u32();
    f.skip(5 * 4);  // reasons, instance, security, restrictions
    m.calling = f.terminated();
    f.terminated();  // alternate calling party
    m.called = f.terminated();
    for (int i = 0; i < 6; ++i) f.terminated();  // original, last redirecting, four voice mail boxes
    m.calling_name = f.terminated();
    m.called_name = f.terminated();
}

void read(Fields& f, SccpMessage& m) {
    switch (m.id) {
        case SccpId::register_request: m.device = f.fixed(16); break;
        case SccpId::on_hook:
            if (f.remaining() >= 8) {
                f.skip(4);
                m.call_reference = f.u32();
            }
            break;
        case SccpId::soft_key_event:
            m.soft_key = f.u32();
            f.skip(4);
            m.call_reference = f.u32();
            break;
        case SccpId::open_receive_channel_ack:
        case SccpId::open_multimedia_receive_channel_ack:
            m.refused = f.u32() != 0;
            m.media = f.endpoint(m.version);
            m.party_token = f.u32();
            if (!f.failed()) m.call_reference = f.optional_u32();
            break;
        case SccpId::start_media_transmission:
            m.conference = f.u32();
            m.party_token = f.u32();
            m.media = f.endpoint(m.version);
            f.skip(4);
            read_channel(f, m, 12);
            break;
        case SccpId::start_multimedia_transmission:
            m.conference = f.u32();
            m.party_token = f.u32();
            m.payload = f.u32();
            m.media = f.endpoint(m.version);
            m.call_reference = f.u32();
            break;
        case SccpId::open_receive_channel:
            m.conference = f.u32();
            m.party_token = f.u32();
            f.skip(4);
            read_channel(f, m, 4);
            break;
        case SccpId::stop_media_transmission:
        case SccpId::close_receive_channel:
            m.conference = f.u32();
            m.party_token = f.u32();
            m.call_reference = f.optional_u32();
            break;
        case SccpId::call_info: read_call_info(f, m); break;
        case SccpId::call_info_v2: read_call_info_v2(f, m); break;
        case SccpId::call_state:
            m.state = f.u32();
            f.skip(4);
            m.call_reference = f.u32();
            break;
        case SccpId::dialed_number:
            m.called = f.fixed(m.version >= kLongNumbers ? 25 : 24);
            f.skip(4);
            m.call_reference = f.u32();
            break;
        case SccpId::line_status:
            f.skip(4);
            m.line_number = f.fixed(24);
            break;
        case SccpId::line_status_v2:
            f.skip(8);  // line, options
            m.line_number = f.terminated();
            break;
        default: return;
    }
    m.understood = !f.failed();
}

constexpr std::array<SccpCodec, 24> kCodecs{{
    {2, 8, 8000, "PCMA"},      {3, 8, 8000, "PCMA"},       {4, 0, 8000, "PCMU"},       {5, 0, 8000, "PCMU"},
    {6, 9, 8000, "G722"},      {7, 9, 8000, "G722"},       {8, 9, 8000, "G722"},       {9, 4, 8000, "G723"},
    {10, 15, 8000, "G728"},    {11, 18, 8000, "G729"},     {12, 18, 8000, "G729"},     {15, 18, 8000, "G729"},
    {16, 18, 8000, "G729"},    {18, 3, 8000, "GSM"},       {20, 255, 8000, "GSM-EFR"}, {40, 255, 16000, "G7221"},
    {41, 255, 16000, "G7221"}, {80, 3, 8000, "GSM"},       {82, 2, 8000, "G726-32"},   {86, 255, 8000, "iLBC"},
    {89, 255, 16000, "iSAC"},  {90, 255, 48000, "opus"},   {97, 255, 8000, "AMR"},     {98, 255, 16000, "AMR-WB"},
}};

}  // namespace

std::optional<std::uint32_t> sccp_frame_length(wire::Bytes data) {
    if (data.size() < 12) {
        if (data.size() >= 4 && (le32(data, 0) < 4 || le32(data, 0) > kMaxLength)) return std::nullopt;
        if (data.size() >= 8 && le32(data, 4) > kMaxVersion) return std::nullopt;
        return 0;
    }
    const std::uint32_t length = le32(data, 0);
    if (length < 4 || length > kMaxLength || le32(data, 4) > kMaxVersion || !known_id(le32(data, 8))) return std::nullopt;
    return length + kHeader;
}

bool looks_like_sccp(wire::Bytes data) {
    if (data.size() < 12) return false;
    const auto length = sccp_frame_length(data);
    return length && *length != 0;
}

bool parse_sccp(wire::Bytes frame, SccpMessage& out) {
    if (!looks_like_sccp(frame)) return false;
    out = SccpMessage{};
    out.version = le32(frame, 4);
    const std::uint32_t id = le32(frame, 8);
    out.id = static_cast<SccpId>(id);
    out.from_phone = id < 0x80;
    if (out.id == SccpId::connection_statistics) {
        read_statistics(frame.subspan(12), out);
        return true;
    }
    Fields f(frame.subspan(12));
    read(f, out);
    return true;
}

SccpCodec sccp_codec(std::uint32_t payload) {
    for (const SccpCodec& c : kCodecs)
        if (c.payload == payload) return c;
    return {payload, 255, 0, {}};
}

bool sccp_is_video(std::uint32_t payload) {
    return (payload >= 100 && payload <= 104) || payload == 109 || payload == 110 || payload == 115;
}

}  // namespace voipprobe::probe
