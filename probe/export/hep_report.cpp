#include "probe/export/hep_report.hpp"

#include <cmath>
#include <cstdio>

#include "probe/voip/hep/hep_message.hpp"
#include "wire/json_text.hpp"

namespace voipprobe::probe {
namespace {

using templates::RecordKind;

class JsonObject {
  public:
    void text(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        begin(name);
        wire::append_json_string(out_, value);
    }
    void count(std::string_view name, std::uint64_t value) {
        begin(name);
        out_ += std::to_string(value);
    }
    void number(std::string_view name, double value) {
        if (!std::isfinite(value)) return;
        begin(name);
        char b[32];
        std::snprintf(b, sizeof b, "%.3f", value);
        out_ += b;
    }
    void number(std::string_view name, const std::optional<double>& value) {
        if (value) number(name, *value);
    }
    std::string close() { return out_ + (out_.empty() ? "{}" : "}"); }

  private:
    void begin(std::string_view name) {
        out_ += out_.empty() ? '{' : ',';
        wire::append_json_string(out_, name);
        out_ += ':';
    }
    std::string out_;
};

double ms(double ns) { return ns / 1e6; }

// What may leave of a text that the element stands for.
std::string allowed(Privacy& privacy, templates::ElementId id, std::string_view text, wire::TimeNs now) {
    return std::string(privacy.apply(templates::personal(id), text, now));
}

std::string stream_json(const RecordSource& s, Privacy& privacy) {
    const RtpStream& r = *s.stream;
    const Call* call = s.call_of(r);
    RecordSource scored = s;  // scores are of media[0]
    scored.media = {s.stream, nullptr};
    const quality::Score& score = scored.score(0);
    JsonObject o;
    const std::string call_id = allowed(privacy, templates::ElementId::SIP_CALL_ID, call->call_id, s.now);
    o.text("CORRELATION_ID", call_id);
    o.text("RTP_SIP_CALL_ID", call_id);
    o.text("TYPE", s.final ? "FINAL" : "PERIODIC");
    o.text("REPORT_NAME", s.src.text());
    o.number("REPORT_TS", static_cast<double>(s.now) / 1e9);
    o.text("SRC_IP", s.src.address.text());
    o.count("SRC_PORT", s.src.port);
    o.text("DST_IP", s.dst.address.text());
    o.count("DST_PORT", s.dst.port);
    o.count("SSRC", r.ssrc);
    if (r.side != Side::none) o.text("HEARD_BY", r.side == Side::caller ? "caller" : "callee");
    o.text("CODEC_NAME", s.codec(r));
    o.count("CODEC_PT", r.main_payload_type());
    if (r.clock_rate() != 0) o.count("CLOCK", r.clock_rate());
    o.count("TOTAL_PK", r.packets);
    o.count("TL_BYTE", r.octets);
    o.count("EXPECTED_PK", r.sequence.expected());
    o.count("PACKET_LOSS", r.sequence.lost());
    o.count("DUPLICATES", r.sequence.duplicates());
    o.count("OUT_ORDER", r.sequence.reordered());
    if (r.has_jitter()) {
        const JitterSummary& j = s.jitter();
        o.number("JITTER", ms(j.last));
        o.number("MEAN_JITTER", ms(j.mean));
        o.number("MAX_JITTER", ms(j.max));
    }
    if (r.ptime_us() != 0) o.number("DELTA", r.ptime_us() / 1e3);
    if (r.max_delta >= 0) o.number("MAX_DELTA", ms(static_cast<double>(r.max_delta)));
    o.number("MOS", score.mos_lq);
    o.number("MOS_CQ", score.mos_cq);
    o.number("RFACTOR", score.r_factor);
    o.text("MOS_SCALE", score.mos_scale);
    o.text("MOS_BASIS", score.mos_basis);
    if (const auto rtt = s.tracker->round_trip(r)) o.number("RTT", ms(static_cast<double>(*rtt)));
    return o.close();
}

std::string call_json(const RecordSource& s, Privacy& privacy) {
    const Call& c = *s.call;
    JsonObject o;
    o.text("CORRELATION_ID", allowed(privacy, templates::ElementId::SIP_CALL_ID, c.call_id, s.now));
    o.text("TYPE", "CALL");
    o.text("STATE", state_name(c.state()));
    o.text("CALLER", allowed(privacy, templates::ElementId::SIP_CALLING_PARTY, c.caller.name_address, s.now));
    o.text("CALLEE", allowed(privacy, templates::ElementId::SIP_CALLED_PARTY, c.callee.name_address, s.now));
    o.text("TRANSPORT", transport_name(c.transport));
    o.text("CODECS", c.codecs);
    if (c.response_code != 0) o.count("RESPONSE_CODE", c.response_code);
    const auto between = [&](std::string_view name, CallEvent from, CallEvent to) {
        if (c.has(from) && c.has(to)) o.number(name, ms(static_cast<double>(c.at(to) - c.at(from))));
    };
    between("RING_AFTER_MS", CallEvent::invite, CallEvent::ringing);
    between("SETUP_MS", CallEvent::invite, CallEvent::ok);
    between("DURATION_MS", CallEvent::ok, CallEvent::bye);
    o.count("RETRANSMISSIONS", c.retransmissions);
    return o.close();
}

}  // namespace

std::optional<std::string> hep_report_json(const RecordSource& s, Privacy& privacy) {
    if (s.kind == RecordKind::stream && s.stream != nullptr && s.call_of(*s.stream) != nullptr) return stream_json(s, privacy);
    if (s.kind == RecordKind::call && s.call != nullptr && s.final) return call_json(s, privacy);
    return std::nullopt;
}

bool hep_report(const RecordSource& s, std::uint32_t agent, Privacy& privacy, std::vector<std::uint8_t>& out) {
    const auto json = hep_report_json(s, privacy);
    if (!json) return false;
    const Call& call = s.kind == RecordKind::call ? *s.call : *s.call_of(*s.stream);
    HepMessage m;
    m.protocol = s.protocol;
    m.src = s.src;
    m.dst = s.dst;
    m.time = s.now;
    m.type = s.kind == RecordKind::call ? HepType::log : HepType::rtp_report;
    m.agent = agent;
    const std::string call_id = allowed(privacy, templates::ElementId::SIP_CALL_ID, call.call_id, s.now);
    m.correlation_id = call_id;
    m.payload = wire::as_bytes(*json);
    write_hep(m, out);
    return true;
}

}  // namespace voipprobe::probe
