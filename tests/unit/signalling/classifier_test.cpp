// --dpi: the application of a flow, by nDPI. Skipped, by name, in a build without it.
#include <gtest/gtest.h>

#include "probe/voip/dpi/classifier.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/dialog_scene.hpp"

namespace voipprobe::test {
namespace {

class ApplicationSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind != templates::RecordKind::flow) return;
        const std::uint16_t a = s.cold->application;
        names.push_back(s.classifier == nullptr || a == probe::FlowCold::kNotLookedAt ? "-" : std::string(s.classifier->name(a)));
    }
    std::vector<std::string> names;
};

Octets dns_query() {
    return hex({0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}) + hex({7}) + octets_of("example") + hex({3}) + octets_of("org") + hex({0, 0, 1, 0, 1});
}

void play(Scene& s) {
    s.udp_octets(0, {"192.0.2.10", 40000}, {"192.0.2.53", 53}, dns_query());
    s.udp_octets(0, {"192.0.2.10", 40001}, {"192.0.2.54", 40002}, Octets(30, 0xfe));
}

TEST(Classifier, NamesFlowsWhereItIsOn) {
    if (!probe::Classifier::built_in()) GTEST_SKIP() << "built without nDPI";
    for (const bool on : {false, true}) {
        Scene s;
        play(s);
        ApplicationSink sink;
        probe::PipelineConfig config;
        config.dpi = on;
        probe::Pipeline pipeline(config, sink);
        s.replay(pipeline);
        ASSERT_EQ(sink.names.size(), 2U);
        EXPECT_EQ(sink.names[0], on ? "DNS" : "-");
        EXPECT_EQ(sink.names[1], "-") << "one packet is not enough to give up";
        EXPECT_EQ(pipeline.classifier() != nullptr, on);
    }
}

TEST(Classifier, LooksAtTheFirstPacketsOnly) {
    if (!probe::Classifier::built_in()) GTEST_SKIP() << "built without nDPI";
    Scene s;
    for (int i = 0; i < 1000; ++i) s.udp_octets(i, {"192.0.2.10", 40001}, {"192.0.2.54", 40002}, Octets(30, static_cast<std::uint8_t>(0xf0 + i % 7)));
    ApplicationSink sink;
    probe::PipelineConfig config;
    config.dpi = true;
    probe::Pipeline pipeline(config, sink);
    s.replay(pipeline);
    EXPECT_LE(pipeline.classifier()->counters().packets, probe::Classifier::kFirstPackets);
    EXPECT_EQ(pipeline.classifier()->counters().unknown, 1U);
}

TEST(ClassifierCorpus, AWhatsAppCall) {
    const auto folder = corpus();
    if (!folder || !probe::Classifier::built_in()) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set, or built without nDPI";
    ApplicationSink sink;
    probe::PipelineConfig config;
    config.dpi = true;
    ASSERT_EQ(run_file((*folder / "captures/ndpi-stun_wa_call.pcapng").string(), sink, config).error, "");
    EXPECT_EQ(std::count(sink.names.begin(), sink.names.end(), "WhatsAppCall"), 12);
}

}  // namespace
}  // namespace voipprobe::test
