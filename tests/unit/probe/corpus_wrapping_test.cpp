// Calls and streams of wrapped, fragmented, segmented and mirrored captures equal their ground truth.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "tests/unit/probe/collecting_sink.hpp"
#include "tests/corpus/corpus.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

constexpr double kNotThere = -1;
// Figures of the truth have 6 decimals; its times are microseconds in floating point.
constexpr double kGapTolerance = 0.0011, kJitterTolerance = 0.00006;
// Our quantiles are of J in whole microseconds (docs/metrics.md), the truth's of J itself: half a microsecond each.
constexpr double kMedianTolerance = 0.0005 + kJitterTolerance, kIqrTolerance = 0.001 + kJitterTolerance;

double figure(const Row& row, const char* column) {
    const auto it = row.find(column);
    return it == row.end() || it->second.empty() ? kNotThere : std::stod(it->second);
}

std::string name_of(const SeenStream& s) {
    char ssrc[16];
    std::snprintf(ssrc, sizeof ssrc, "0x%08x", s.ssrc);
    return s.src.address.text() + "," + std::to_string(s.src.port) + "," + s.dst.address.text() + "," +
           std::to_string(s.dst.port) + "," + ssrc;
}
std::string name_of(const Row& r) {
    return r.at("src") + "," + r.at("sport") + "," + r.at("dst") + "," + r.at("dport") + "," + r.at("ssrc");
}

void expect_near(const Row& row, const char* column, double ours, double tolerance) {
    const double truth = figure(row, column);
    if (truth == kNotThere && ours < 0) return;
    EXPECT_NEAR(ours, truth, tolerance) << column;
}

void expect_stream(const Row& truth, const SeenStream& s) {
    SCOPED_TRACE(name_of(s));
    const auto count = [&](const char* column, std::uint64_t ours) {
        EXPECT_EQ(ours, static_cast<std::uint64_t>(figure(truth, column))) << column;
    };
    count("packets", s.packets);
    count("expected", s.expected);
    count("unique", s.unique);
    count("lost", s.lost);
    count("duplicates", s.duplicates);
    count("reordered", s.reordered);
    expect_near(truth, "max_gap_ms", s.max_gap_ms, kGapTolerance);
    expect_near(truth, "max_delta_ms", s.max_delta_ms, kGapTolerance);
    if (truth.at("clock_hz").empty() || truth.at("jitter_mean").empty()) return;
    ASSERT_GT(s.jitter.n, 0U);
    expect_near(truth, "jitter_last", s.jitter.last / 1e6, kJitterTolerance);
    expect_near(truth, "jitter_mean", s.jitter.mean / 1e6, kJitterTolerance);
    expect_near(truth, "jitter_median", s.jitter.median / 1e6, kMedianTolerance);
    expect_near(truth, "jitter_max", s.jitter.max / 1e6, kJitterTolerance);
    expect_near(truth, "jitter_iqr", s.jitter.iqr / 1e6, kIqrTolerance);
    if (s.jitter.n > 1) expect_near(truth, "jitter_std_dev", s.jitter.std_dev / 1e6, kJitterTolerance);
}

void expect_streams(const std::vector<Row>& truth, const CollectingSink& sink) {
    std::set<std::string> wanted;
    for (const Row& row : truth) {
        wanted.insert(name_of(row));
        const auto it = std::find_if(sink.streams.begin(), sink.streams.end(),
                                     [&](const SeenStream& s) { return name_of(s) == name_of(row); });
        if (it == sink.streams.end()) {
            ADD_FAILURE() << "missing stream " << name_of(row);
            continue;
        }
        expect_stream(row, *it);
    }
    for (const SeenStream& s : sink.streams) EXPECT_TRUE(wanted.contains(name_of(s))) << "no such stream: " << name_of(s);
}

// `1311857686.562096000` as ns; kNever when empty.
wire::TimeNs time_of(const std::string& text) {
    if (text.empty()) return wire::kNever;
    const std::size_t dot = text.find('.');
    std::string fraction = text.substr(dot + 1);
    fraction.resize(9, '0');
    return std::stoll(text.substr(0, dot)) * wire::kSecond + std::stoll(fraction);
}

void expect_calls(const std::vector<Row>& truth, const CollectingSink& sink) {
    EXPECT_EQ(sink.calls.size(), truth.size());
    for (const Row& row : truth) {
        const std::string& id = row.at("call_id");
        SCOPED_TRACE(id);
        const auto it = std::find_if(sink.calls.begin(), sink.calls.end(), [&](const probe::Call& c) { return c.call_id == id; });
        if (it == sink.calls.end()) {
            ADD_FAILURE() << "missing call";
            continue;
        }
        using probe::CallEvent;
        const std::pair<const char*, CallEvent> events[] = {
            {"invite", CallEvent::invite}, {"trying", CallEvent::trying}, {"ringing", CallEvent::ringing},
            {"progress", CallEvent::progress}, {"ok", CallEvent::ok}, {"ack", CallEvent::ack},
            {"cancel", CallEvent::cancel}, {"bye", CallEvent::bye}, {"bye_ok", CallEvent::bye_ok}};
        for (const auto& [column, event] : events) EXPECT_EQ(it->at(event), time_of(row.at(column))) << column;
        const auto plain = [](const wire::Endpoint& e) { return e.address.text() + ":" + std::to_string(e.port); };
        EXPECT_EQ(plain(it->caller_hop), row.at("caller_ip"));
        EXPECT_EQ(plain(it->callee_hop), row.at("callee_ip"));
        const std::string code = it->response_code == 0 ? "" : std::to_string(it->response_code);
        EXPECT_EQ(code, row.at("final"));
    }
}

