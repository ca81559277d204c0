#include "collector/join/heard.hpp"
#include "collector/sink/columns.hpp"

namespace voipprobe::collector {
namespace {

using Table = Columns<CallRow>;
constexpr double kNsToMs = 1e-6;

const char* hangup_name(Side s) { return s == Side::caller ? "caller" : s == Side::callee ? "callee" : ""; }

void add_identity(Table& t) {
    t.push_back({"record_id", [](const CallRow& r) { return id_cell(r.facts.record_id); }});
    t.push_back({"probe", [](const CallRow& r) { return Cell{Literal{r.probe.text()}}; }});
    t.push_back({"signalling", [](const CallRow& r) { return text_cell(r.facts.signalling); }});
    t.push_back({"transport", [](const CallRow& r) { return text_cell(r.facts.transport); }});
    t.push_back({"call_id", [](const CallRow& r) { return text_cell(r.facts.call_id); }});
    t.push_back({"correlation_id", [](const CallRow& r) { return text_cell(r.facts.correlation_id); }});
    t.push_back({"state", [](const CallRow& r) { return text_cell(r.facts.state); }});
    t.push_back({"caller", [](const CallRow& r) { return text_cell(r.facts.caller); }});
    t.push_back({"callee", [](const CallRow& r) { return text_cell(r.facts.callee); }});
    t.push_back({"caller_name", [](const CallRow& r) { return text_cell(r.facts.caller_name); }});
    t.push_back({"callee_name", [](const CallRow& r) { return text_cell(r.facts.callee_name); }});
    t.push_back({"caller_ip", [](const CallRow& r) { return address_cell(r.facts.caller_hop); }});
    t.push_back({"caller_port", [](const CallRow& r) { return port_cell(r.facts.caller_hop); }});
    t.push_back({"callee_ip", [](const CallRow& r) { return address_cell(r.facts.callee_hop); }});
    t.push_back({"callee_port", [](const CallRow& r) { return port_cell(r.facts.callee_hop); }});
    t.push_back({"user_agent_caller", [](const CallRow& r) { return text_cell(r.facts.user_agent_caller); }});
    t.push_back({"user_agent_callee", [](const CallRow& r) { return text_cell(r.facts.user_agent_callee); }});
}

void add_signalling(Table& t) {
    const auto time = [&t](std::string name, Count CallFacts::*field) {
        t.push_back({std::move(name), [field](const CallRow& r) { return time_cell(r.facts.*field); }});
    };
    const auto duration = [&t](std::string name, std::optional<double> CallRow::*field) {
        t.push_back({std::move(name), [field](const CallRow& r) { return decimal_cell(r.*field, 3); }});
    };
    time("invite_time", &CallFacts::invite);
    time("trying_time", &CallFacts::trying);
    time("ringing_time", &CallFacts::ringing);
    time("progress_time", &CallFacts::progress);
    time("ok_time", &CallFacts::ok);
    time("ack_time", &CallFacts::ack);
    time("cancel_time", &CallFacts::cancel);
    time("bye_time", &CallFacts::bye);
    time("bye_ok_time", &CallFacts::bye_ok);
    time("failure_time", &CallFacts::failure);
    duration("post_dial_delay_ms", &CallRow::post_dial_delay_ms);
    duration("ring_ms", &CallRow::ring_ms);
    duration("setup_ms", &CallRow::setup_ms);
    duration("duration_ms", &CallRow::duration_ms);
    t.push_back({"response_code", [](const CallRow& r) { return count_cell(r.facts.response_code); }});
    t.push_back({"reason_cause", [](const CallRow& r) { return count_cell(r.facts.reason_cause); }});
    t.push_back({"hangup_by", [](const CallRow& r) { return text_cell(hangup_name(r.facts.hangup_by)); }});
    t.push_back({"retransmissions", [](const CallRow& r) { return count_cell(r.facts.retransmissions); }});
    t.push_back({"hold_ms", [](const CallRow& r) { return scaled_cell(r.facts.hold_ns, kNsToMs, 3); }});
    t.push_back({"codecs", [](const CallRow& r) { return text_cell(r.facts.codecs); }});
}

// X_ = what X hears. One list for both sides.
class HeardColumns {
  public:
    HeardColumns(Table& table, std::string side, HeardRow CallRow::*heard)
        : table_(table), prefix_(std::move(side) + "_"), heard_(heard) {}

    template <typename F>
    void add(const char* name, F cell) {
        table_.push_back(
            {prefix_ + name, [heard = heard_, cell](const CallRow& r) { return cell(r.*heard); }});
    }
    void count(const char* name, Count HeardRow::*field) {
        add(name, [field](const HeardRow& h) { return count_cell(h.*field); });
    }
    void jitter(const char* name, Count StreamFacts::*field) {
        add(name, [field](const HeardRow& h) { return scaled_cell(h.main.*field, kNsToMs, 6); });
    }
    void score(const char* name, Real Score::*field) {
        add(name, [field](const HeardRow& h) { return decimal_cell(h.score.*field, 2); });
    }

