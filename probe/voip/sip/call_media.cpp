#include "probe/voip/sip/call_media.hpp"

#include <algorithm>

#include "probe/voip/rtp/redundant_payload.hpp"
#include "quality/codec_table.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;

constexpr std::size_t kMaxEncoding = 32;
constexpr std::size_t kMaxOrigin = 128;
constexpr std::size_t kMaxConnections = 96;  // octets, about

bool is_auxiliary(std::string_view encoding) {
    return equals_ignore_case(encoding, "telephone-event") || equals_ignore_case(encoding, "CN") ||
           equals_ignore_case(encoding, "red") || equals_ignore_case(encoding, "rtx") || is_repair_format(encoding) ||
           encoding.empty();
}

CallFormat to_format(const SdpFormat& f) {
    CallFormat out{f.payload_type, f.clock_rate, std::string(f.encoding.substr(0, kMaxEncoding))};
    if (out.encoding.empty()) {
        if (const auto* known = quality::find_static_payload_type(f.payload_type)) {
            out.encoding = known->name;
            out.clock_rate = known->clock;
        }
    }
    return out;
}

void update_line(CallMedia& line, const SdpMedia& m) {
    line.kind = m.kind;
    line.was_audio |= m.kind == MediaKind::audio;
    line.direction = m.port == 0 ? MediaDirection::inactive : m.direction;
    line.encrypted = m.encrypted;
    line.rtp = m.rtp;
    line.udptl = m.udptl && m.port != 0;
    line.bundled = m.bundled;
    // Hold by 0.0.0.0 and refusal by port 0 say nothing about where the line was.
    const bool nowhere = m.port == 0 || m.address.is_unspecified();
    if (!nowhere || line.endpoint.port == 0) line.endpoint = {m.address, m.port};
    if (nowhere && !m.candidates.empty()) line.endpoint = m.candidates[0].at;
    // Types that are no longer listed keep their meaning: packets sent before the change are still on their way.
    for (const SdpFormat& format : m.formats) {
        CallFormat f = to_format(format);
        const auto old = std::find_if(line.formats.begin(), line.formats.end(),
                                      [&](const CallFormat& o) { return o.payload_type == f.payload_type; });
        if (old != line.formats.end()) *old = std::move(f);
        else if (line.formats.size() < 2 * kMaxFormats) line.formats.push_back(std::move(f));
    }
    if (!m.scores.empty()) line.scores.assign(m.scores.begin(), m.scores.end());
}

std::vector<std::string> audio_codecs(const Sdp& sdp) {
    std::vector<std::string> names;
    for (const SdpMedia& m : sdp.media) {
        if (m.kind != MediaKind::audio || !m.rtp || m.port == 0) continue;
        for (const SdpFormat& format : m.formats) {
            CallFormat f = to_format(format);
            if (is_auxiliary(f.encoding)) continue;
            if (std::find(names.begin(), names.end(), f.encoding) == names.end()) names.push_back(std::move(f.encoding));
        }
    }
    return names;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& n : names) {
        if (!out.empty()) out += ';';
        out += n;
    }
    return out;
}

// What of `offer` is in the answer, in the offer's order and spelling.
std::vector<std::string> agreement(const std::vector<std::string>& offer, const std::vector<std::string>& answer) {
    std::vector<std::string> agreed;
    for (const std::string& o : offer)
        if (std::any_of(answer.begin(), answer.end(), [&](const std::string& a) { return equals_ignore_case(o, a); }))
            agreed.push_back(o);
    return agreed;
}

void negotiate(Call& call, const Sdp& sdp, const SdpUse& use) {
    if (call.answered) return;  // the first agreement names the call's codecs
    std::vector<std::string> names = audio_codecs(sdp);
    if (call.offered_by == Side::none || call.offered_by == use.from) {
        call.offered_by = use.from;
        call.offer = std::move(names);
        call.codecs = joined(call.offer);
        return;
    }
    const std::vector<std::string> agreed = agreement(call.offer, names);
    call.answered = true;
    call.audio_agreed = !agreed.empty();
    if (!agreed.empty()) call.codecs = joined(agreed);
    else if (!names.empty()) call.codecs = joined(names);
}

// The first description of a transaction is the offer (RFC 3264, RFC 6337): of the request, or of the response to a
// request without one; then the ACK has the answer.
bool is_offer(const Call& call, const SdpUse& use) {
    if (use.is_ack) return false;
    return use.is_request || call.offer_open.from == Side::none || call.offer_open.cseq != use.cseq;
}

