// Every real capture with ground truth: no packet is lost to counting, every stream and call of the truth is found
// with equal figures, and none is invented. An exception needs a line with its reason.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/probe/collecting_sink.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/corpus/corpus_exceptions.hpp"

namespace {

using namespace voipprobe;
using namespace voipprobe::test;

struct Capture {
    std::filesystem::path file, streams, calls;
    std::string name() const { return file.filename().string(); }
    friend void PrintTo(const Capture& c, std::ostream* out) { *out << c.name(); }
};

std::vector<Capture> captures() {
    std::vector<Capture> all;
    const auto root = corpus();
    if (!root) return all;
    for (const char* folder : {"captures", "derived"})
        for (const auto& e : std::filesystem::directory_iterator(*root / folder)) {
            Capture c{e.path(), *root / "truth" / (e.path().filename().string() + ".rtpx.csv"),
                      *root / "truth" / (e.path().filename().string() + ".calls.csv")};
            if (e.path().extension() == ".csv") continue;
            if (std::string(folder) == "derived") c.streams = *root / "derived" / (e.path().stem().string() + ".truth.csv");
            all.push_back(c);
        }
    std::sort(all.begin(), all.end(), [](const Capture& a, const Capture& b) { return a.file < b.file; });
    return all;
}

std::string hex(std::uint32_t ssrc) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", ssrc);
    return text;
}

// Expects `field` of the truth to be `value` within `tolerance`; -1 stands for "not defined".
void compare(const Row& truth, const char* field, double value, double tolerance, std::string& difference) {
    const std::string& text = truth.at(field);
    const double wanted = text.empty() ? -1 : std::stod(text);
    if ((wanted < 0) == (value < 0) && (wanted < 0 || std::abs(wanted - value) <= tolerance)) return;
    difference += std::string(" ") + field + " " + (value < 0 ? "absent" : std::to_string(value)) + ", truth " + text;
}

std::string compare_stream(const SeenStream& s, const Row& truth) {
    std::string d;
    const auto count = [&](const char* field, std::uint64_t v) { compare(truth, field, static_cast<double>(v), 0, d); };
    count("packets", s.packets);
    count("expected", s.expected);
    count("unique", s.unique);
    count("lost", s.lost);
    count("duplicates", s.duplicates);
    count("reordered", s.reordered);
    // Where only learning could give the clock the truth claims nothing, and neither is anything compared.
    const bool claimed = !truth.at("clock_hz").empty();
    if (claimed) compare(truth, "clock_hz", s.clock == 0 ? -1.0 : static_cast<double>(s.clock), 0, d);
    compare(truth, "max_gap_ms", s.max_gap_ms, 0.005, d);
    compare(truth, "max_delta_ms", s.max_delta_ms, 0.005, d);
    const bool has = s.jitter.n > 0;
    const auto jitter = [&](const char* field, double ns, std::uint64_t least = 1) {
        if (!claimed) return;
        compare(truth, field, has && s.jitter.n >= least ? ns / 1e6 : -1, 0.005, d);
    };
    jitter("jitter_last", s.jitter.last);
    jitter("jitter_mean", s.jitter.mean);
    jitter("jitter_median", s.jitter.median);
    jitter("jitter_min", s.jitter.min);
    jitter("jitter_max", s.jitter.max);
    jitter("jitter_iqr", s.jitter.iqr);
    jitter("jitter_std_dev", s.jitter.std_dev, 2);
    return d;
}

bool same_stream(const SeenStream& s, const Row& truth) {
    return s.src.address.text() == truth.at("src") && s.dst.address.text() == truth.at("dst") &&
           std::to_string(s.src.port) == truth.at("sport") && std::to_string(s.dst.port) == truth.at("dport") &&
           hex(s.ssrc) == truth.at("ssrc");
}

std::string describe(const Row& t) {
    return t.at("src") + ":" + t.at("sport") + ">" + t.at("dst") + ":" + t.at("dport") + " " + t.at("ssrc");
}

// Seconds with nine decimals to microseconds, truncated.
std::int64_t to_us(const std::string& epoch) {
    const std::size_t dot = epoch.find('.');
    std::string fraction = dot == std::string::npos ? "" : epoch.substr(dot + 1);
    fraction.resize(6, '0');
    return std::stoll(epoch.substr(0, dot)) * 1'000'000 + std::stoll(fraction);
}