void expect_conservation(const FileRun& run, const CollectingSink& sink) {
    const probe::PipelineCounters& c = run.counters;
    std::uint64_t dropped = 0;
    for (const std::uint64_t n : c.dropped) dropped += n;
    EXPECT_EQ(c.packets, c.decoded + dropped);
    EXPECT_EQ(c.decoded, c.flow_packets + c.unsent_packets + c.duplicates + c.joined);
    EXPECT_EQ(c.decoded_octets, c.flow_octets + c.unsent_octets + c.duplicate_octets);
    EXPECT_EQ(sink.flow_packets, c.flow_packets);
    EXPECT_EQ(sink.flow_octets, c.flow_octets);
}

// ---- derived captures: one call in every wrapping, with the generator's own truth ------------------------------

class Derived : public testing::TestWithParam<std::string> {};

TEST_P(Derived, equalsItsTruth) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    const auto folder = *root / "derived";
    std::string file = GetParam() + ".pcap";
    if (!std::filesystem::exists(folder / file)) file += "ng";
    CollectingSink sink;
    const FileRun run = run_file(folder / file, sink);
    ASSERT_EQ(run.error, "");
    expect_conservation(run, sink);
    expect_streams(read_csv(folder / (GetParam() + ".truth.csv")), sink);
}

const std::string kDerived[] = {
    "dtmf-base", "dtmf-dup25", "dtmf-frag", "dtmf-jit20", "dtmf-loss10", "dtmf-natrtp", "dtmf-oneway", "dtmf-siptcp",
    "dtmf-snap54", "dtmf-ssrcchange", "dtmf-swap20", "dtmf-wrap", "g711-base", "g711-bigendian", "g711-cutfile",
    "g711-dup25", "g711-erspan2", "g711-frag", "g711-fragmiss", "g711-fragrev", "g711-gre", "g711-gtpu", "g711-ipip",
    "g711-ipv6", "g711-jit20", "g711-late100ms", "g711-lateanswer", "g711-loss10", "g711-lossburst5",
    "g711-lossedges", "g711-lossgap60", "g711-mirror2x", "g711-mpls2", "g711-natrtp", "g711-nsec", "g711-null",
    "g711-oneway", "g711-pcapng", "g711-port5080", "g711-pppoe", "g711-qinq", "g711-rawip", "g711-rtponly",
    "g711-siponly", "g711-siptcp", "g711-skew1pct", "g711-sll", "g711-sll2", "g711-snap50", "g711-snap54",
    "g711-snap96", "g711-spike150", "g711-ssrcchange", "g711-swap20", "g711-vlan", "g711-vxlan", "g711-wrap"
};
std::string safe_name(const testing::TestParamInfo<std::string>& i) {
    std::string out = i.param;
    for (char& c : out)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return out;
}
INSTANTIATE_TEST_SUITE_P(Corpus, Derived, testing::ValuesIn(kDerived), safe_name);

// ---- real captures -------------------------------------------------------------------------------------------

class Real : public testing::TestWithParam<std::string> {};

TEST_P(Real, equalsItsTruth) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    const auto truth = *root / "truth";
    CollectingSink sink;
    const FileRun run = run_file(*root / "captures" / GetParam(), sink);
    ASSERT_EQ(run.error, "");
    expect_conservation(run, sink);
    expect_streams(read_csv(truth / (GetParam() + ".rtpx.csv")), sink);
    expect_calls(read_csv(truth / (GetParam() + ".calls.csv")), sink);
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, Real,
    testing::Values("arkime-dot1ad.pcap", "arkime-gtp-iphone.pcap", "jnetpcap-tc_TC_IDPRE_EXT0140.pcap",
                    "mercury-pppoe_double_vlan_tagging.pcap", "ndpi-false_positives.pcapng",
                    "open5gs-nonipsec_reg.pcapng", "open5gs-nonipsec_to_ipsec_call.pcapng", "open5gs-volte.pcapng",
                    "rtpproxy-dups.a.pcap", "sipnab-DTMFsipinfo.pcap", "sipnab-sip-over-tcp.pcap", "sngrep-ipip.pcap",
                    "sngrep-ipv6frag.pcap", "suricata-sip-tcp.pcap", "zeek-gtp1_gn_normal_incl_fragmentation.pcap",
                    "zeek-invalid-content-length.pcap", "zeek-mpls-in-vlan.pcap", "zeek-sip-junk-before-request.pcap"),
    safe_name);

// ---- flows of wrapped captures whose conversations tshark takes from the inner packets -------------------------

class FlowSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind != templates::RecordKind::flow) return;
        add(s.protocol, s.src, s.dst, s.packets[0], s.octets[0]);
        add(s.protocol, s.dst, s.src, s.packets[1], s.octets[1]);
    }
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> oneway;

  private:
    void add(int protocol, const wire::Endpoint& a, const wire::Endpoint& b, std::uint64_t packets, std::uint64_t octets) {
        if (packets == 0) return;
        auto& [p, o] = oneway[std::to_string(protocol) + "," + a.address.text() + "," + std::to_string(a.port) + "," +
                              b.address.text() + "," + std::to_string(b.port)];
        p += packets;
        o += octets;
    }
};

class Flows : public testing::TestWithParam<std::string> {};

TEST_P(Flows, equalTheConversations) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    FlowSink sink;
    const FileRun run = run_file(*root / "captures" / GetParam(), sink);
    ASSERT_EQ(run.error, "");
    std::size_t compared = 0;
    for (const Row& row : read_csv(*root / "truth" / (GetParam() + ".conv.csv"))) {
        if (row.at("proto") != "6" && row.at("proto") != "17") continue;
        const std::string name = row.at("proto") + "," + row.at("src") + "," + row.at("sport") + "," + row.at("dst") + "," +
                                 row.at("dport");
        EXPECT_EQ(sink.oneway[name].first, std::stoull(row.at("packets"))) << name;
        EXPECT_EQ(sink.oneway[name].second, std::stoull(row.at("ip_bytes"))) << name;
        ++compared;
    }
    EXPECT_GT(compared, 0U);
}

INSTANTIATE_TEST_SUITE_P(Corpus, Flows,
                         testing::Values("mercury-pppoe_double_vlan_tagging.pcap", "sipnab-DTMFsipinfo.pcap",
                                         "sipnab-sip-over-tcp.pcap", "suricata-sip-tcp.pcap", "zeek-mpls-in-vlan.pcap"),
                         safe_name);

// 40 tunnelled packets are in two fragments each, but the capture lacks the second one of 4.
TEST(CorpusWrapping, tunnelledPacketsInFragments) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    FlowSink sink;
    const FileRun run = run_file(*root / "captures" / "zeek-gtp1_gn_normal_incl_fragmentation.pcap", sink);
    EXPECT_EQ(run.counters.packets, 108U);
    EXPECT_EQ(run.counters.joined, 36U);
    EXPECT_EQ(run.counters.flow_packets, 72U);
    for (const auto& [name, counts] : sink.oneway) {
        const bool incomplete = name == "17,63.94.149.181,2152,239.114.155.111,2152" && counts.first == 4;
        EXPECT_TRUE(name.starts_with("6,") || incomplete) << name;
    }
}

// Nothing in it is a call, whatever tshark's heuristics make of its UDP payloads (a new SSRC in every packet).
TEST(CorpusWrapping, everyKindOfTunnelInOneFile) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    FlowSink sink;
    const FileRun run = run_file(*root / "captures" / "pcapflowlab-pcap_flow_lab_showcase.pcap", sink);
    expect_conservation(run, sink);
    EXPECT_TRUE(sink.calls.empty());
    EXPECT_TRUE(sink.streams.empty());
    for (const auto& [name, counts] : sink.oneway) EXPECT_FALSE(name.starts_with("47,")) << "GRE not unwrapped: " << name;
    for (std::size_t i = 0; i < probe::kDropReasons; ++i)
        if (run.counters.dropped[i]) printf("%s %lu\n", std::string(probe::drop_name(static_cast<probe::DropReason>(i))).c_str(), run.counters.dropped[i]);
    for (const auto& [name, counts] : sink.oneway) if (!name.starts_with("6,") && !name.starts_with("17,")) printf("%s %lu\n", name.c_str(), counts.first);
}

// A capture with everything twice says the same as one without, but for packets and duplicates.
TEST(CorpusWrapping, mirroredCopiesStayOutOfFlowsAndCalls) {
    const auto root = corpus();
    if (!root) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    FlowSink base, mirrored;
    run_file(*root / "derived" / "g711-base.pcap", base);
    const FileRun run = run_file(*root / "derived" / "g711-mirror2x.pcap", mirrored);
    EXPECT_EQ(base.oneway, mirrored.oneway);
    EXPECT_EQ(run.counters.duplicates, 852U);
    ASSERT_EQ(base.calls.size(), mirrored.calls.size());
    for (std::size_t i = 0; i < base.calls.size(); ++i) {
        EXPECT_EQ(mirrored.calls[i].retransmissions, 0U);
        EXPECT_EQ(mirrored.calls[i].messages, base.calls[i].messages);
        EXPECT_EQ(mirrored.calls[i].times, base.calls[i].times);
    }
    FlowSink all;
    probe::PipelineConfig config;
    config.dedup = false;
    EXPECT_EQ(run_file(*root / "derived" / "g711-mirror2x.pcap", all, config).counters.duplicates, 0U);
    EXPECT_EQ(all.flow_packets, 2 * base.flow_packets);
}


}  // namespace
