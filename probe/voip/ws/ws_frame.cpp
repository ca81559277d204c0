#include "probe/voip/ws/ws_frame.hpp"

#include <algorithm>

#include "probe/voip/sip/sip_framing.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxHead = 8192;  // HTTP head that is waited for
constexpr std::size_t kProof = 12;      // shortest payload that can be known as SIP
constexpr std::size_t kHuntProof =
    64;  // and octets of it that are looked at after a hole: the same ones however they come
constexpr std::uint64_t kMaxFrame = 1U << 20;

// One of the comma-separated values of a header (RFC 6455 §4.1: subprotocols), by its own letters.
bool lists(std::string_view value, std::string_view word) {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        if (wire::equals_ignore_case(wire::trim(value.substr(0, comma)), word)) return true;
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    }
    return false;
}

bool has_header(std::string_view head, std::string_view name, std::string_view word) {
    while (!head.empty()) {
        const std::size_t end = head.find('\n');
        std::string_view line = head.substr(0, end);
        head = end == std::string_view::npos ? std::string_view{} : head.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos ||
            !wire::equals_ignore_case(wire::trim(line.substr(0, colon)), name))
            continue;
        if (lists(line.substr(colon + 1), word)) return true;
    }
    return false;
}

// Is this a frame whose payload begins with a SIP message, by its first `proof` octets? `maybe`: fewer are
// here.
SipStart frame_of_sip(wire::Bytes data, std::size_t proof) {
    WsHeader h;
    switch (parse_ws_header(data, h)) {
        case WsParse::bad:
            return SipStart::no;
        case WsParse::more:
            return SipStart::maybe;
        case WsParse::whole:
            break;
    }
    if ((h.opcode != WsOpcode::text && h.opcode != WsOpcode::binary) || h.compressed || h.length < kProof ||
        h.length > kMaxFrame)
        return SipStart::no;
    std::array<std::uint8_t, kHuntProof> clear{};
    const std::size_t n =
        std::min({clear.size(), data.size() - h.octets, static_cast<std::size_t>(h.length)});
    ws_unmask(data.subspan(h.octets, n), h, 0, clear.data());
    // However the octets come, the same ones decide: no judgement on a part but on its first letter.
    if (n != 0 && (clear[0] < 'A' || clear[0] > 'Z')) return SipStart::no;
    if (n < std::min<std::uint64_t>(proof, h.length)) return SipStart::maybe;
    return sip_start({clear.data(), n}, false) == SipStart::no ? SipStart::no : SipStart::yes;
}

}  // namespace

WsParse parse_ws_header(wire::Bytes data, WsHeader& out) {
    wire::ByteReader r(data);
    const std::uint8_t a = r.u8(), b = r.u8();
    if (r.failed()) {
        if (data.empty()) return WsParse::more;
        return (a & 0x30) != 0 || (a & 0x07) > 2 ? WsParse::bad : WsParse::more;
    }
    out.fin = (a & 0x80) != 0;
    out.compressed = (a & 0x40) != 0;
    out.opcode = static_cast<WsOpcode>(a & 0x0f);
    if ((a & 0x30) != 0 || (a & 0x07) > 2) return WsParse::bad;
    out.masked = (b & 0x80) != 0;
    out.length = b & 0x7f;
    if (out.control() && (!out.fin || out.length > 125 || out.compressed)) return WsParse::bad;  // §5.5
    if (out.length == 126) {
        out.length = r.u16();
        if (!r.failed() && out.length < 126) return WsParse::bad;
    } else if (out.length == 127) {
        out.length = r.u64();
        if (!r.failed() && (out.length < 65'536 || out.length >> 63 != 0)) return WsParse::bad;
    }
    if (out.masked)
        for (std::uint8_t& m : out.mask) m = r.u8();
    if (r.failed()) return WsParse::more;
    out.octets = r.position();
    return WsParse::whole;
}

void ws_unmask(wire::Bytes masked, const WsHeader& h, std::uint64_t at, std::uint8_t* out) {
    if (!h.masked) {
        std::copy(masked.begin(), masked.end(), out);
        return;
    }
    for (std::size_t i = 0; i < masked.size(); ++i) out[i] = masked[i] ^ h.mask[(at + i) & 3];
}

WsStart ws_start(wire::Bytes data, std::size_t& head) {
    const std::string_view text = wire::as_text(data.first(std::min(data.size(), kMaxHead)));
    constexpr std::string_view kRequest = "GET ", kResponse = "HTTP/1.1 101";
    const auto begins = [&](std::string_view word) {
        return text.substr(0, word.size()) == word.substr(0, text.size());
    };
    if (text.empty()) return WsStart::no;
    const bool request = begins(kRequest), response = begins(kResponse);
    if (!request && !response)
        return frame_of_sip(data, kProof) == SipStart::yes ? WsStart::frame : WsStart::no;
    const auto length = sip_header_length(wire::as_bytes(text), 0);
    if (!length) return data.size() < kMaxHead ? WsStart::maybe : WsStart::no;
    const std::string_view whole = text.substr(0, *length);
    if (!has_header(whole, "Upgrade", "websocket") || !has_header(whole, "Sec-WebSocket-Protocol", "sip"))
        return WsStart::no;
    head = *length;
    return request ? WsStart::request : WsStart::response;
}

WsPart next_ws_part(wire::Bytes data, WsState& s) {
    WsPart out;
    if (data.empty()) return out;
    if (s.hunting) {
        std::size_t at = 0;
        SipStart found = SipStart::no;
        while (at < data.size() && (found = frame_of_sip(data.subspan(at), kHuntProof)) == SipStart::no) ++at;
        if (found == SipStart::yes) s.hunting = false;
        if (at != 0) {
            out.kind = WsPart::Kind::skip;
            out.octets = at;
            out.garbage = true;
        }
        if (at != 0 || found != SipStart::yes) return out;
    }
    if (s.left == 0) {
        WsHeader h;
        const WsParse step = parse_ws_header(data, h);
        if (step == WsParse::more) return out;
        const bool begins = h.opcode == WsOpcode::text || h.opcode == WsOpcode::binary;
        // §5.4: a message's fragments are not interleaved with another's.
        const bool misplaced = !h.control() && (begins == s.message);
        if (step == WsParse::bad || misplaced || h.length > kMaxFrame) {
            s = WsState{};
            s.hunting = true;
            out.kind = WsPart::Kind::skip;
            out.octets = 1;
            out.garbage = true;
            return out;
        }
        s.frame = h;
        s.left = h.length;
        out.octets = out.payload = h.octets;
        if (begins) {
            s.message = true;
            s.skip = out.compressed = h.compressed;
            out.first = !s.skip;
        }
        if (h.opcode == WsOpcode::close) s.closed = true;
    }
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(s.left, data.size() - out.octets));
    out.at = s.frame.length - s.left;
    out.octets += n;
    s.left -= n;
    const bool mine = !s.frame.control() && !s.skip;
    out.kind = mine ? WsPart::Kind::payload : WsPart::Kind::skip;
    if (s.left == 0 && s.frame.fin && !s.frame.control()) {
        out.last = mine;
        s.message = s.skip = false;
    }
    return out;
}

}  // namespace voipprobe::probe