std::string compare_call(const probe::Call& call, const Row& truth) {
    using probe::CallEvent;
    std::string d;
    const auto text = [&](const char* field, const std::string& value) {
        if (value != truth.at(field)) d += std::string(" ") + field + " '" + value + "', truth '" + truth.at(field) + "'";
    };
    text("from", std::string(probe::parse_name_address(call.caller.name_address).uri));
    text("to", std::string(probe::parse_name_address(call.callee.name_address).uri));
    // The truth writes IPv6 without brackets.
    const auto plain = [](const wire::Endpoint& e) { return e.address.text() + ":" + std::to_string(e.port); };
    text("caller_ip", plain(call.caller_hop));
    text("callee_ip", plain(call.callee_hop));
    const std::pair<const char*, CallEvent> events[] = {
        {"invite", CallEvent::invite}, {"trying", CallEvent::trying},     {"ringing", CallEvent::ringing},
        {"progress", CallEvent::progress}, {"ok", CallEvent::ok},         {"ack", CallEvent::ack},
        {"cancel", CallEvent::cancel}, {"bye", CallEvent::bye},           {"bye_ok", CallEvent::bye_ok}};
    for (const auto& [field, event] : events) {
        const std::string& wanted = truth.at(field);
        const std::int64_t us = call.has(event) ? call.at(event) / 1000 : -1;
        if (us != (wanted.empty() ? -1 : to_us(wanted)))
            d += std::string(" ") + field + " " + std::to_string(us) + ", truth " + wanted;
    }
    text("final", call.response_code == 0 ? "" : std::to_string(call.response_code));
    return d;
}

class CorpusTest : public ::testing::TestWithParam<Capture> {
  protected:
    // A difference is a failure unless corpus_exceptions.inc names it with its reason.
    void differs(const std::string& what, const std::string& how) const {
        if (!is_excepted(GetParam().name(), what)) ADD_FAILURE() << GetParam().name() << ": " << what << ": " << how;
    }
};

TEST_P(CorpusTest, EqualsTheTruth) {
    const Capture& capture = GetParam();
    CollectingSink sink;
    const FileRun run = run_file(capture.file.string(), sink);
    if (!run.error.empty()) return differs("file", run.error);
    std::uint64_t dropped = 0;
    for (const std::uint64_t n : run.counters.dropped) dropped += n;
    EXPECT_EQ(run.counters.packets, run.counters.decoded + dropped);
    EXPECT_EQ(run.counters.decoded, accounted(run.counters, sink));

    // The truth is of SIP and RTP; other protocols are compared with tshark in tests/unit/signalling.
    std::erase_if(sink.streams, [&](const SeenStream& s) {
        return std::any_of(sink.calls.begin(), sink.calls.end(), [&](const probe::Call& c) {
            return c.signalling == probe::Signalling::iax2 && c.call_id == s.call_id;
        });
    });
    std::erase_if(sink.calls, [](const probe::Call& c) { return c.signalling != probe::Signalling::sip; });
    std::vector<bool> used(sink.streams.size());
    for (const Row& truth : read_csv(capture.streams)) {
        std::string difference = "missing";
        for (std::size_t i = 0; i < sink.streams.size(); ++i) {
            if (used[i] || !same_stream(sink.streams[i], truth)) continue;
            used[i] = true;
            difference = compare_stream(sink.streams[i], truth);
            break;
        }
        if (!difference.empty()) differs(describe(truth), difference);
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
        const SeenStream& s = sink.streams[i];
        if (!used[i]) differs("invented", s.src.text() + ">" + s.dst.text() + " " + hex(s.ssrc));
    }

    if (!std::filesystem::exists(capture.calls)) return;
    std::vector<bool> known(sink.calls.size());
    for (const Row& truth : read_csv(capture.calls)) {
        std::string difference = "missing";
        for (std::size_t i = 0; i < sink.calls.size(); ++i) {
            if (known[i] || sink.calls[i].call_id != truth.at("call_id")) continue;
            known[i] = true;
            difference = compare_call(sink.calls[i], truth);
            break;
        }
        if (!difference.empty()) differs(truth.at("call_id"), difference);
    }
    for (std::size_t i = 0; i < known.size(); ++i) {
        // The truth lists SIP dialogs; calls of other protocols are compared in their own tests.
        if (!known[i] && sink.calls[i].signalling == probe::Signalling::sip) differs("calls", "invented: " + sink.calls[i].call_id);
    }
}

std::string test_name(const ::testing::TestParamInfo<Capture>& info) {
    std::string name = info.param.name();
    for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CorpusTest);
INSTANTIATE_TEST_SUITE_P(Captures, CorpusTest, ::testing::ValuesIn(captures()), test_name);

TEST(Corpus, IsThere) {
    if (!corpus()) {
        GTEST_SKIP() << "VOIPPROBE_CORPUS is not set: no capture with ground truth was compared";
    }
    EXPECT_FALSE(captures().empty());
}

}  // namespace
