#include <algorithm>
#include <charconv>
#include <optional>

#include "probe/voip/sdp/sdp.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;
using wire::trim;

std::string_view word(std::string_view& rest) {
    rest = trim(rest);
    const std::size_t end = wire::find_any<' ', '\t'>(rest);
    const std::string_view w = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    return w;
}

std::optional<std::uint32_t> number(std::string_view s, std::uint32_t limit) {
    std::uint32_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc{} || s.empty() || end != s.data() + s.size() || v > limit) return std::nullopt;
    return v;
}

MediaKind kind_of(std::string_view s) {
    if (s == "audio") return MediaKind::audio;
    if (s == "video") return MediaKind::video;
    if (s == "text") return MediaKind::text;
    if (s == "image") return MediaKind::image;
    return MediaKind::application;
}

// c=IN IP4 192.0.2.1/127, c=IN IP6 2001:db8::1; a host name gives no address.
wire::IpAddress connection(std::string_view value) {
    word(value);
    word(value);
    std::string_view address = word(value);
    address = address.substr(0, wire::find_any<'/', '%'>(address));
    return wire::IpAddress::parse(address).value_or(wire::IpAddress{});
}

// nullptr: one too many.
SdpMedia* media_line(std::string_view value, Sdp& sdp) {
    if (sdp.media.size() == kMaxMedia) {
        sdp.over_limits = true;
        return nullptr;
    }
    SdpMedia& m = sdp.media.emplace_back();
    m.kind = kind_of(word(value));
    std::string_view port = word(value);
    m.port = static_cast<std::uint16_t>(number(port.substr(0, port.find('/')), 65535).value_or(0));
    const std::string_view profile = word(value);
    m.rtp = profile.find("RTP/") != std::string_view::npos;
    m.udptl = m.kind == MediaKind::image && wire::equals_ignore_case(profile, "udptl");
    m.encrypted = profile.find("SAVP") != std::string_view::npos;
    while (m.rtp && !trim(value).empty()) {
        const auto pt = number(word(value), 127);
        if (!pt) continue;
        if (m.formats.size() == kMaxFormats) {
            sdp.over_limits = true;
            break;
        }
        m.formats.push_back({static_cast<std::uint8_t>(*pt), 0, 1, {}});
    }
    return &m;
}

// a=rtpmap:<payload type> <encoding name>/<clock rate>[/<channels>]
void rtpmap(std::string_view value, SdpMedia& m) {
    const auto pt = number(word(value), 127);
    std::string_view map = word(value);
    const std::size_t slash = map.find('/');
    if (!pt || slash == std::string_view::npos || slash == 0) return;
    std::string_view rest = map.substr(slash + 1);
    const std::size_t second = rest.find('/');
    const auto clock = number(rest.substr(0, second), 10'000'000);
    if (!clock || *clock == 0) return;
    for (SdpFormat& f : m.formats) {
        if (f.payload_type != *pt) continue;
        f.encoding = map.substr(0, slash);
        f.clock_rate = *clock;
        if (second != std::string_view::npos)
            f.channels = static_cast<std::uint8_t>(number(rest.substr(second + 1), 255).value_or(1));
    }
}

std::optional<MediaDirection> direction(std::string_view a) {
    if (a == "sendrecv") return MediaDirection::sendrecv;
    if (a == "sendonly") return MediaDirection::sendonly;
    if (a == "recvonly") return MediaDirection::recvonly;
    if (a == "inactive") return MediaDirection::inactive;
    return std::nullopt;
}

// a=rtcp:<port> [IN IP4 <address>]
void rtcp(std::string_view value, SdpMedia& m) {
    m.rtcp_port = static_cast<std::uint16_t>(number(word(value), 65535).value_or(0));
    if (!trim(value).empty()) m.rtcp_address = connection(value);
}

// a=candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type> ...
void candidate(std::string_view value, SdpMedia& m) {
    word(value);
    const auto component = number(word(value), 256);
    const std::string_view transport = word(value);
    word(value);
    const auto address = wire::IpAddress::parse(word(value));
    const auto port = number(word(value), 65535);
    if (!component || *component == 0 || *component > 2 || !equals_ignore_case(transport, "UDP") || !address || !port ||
        *port == 0 || address->is_unspecified())
        return;
    if (m.candidates.size() == kMaxCandidates) return;
    m.candidates.push_back({{*address, static_cast<std::uint16_t>(*port)}, static_cast<std::uint8_t>(*component)});
}

// a=ssrc:<ssrc> <attribute>
void ssrc(std::string_view value, SdpMedia& m) {
    const auto v = number(word(value), 0xffffffff);
    if (!v || m.ssrcs.size() == kMaxSsrcs) return;
    if (std::find(m.ssrcs.begin(), m.ssrcs.end(), *v) != m.ssrcs.end()) return;
    m.ssrcs.push_back(*v);
}

