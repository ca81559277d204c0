#include <array>
#include <charconv>

#include "collector/join/heard.hpp"
#include "collector/sink/columns.hpp"

namespace voipprobe::collector {
namespace {

using Table = Columns<StreamRow>;
constexpr double kNsToMs = 1e-6;

const char* side_name(Side s) { return s == Side::caller ? "caller" : s == Side::callee ? "callee" : ""; }

const char* match_name(const Count& match) {
    constexpr std::array<const char*, 7> kNames{"", "sdp", "nat", "ice", "ssrc", "reverse", "heuristic"};
    return match && *match < kNames.size() ? kNames[*match] : "";
}

Cell ssrc_cell(const Count& ssrc) {
    if (!ssrc) return {};
    const std::uint64_t v = *ssrc;
    const std::array<std::uint8_t, 4> octets{static_cast<std::uint8_t>(v >> 24),
                                             static_cast<std::uint8_t>(v >> 16),
                                             static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
    return Literal{"0x" + wire::hex(octets)};
}

Cell dscp_cell(const Count& tos) { return tos ? Cell{*tos >> 2} : Cell{}; }

// Payload bits over the time from first to last packet plus one packet time.
Cell bitrate_cell(const StreamFacts& s) {
    if (!s.octets || !s.first_time || !s.last_time || *s.last_time < *s.first_time) return {};
    const double ms = static_cast<double>(*s.last_time - *s.first_time + s.ptime_us.value_or(0)) / 1000;
    if (ms <= 0) return {};
    return Decimal{static_cast<double>(*s.octets) * 8 / ms, 3};
}

// From the first to the last of at least two packets.
std::optional<double> span_ms(const StreamFacts& s) {
    if (!s.first_time || !s.last_time || s.packets.value_or(0) < 2 || *s.last_time <= *s.first_time) return std::nullopt;
    return static_cast<double>(*s.last_time - *s.first_time) / 1000;
}
Cell per(double a, double b) { return b > 0 ? Cell{Decimal{a / b, 3}} : Cell{}; }

class StreamTable {
  public:
    template <typename F>
    void add(const char* name, F cell) {
        table.push_back({name, [cell](const StreamRow& r) { return cell(r.facts); }});
    }
    void count(const char* name, Count StreamFacts::*field) {
        add(name, [field](const StreamFacts& s) { return count_cell(s.*field); });
    }
    void time(const char* name, Count StreamFacts::*field) {
        add(name, [field](const StreamFacts& s) { return time_cell(s.*field); });
    }
    void ms(const char* name, Count StreamFacts::*field, double scale = kNsToMs) {
        add(name, [field, scale](const StreamFacts& s) { return scaled_cell(s.*field, scale, 6); });
    }
    void real(const char* name, Real StreamFacts::*field, int places) {
        add(name, [field, places](const StreamFacts& s) { return decimal_cell(s.*field, places); });
    }
    void text(const char* name, std::string StreamFacts::*field) {
        add(name, [field](const StreamFacts& s) { return text_cell(s.*field); });
    }
    void score(const char* name, Real Score::*field) {
        table.push_back({name, [field](const StreamRow& r) { return decimal_cell(r.score.*field, 2); }});
    }
    void score_text(const char* name, std::string_view Score::*field) {
        table.push_back({name, [field](const StreamRow& r) { return text_cell(r.score.*field); }});
    }

    Table table;
};

void add_identity(StreamTable& t) {
    t.add("record_id", [](const StreamFacts& s) { return id_cell(s.record_id); });
    t.table.push_back({"probe", [](const StreamRow& r) { return Cell{Literal{r.probe.text()}}; }});
    t.add("call_record_id", [](const StreamFacts& s) { return id_cell(s.call_record_id); });
    t.text("call_id", &StreamFacts::call_id);
    t.add("side", [](const StreamFacts& s) { return text_cell(side_name(s.side)); });
    t.add("match", [](const StreamFacts& s) { return text_cell(match_name(s.match)); });
    t.add("src_ip", [](const StreamFacts& s) { return address_cell(s.src); });
    t.add("src_port", [](const StreamFacts& s) { return port_cell(s.src); });
    t.add("dst_ip", [](const StreamFacts& s) { return address_cell(s.dst); });
    t.add("dst_port", [](const StreamFacts& s) { return port_cell(s.dst); });
    t.count("vlan", &StreamFacts::vlan);
    t.add("dscp", [](const StreamFacts& s) { return dscp_cell(s.tos); });
    t.add("ssrc", [](const StreamFacts& s) { return ssrc_cell(s.ssrc); });
    t.count("payload_type", &StreamFacts::payload_type);
    t.text("codec", &StreamFacts::codec);
    t.count("clock_rate", &StreamFacts::clock_rate);
    t.ms("ptime_ms", &StreamFacts::ptime_us, 1e-3);
    t.add("bitrate_kbps", bitrate_cell);
}

void add_measures(StreamTable& t) {
    t.count("first_seq", &StreamFacts::first_seq);
    t.count("last_seq", &StreamFacts::last_seq);
    t.count("first_ts", &StreamFacts::first_ts);
    t.count("last_ts", &StreamFacts::last_ts);
    t.time("first_time", &StreamFacts::first_time);
    t.time("last_time", &StreamFacts::last_time);
    t.count("packets", &StreamFacts::packets);
    t.count("octets", &StreamFacts::octets);
    t.count("expected", &StreamFacts::expected);
    t.count("lost", &StreamFacts::lost);
    t.add("loss_pct", [](const StreamFacts& s) { return decimal_cell(percent(s.lost, s.expected), 3); });
    t.count("duplicates", &StreamFacts::duplicates);
    t.count("reordered", &StreamFacts::reordered);
    t.count("seq_resets", &StreamFacts::sequence_resets);
    t.ms("jitter_last", &StreamFacts::jitter_last_ns);
    t.ms("jitter_mean", &StreamFacts::jitter_mean_ns);
    t.ms("jitter_median", &StreamFacts::jitter_median_ns);
    t.ms("jitter_min", &StreamFacts::jitter_min_ns);
    t.ms("jitter_max", &StreamFacts::jitter_max_ns);
    t.add("jitter_range", [](const StreamFacts& s) { return scaled_cell(jitter_range_ns(s), kNsToMs, 6); });
    t.ms("jitter_iqr", &StreamFacts::jitter_iqr_ns);
    t.ms("jitter_std_dev", &StreamFacts::jitter_std_dev_ns);
    t.ms("jitter_p95", &StreamFacts::jitter_p95_ns);
    t.ms("jitter_p99", &StreamFacts::jitter_p99_ns);
    t.ms("max_delta_ms", &StreamFacts::max_delta_ns);
    t.ms("max_gap_ms", &StreamFacts::max_gap_ns);
    t.count("discard_f60", &StreamFacts::discard_f60);
    t.count("discard_f200", &StreamFacts::discard_f200);
    t.count("discard_adaptive", &StreamFacts::discard_adaptive);
    t.count("bursts", &StreamFacts::bursts);
    t.real("burst_density", &StreamFacts::burst_density, 6);
    t.real("gap_density", &StreamFacts::gap_density, 6);
    t.ms("burst_ms", &StreamFacts::burst_ns);
    t.ms("gap_ms", &StreamFacts::gap_ns);
    t.real("burst_r", &StreamFacts::burst_ratio, 3);
    t.real("clock_skew_ppm", &StreamFacts::clock_skew_ppm, 0);
    t.count("dtmf_events", &StreamFacts::dtmf_events);
    t.ms("rtt_ms", &StreamFacts::rtt_ns);
    t.real("reported_loss_pct", &StreamFacts::reported_loss_pct, 3);
    t.ms("reported_jitter_ms", &StreamFacts::reported_jitter_ns);
    t.real("reported_mos_lq", &StreamFacts::reported_mos_lq, 2);
    t.real("reported_mos_cq", &StreamFacts::reported_mos_cq, 2);
}

void add_scores(StreamTable& t) {
    t.score("r_factor", &Score::r_factor);
    t.score("mos_lq", &Score::mos_lq);
    t.score("mos_cq", &Score::mos_cq);
    t.score("mos_lqo_est", &Score::mos_lqo_est);
    t.score_text("mos_scale", &Score::mos_scale);
    t.score("mos_common", &Score::mos_common);
    t.score_text("mos_basis", &Score::mos_basis);
    t.real("mos_min_10s", &StreamFacts::mos_min_10s, 2);
    t.count("capture_loss", &StreamFacts::capture_loss);
    t.count("codec_mode", &StreamFacts::codec_mode);
    t.text("application", &StreamFacts::application);
    t.add("packet_rate", [](const StreamFacts& s) { return s.packets && span_ms(s) ? per(static_cast<double>(*s.packets - 1) * 1000, *span_ms(s)) : Cell{}; });
    t.add("gap_mean_ms", [](const StreamFacts& s) { return s.packets && span_ms(s) ? Cell{Decimal{*span_ms(s) / static_cast<double>(*s.packets - 1), 6}} : Cell{}; });
    t.ms("gap_std_dev_ms", &StreamFacts::gap_std_dev_ns);
    t.add("size_mean", [](const StreamFacts& s) { return s.packets && s.octets ? per(static_cast<double>(*s.octets), static_cast<double>(*s.packets)) : Cell{}; });
    t.count("size_min", &StreamFacts::size_min);
    t.count("size_max", &StreamFacts::size_max);
    t.real("size_std_dev", &StreamFacts::size_std_dev, 3);
}

}  // namespace

const Columns<StreamRow>& stream_columns() {
    static const Table table = [] {
        StreamTable t;
        add_identity(t);
        add_measures(t);
        add_scores(t);
        return std::move(t.table);
    }();
    return table;
}

}  // namespace voipprobe::collector