  private:
    Table& table_;
    std::string prefix_;
    HeardRow CallRow::*heard_;
};

void add_heard(Table& t, const char* side, HeardRow CallRow::*heard) {
    HeardColumns x(t, side, heard);
    x.add("streams", [](const HeardRow& h) { return Cell{h.streams}; });
    x.add("media_ip", [](const HeardRow& h) { return address_cell(h.media); });
    x.add("media_port", [](const HeardRow& h) { return port_cell(h.media); });
    x.add("post_answer_delay_ms", [](const HeardRow& h) { return decimal_cell(h.post_answer_delay_ms, 3); });
    x.add("codec", [](const HeardRow& h) { return text_cell(h.main.codec); });
    x.count("packets", &HeardRow::packets);
    x.count("expected", &HeardRow::expected);
    x.count("lost", &HeardRow::lost);
    x.add("loss_pct", [](const HeardRow& h) { return decimal_cell(loss_percent(h), 3); });
    x.add("discard_pct", [](const HeardRow& h) { return decimal_cell(discard_percent(h), 3); });
    x.count("duplicates", &HeardRow::duplicates);
    x.count("reordered", &HeardRow::reordered);
    x.jitter("jitter_mean", &StreamFacts::jitter_mean_ns);
    x.jitter("jitter_median", &StreamFacts::jitter_median_ns);
    x.jitter("jitter_max", &StreamFacts::jitter_max_ns);
    x.add("jitter_range", [](const HeardRow& h) { return scaled_cell(jitter_range_ns(h.main), kNsToMs, 6); });
    x.jitter("jitter_iqr", &StreamFacts::jitter_iqr_ns);
    x.jitter("jitter_std_dev", &StreamFacts::jitter_std_dev_ns);
    x.jitter("jitter_last", &StreamFacts::jitter_last_ns);
    x.add("max_delta_ms", [](const HeardRow& h) { return scaled_cell(h.main.max_delta_ns, kNsToMs, 3); });
    x.add("burst_density", [](const HeardRow& h) { return decimal_cell(h.main.burst_density, 6); });
    x.add("burst_r", [](const HeardRow& h) { return decimal_cell(h.main.burst_ratio, 3); });
    x.score("r_factor", &Score::r_factor);
    x.score("mos_lq", &Score::mos_lq);
    x.score("mos_cq", &Score::mos_cq);
    x.score("mos_lqo_est", &Score::mos_lqo_est);
    x.add("mos_scale", [](const HeardRow& h) { return text_cell(h.score.mos_scale); });
    x.score("mos_common", &Score::mos_common);
    x.add("mos_basis", [](const HeardRow& h) { return text_cell(h.score.mos_basis); });
    x.add("rtt_ms", [](const HeardRow& h) { return scaled_cell(h.main.rtt_ns, kNsToMs, 3); });
}

void add_summary(Table& t) {
    t.push_back({"mos", [](const CallRow& r) { return decimal_cell(r.mos, 2); }});
    t.push_back({"mos_scale", [](const CallRow& r) { return text_cell(r.mos_scale); }});
    t.push_back({"mos_common", [](const CallRow& r) { return decimal_cell(r.mos_common, 2); }});
    t.push_back({"verdict", [](const CallRow& r) { return text_cell(r.verdict); }});
    t.push_back({"evidence", [](const CallRow& r) { return text_cell(r.evidence); }});
    t.push_back({"capture_loss", [](const CallRow& r) { return count_cell(r.capture_loss); }});
    t.push_back({"caller_asserted", [](const CallRow& r) { return text_cell(r.facts.caller_asserted); }});
    t.push_back({"request_uri", [](const CallRow& r) { return text_cell(r.facts.request_uri); }});
    t.push_back({"diverted_by", [](const CallRow& r) { return text_cell(r.facts.diverted_by); }});
    t.push_back({"attestation", [](const CallRow& r) { return text_cell(r.facts.attestation); }});
}

}  // namespace

const Columns<CallRow>& call_columns(bool explain) {
    static const auto make = [](bool explained) {
        Table t;
        add_identity(t);
        add_signalling(t);
        add_heard(t, "caller", &CallRow::caller);
        add_heard(t, "callee", &CallRow::callee);
        add_summary(t);
        if (explained) t.push_back({"explain", [](const CallRow& r) { return text_cell(r.explanation); }});
        return t;
    };
    static const Table plain = make(false), with_explanation = make(true);
    return explain ? with_explanation : plain;
}

}  // namespace voipprobe::collector