// Of the registry of RFC 7266 §5.4, and as its §4.1 spells them: those of speech on a scale of 1 to 5. ITU-T P.800.1: the
// E-model estimates conversational quality, P.564 and P.86x listening quality.
ScoreSense sense_of(std::string_view algorithm) {
    for (const std::string_view l : {"P564", "P862", "P862_2", "P.862.2", "P863", "P.863"})
        if (equals_ignore_case(algorithm, l)) return ScoreSense::listening;
    for (const std::string_view c : {"G107", "G107_1"})
        if (equals_ignore_case(algorithm, c)) return ScoreSense::conversational;
    return ScoreSense::unknown;
}

// <id>["/"<direction>], a separator, <name>
void score(std::string_view entry, char separator, SdpMedia& m) {
    const std::size_t end = entry.find(separator);
    if (end == std::string_view::npos) return;
    std::string_view rest = entry.substr(end + 1);
    const auto id = number(trim(entry.substr(0, std::min(end, entry.find('/')))), 255);
    const ScoreSense sense = sense_of(word(rest));
    if (!id || *id == 0 || sense == ScoreSense::unknown || m.scores.size() == kMaxScores) return;
    m.scores.push_back({static_cast<std::uint8_t>(*id), sense});
}

// a=rtcp-xr:<format> ... mos-metric=calg:<id>=<name>[ <attributes>],calg:... (RFC 3611 §5.1, RFC 7266 §4.1)
void extended_reports(std::string_view value, SdpMedia& m) {
    constexpr std::string_view kFormat = "mos-metric=", kEntry = "calg:";
    const std::size_t begin = value.find(kFormat);
    if (begin == std::string_view::npos) return;
    value.remove_prefix(begin + kFormat.size());
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        const std::string_view entry = trim(value.substr(0, comma));
        if (entry.starts_with(kEntry)) score(entry.substr(kEntry.size()), '=', m);
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    }
}

// a=group:BUNDLE <mid> <mid> ...
bool in_bundle(std::string_view mids, std::string_view mid) {
    while (!trim(mids).empty())
        if (word(mids) == mid) return true;
    return false;
}

void media_attribute(std::string_view a, SdpMedia& m) {
    const std::size_t colon = a.find(':');
    const std::string_view name = a.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view{} : trim(a.substr(colon + 1));
    if (name == "rtpmap") rtpmap(value, m);
    else if (name == "ptime") m.ptime_ms = number(word(value), 1000).value_or(0);
    else if (name == "rtcp") rtcp(value, m);
    else if (name == "candidate") candidate(value, m);
    else if (name == "ssrc") ssrc(value, m);
    else if (name == "rtcp-xr") extended_reports(value, m);
    else if (name == "calg") score(value, ' ', m);
    else if (name == "mid") m.mid = word(value);
    else if (name == "ice-ufrag") m.ice_ufrag = word(value);
    else if (name == "rtcp-mux") m.rtcp_mux = true;
    else if (name == "crypto" || name == "fingerprint") m.encrypted = true;
    else if (const auto d = direction(name)) m.direction = *d;
}

}  // namespace

bool parse_sdp(std::string_view text, Sdp& sdp) {
    wire::IpAddress session_address;
    MediaDirection session_direction = MediaDirection::sendrecv;
    bool session_encrypted = false, version = false, in_session = true;
    SdpMedia* m = nullptr;  // whose lines follow
    std::string_view bundle;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
        if (line.size() < 2 || line[1] != '=') continue;
        const std::string_view value = line.substr(2);
        switch (line[0]) {
            case 'v': version = true; break;
            case 'o': sdp.origin = value; break;
            case 'c':
                if (in_session) session_address = connection(value);
                else if (m != nullptr) m->address = connection(value), m->has_connection = true;
                break;
            case 'm':
                in_session = false;
                m = media_line(value, sdp);
                if (m != nullptr) {
                    m->direction = session_direction;
                    m->encrypted |= session_encrypted;
                }
                break;
            case 'a':
                if (m != nullptr) media_attribute(value, *m);
                else if (!in_session) break;  // of a line that was not kept
                else if (const auto d = direction(value)) session_direction = *d;
                else if (value.starts_with("fingerprint:")) session_encrypted = true;
                else if (value.starts_with("group:BUNDLE ")) bundle = value.substr(13);
                else if (value.starts_with("ice-ufrag:")) sdp.ice_ufrag = trim(value.substr(10));
                break;
            default: break;
        }
    }
    for (SdpMedia& media : sdp.media) {
        if (!media.has_connection) media.address = session_address;
        if (media.ice_ufrag.empty()) media.ice_ufrag = sdp.ice_ufrag;
        media.bundled = !media.mid.empty() && in_bundle(bundle, media.mid);
    }
    return version && !sdp.media.empty();
}

}  // namespace voipprobe::probe