void note_connection(Call& call, const wire::IpAddress& address) {
    if (address.is_none() || call.connections.size() > kMaxConnections) return;
    const std::string text = address.text();
    std::string_view rest = call.connections;
    while (!rest.empty()) {
        const std::size_t end = rest.find(',');
        if (rest.substr(0, end) == text) return;
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    if (!call.connections.empty()) call.connections += ',';
    call.connections += text;
}

void open_offer(Call& call, const SdpUse& use) {
    call.offer_open = {use.cseq, use.from, call.party(use.from).media, call.holders, call.held_since, call.held_ns};
}

// Hold is asked for in an offer within the running call: a direction without receiving, or the address 0.0.0.0.
void update_hold(Call& call, const Sdp& sdp, const SdpUse& use) {
    const auto audio = std::find_if(sdp.media.begin(), sdp.media.end(),
                                     [](const SdpMedia& m) { return m.kind == MediaKind::audio; });
    if (audio == sdp.media.end() || !use.established) return;
    const bool holds = audio->direction == MediaDirection::sendonly || audio->direction == MediaDirection::inactive ||
                       (audio->address.is_unspecified() && !audio->address.is_none() && audio->candidates.empty());
    const auto bit = static_cast<std::uint8_t>(use.from == Side::callee ? 2 : 1);
    const std::uint8_t before = call.holders;
    call.holders = holds ? static_cast<std::uint8_t>(before | bit) : static_cast<std::uint8_t>(before & ~bit);
    if (before == 0 && call.holders != 0) call.held_since = use.time;
    if (before != 0 && call.holders == 0) call.held_ns += use.time - call.held_since;
}

}  // namespace

void describe(std::vector<CallMedia>& lines, const Sdp& sdp) {
    if (lines.size() < sdp.media.size()) lines.resize(sdp.media.size());
    for (std::size_t i = 0; i < sdp.media.size(); ++i) update_line(lines[i], sdp.media[i]);
}

void apply_sdp(Call& call, std::uint32_t index, const Sdp& sdp, const SdpUse& use, MediaTable& media) {
    CallParty& party = call.party(use.from);
    if (use.first_copy) {
        const bool offer = is_offer(call, use);
        if (offer && use.established) open_offer(call, use);
        for (const SdpMedia& m : sdp.media) note_connection(call, m.address);
        if (offer && call.origin.empty()) call.origin = std::string(sdp.origin.substr(0, kMaxOrigin));
        describe(party.media, sdp);
        party.has_sdp = true;
        negotiate(call, sdp, use);
        if (offer) update_hold(call, sdp, use);
        else call.offer_open.from = Side::none;
    }
    promise_media(call, index, sdp, use, media);
}

void note_answer(const Call& call, EarlyDialog& early, const Sdp& sdp) {
    // RFC 3261 §13.2.1: what a dialog describes first is its answer.
    if (call.offered_by == Side::caller && early.codecs.empty()) early.codecs = joined(agreement(call.offer, audio_codecs(sdp)));
}

void take_answer(Call& call, const EarlyDialog& early) {
    if (early.codecs.empty()) return;
    call.codecs = early.codecs;
    call.answered = call.audio_agreed = true;
}

void refuse_offer(Call& call, const SdpUse& use) {
    CallOffer& offer = call.offer_open;
    if (offer.from == Side::none || offer.from == use.from || offer.cseq != use.cseq) return;
    call.party(offer.from).media = std::move(offer.media);
    call.holders = offer.holders;
    call.held_since = offer.held_since;
    call.held_ns = offer.held_ns;
    offer.from = Side::none;
}

std::size_t line_of(const Call& call, Side side, std::size_t line, std::uint8_t pt) {
    for (const Side s : {side, other(side)}) {
        const std::vector<CallMedia>& lines = call.party(s).media;
        if (line >= lines.size()) continue;
        const auto has = [&](const CallMedia& m) {
            return std::any_of(m.formats.begin(), m.formats.end(),
                               [&](const CallFormat& f) { return f.payload_type == pt; });
        };
        if (has(lines[line])) return line;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const bool shared = lines[i].endpoint == lines[line].endpoint || (lines[i].bundled && lines[line].bundled);
            if (i != line && shared && has(lines[i])) return i;
        }
    }
    return line;
}

const CallFormat* find_format(const Call& call, Side side, std::size_t line, std::uint8_t pt) {
    for (const Side s : {side, other(side)}) {
        const CallParty& party = call.party(s);
        if (line >= party.media.size()) continue;
        for (const CallFormat& f : party.media[line].formats)
            if (f.payload_type == pt && f.clock_rate != 0) return &f;
    }
    return nullptr;
}

// What the answerer keeps it keeps under the offer's number (RFC 7266 §4.2), so either description will do.
ScoreSense find_score(const Call& call, Side side, std::size_t line, std::uint8_t id) {
    for (const Side s : {side, other(side)}) {
        const CallParty& party = call.party(s);
        if (line >= party.media.size()) continue;
        for (const SdpScore& known : party.media[line].scores)
            if (known.id == id) return known.sense;
    }
    return ScoreSense::unknown;
}

}  // namespace voipprobe::probe
