// SIP over TLS: connections made by OpenSSL in memory, read with their key log, in every suite and however they are cut.
#include <fstream>
#include <random>

#include "probe/capture/key_log_file.hpp"
#include "tests/unit/probe/ws_call.hpp"
#include "tests/unit/support/scratch_folder.hpp"
#include "tests/unit/support/tls_pair.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

constexpr auto kMs = wire::kMillisecond;
constexpr TlsShape kShapes[] = {
    {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},          {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
    {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},    {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256"},
    {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384"},     {TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305"},
    {TLS1_2_VERSION, "AES128-GCM-SHA256"},               {TLS1_2_VERSION, "AES256-GCM-SHA384"},
    {TLS1_2_VERSION, "AES128-SHA"},                      {TLS1_2_VERSION, "AES256-SHA256", false},
    {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", false},     {TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384"},
};

struct TlsCall {
    std::vector<TimedPacket> packets;
    std::string key_log;
};

struct CallShape {
    TlsShape tls;
    Cut cut = [](std::size_t) { return std::size_t{1400}; };
    bool websocket = false;
    std::size_t record = 1U << 14;  // octets of text in one record
    bool update = false;            // keys, before the BYE
    bool media = true;
    wire::TimeNs later = 0;         // the BYE and what follows
    std::size_t tickets = 2;
};

TlsCall tls_call(const CallEnds& e, const CallShape& shape) {
    TlsCall out;
    TlsPair pair(shape.tls);
    std::uint32_t next[2] = {0xfffffe00, 77};
    std::uint16_t id = 1;
    std::size_t n = 0;
    const auto send = [&](wire::TimeNs time, bool caller, std::uint8_t flags, const Octets& o) {
        const auto& from = caller ? e.caller : e.callee;
        const auto& to = caller ? e.callee : e.caller;
        const Octets segment = tcp(caller ? 50123 : 5061, caller ? 5061 : 50123, next[caller ? 0 : 1], flags, o);
        out.packets.push_back({time, ip_packet(from, to, 6, segment, {id++})});
        next[caller ? 0 : 1] += static_cast<std::uint32_t>(o.size()) + ((flags & 2) != 0 ? 1U : 0U);
    };
    const auto octets = [&](wire::TimeNs time, const std::vector<TlsPair::Flight>& flights) {
        for (const auto& [caller, o] : flights)
            for (std::size_t at = 0; at < o.size();) {
                const std::size_t take = std::min(shape.cut(n++), o.size() - at);
                const auto from = o.begin() + static_cast<std::ptrdiff_t>(at);
                send(time - (at + take == o.size() ? 0 : wire::kMicrosecond), caller, 0x18, Octets(from, from + static_cast<std::ptrdiff_t>(take)));
                at += take;
            }
    };
    const wire::TimeNs before = kCallStart - 50 * kMs;
    send(before, true, 2, {});
    send(before + 1, false, 0x12, {});
    octets(before + kMs, pair.handshake());
    if (shape.websocket) {
        octets(before + 2 * kMs, pair.write(true, kWsRequest));
        octets(before + 3 * kMs, pair.write(false, kWsResponse));
    }
    for (const SipStep& s : sip_steps(e)) {
        const bool last = s.after > wire::kSecond;
        if (last && shape.update) pair.update_keys(s.from_caller);
        const Octets frames = ws_message(s.text, s.from_caller, 100);
        const std::string text = shape.websocket ? std::string(frames.begin(), frames.end()) : s.text;
        octets(kCallStart + s.after + (last ? shape.later : 0), pair.write(s.from_caller, text, shape.record));
    }
    if (shape.media) add_media(e, out.packets);
    std::stable_sort(out.packets.begin(), out.packets.end(), [](const auto& x, const auto& y) { return x.time < y.time; });
    out.key_log = pair.key_log();
    return out;
}

class TlsSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind == templates::RecordKind::flow && s.tls) names.emplace_back(s.server_name);
    }
    std::vector<std::string> names;
};

struct Outcome {
    TlsSink sink;
    probe::InnerCounters inner;
    probe::PipelineCounters counters;
};
void run(const std::vector<TimedPacket>& packets, const std::string& keys, Outcome& o, std::size_t keys_after = 0) {
    probe::Pipeline pipeline({}, o.sink);
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (i == keys_after && !keys.empty()) pipeline.add_tls_keys(keys);
        if (i < keys_after && i == 0) pipeline.add_tls_keys("");
        pipeline.process(raw(packets[i].time, packets[i].octets, probe::kLinkRaw));
    }
    pipeline.finish();
    expect_conserved(pipeline.counters());
    EXPECT_EQ(pipeline.sip_tcp().streams(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().buffers(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().inner().connections(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().inner().buffers(), 0U);
    o.inner = pipeline.sip_tcp().inner().counters();
    o.counters = pipeline.counters();
}

TEST(Tls, theCallIsTheSameAsOverUdpInEverySuite) {
    const CallEnds e;
    Outcome udp;
    run(call_packets(e), "", udp);
    for (const TlsShape& tls : kShapes)
        for (const std::size_t step : {1UL, 97UL, 1400UL, 60'000UL}) {
            const TlsCall call = tls_call(e, {.tls = tls, .cut = [&](std::size_t) { return step; }, .record = step == 97 ? 50U : 16'384U});
            Outcome o;
            run(call.packets, call.key_log, o);
            ASSERT_EQ(o.sink.calls.size(), 1U) << tls.suite << ' ' << step;
            EXPECT_EQ(o.sink.calls[0].transport, probe::SipTransport::tls);
            EXPECT_EQ(o.sink.calls[0].server_name, "sips.example.org");
            EXPECT_EQ(o.sink.calls[0].times, udp.sink.calls[0].times) << tls.suite << ' ' << step;
            EXPECT_EQ(o.sink.calls[0].codecs, udp.sink.calls[0].codecs);
            EXPECT_EQ(o.counters.sip_messages, 7U);
            EXPECT_EQ(o.inner.tls_with_keys, 1U);
            EXPECT_EQ(o.inner.tls_unopened + o.inner.tls_garbage_octets + o.inner.skipped_octets + o.inner.cut_messages, 0U) << tls.suite;
            ASSERT_EQ(o.sink.streams.size(), 2U);
            EXPECT_EQ(o.sink.streams[0].match, probe::StreamMatch::sdp);
            EXPECT_EQ(o.sink.names, std::vector<std::string>{"sips.example.org"});
        }
}

TEST(Tls, webSocketInside) {
    for (const TlsShape& tls : {kShapes[0], kShapes[3]})
        for (const std::size_t record : {13UL, 16'384UL}) {
            const TlsCall call = tls_call({}, {.tls = tls, .websocket = true, .record = record});
            Outcome o;
            run(call.packets, call.key_log, o);
            ASSERT_EQ(o.sink.calls.size(), 1U) << tls.suite << ' ' << record;
            EXPECT_EQ(o.sink.calls[0].transport, probe::SipTransport::wss);
            EXPECT_EQ(probe::transport_name(o.sink.calls[0].transport), "WSS");
            EXPECT_EQ(o.counters.sip_messages, 7U);
        }
}

TEST(Tls, keysThatChange) {
    for (std::size_t i = 0; i < 3; ++i) {
        const TlsCall call = tls_call({}, {.tls = kShapes[i], .update = true});
        Outcome o;
        run(call.packets, call.key_log, o);
        ASSERT_EQ(o.sink.calls.size(), 1U);
        EXPECT_EQ(o.counters.sip_messages, 7U) << kShapes[i].suite;
        EXPECT_EQ(o.inner.tls_unopened, 0U);
    }
}

// Without keys there are the server's name and the media.
TEST(Tls, withoutKeysMediaStillMakesACall) {
    const TlsCall call = tls_call({}, {.tls = kShapes[0]});
    for (const std::string& keys : {std::string(), tls_call({}, {.tls = kShapes[0]}).key_log}) {
        Outcome o;
        run(call.packets, keys, o);
        EXPECT_EQ(o.sink.calls.size(), 0U);  // no SIP; the collector pairs the streams
        ASSERT_EQ(o.sink.streams.size(), 2U);
        for (const SeenStream& s : o.sink.streams) {
            EXPECT_EQ(s.call_id, "");
            EXPECT_EQ(s.packets, 99U);
        }
        EXPECT_EQ(o.inner.tls_with_keys, 0U);
        EXPECT_EQ(o.inner.tls_without_keys, keys.empty() ? 1U : 0U);  // others' keys are there: waits for its own
        EXPECT_EQ(o.sink.names, std::vector<std::string>{"sips.example.org"});
    }
}

// A program writes its secrets when it has them; the probe may look a second later.
TEST(Tls, keysThatComeLate) {
    for (const TlsShape& tls : {kShapes[0], kShapes[3]}) {
        const TlsCall call = tls_call({}, {.tls = tls, .media = false});
        for (std::size_t late = 1; late < 9; ++late) {
            Outcome o;
            run(call.packets, call.key_log, o, late);
            EXPECT_EQ(o.sink.calls.size(), 1U) << tls.suite << ' ' << late;
            EXPECT_EQ(o.counters.sip_messages, 7U) << tls.suite << ' ' << late;
        }
    }
}

TEST(Tls, aConnectionOutlivesTheFlow) {
    const TlsCall call = tls_call({}, {.tls = kShapes[0], .later = 600 * wire::kSecond});
    Outcome o;
    run(call.packets, call.key_log, o);
    ASSERT_EQ(o.sink.calls.size(), 1U);
    EXPECT_EQ(o.counters.sip_messages, 7U);  // the BYE too
}

TEST(Tls, lostSegmentsCostWhatTheyCarried) {
    for (const TlsShape& tls : {kShapes[1], kShapes[2], kShapes[3], kShapes[5], kShapes[9]}) {
        const TlsCall call = tls_call({}, {.tls = tls, .cut = [](std::size_t) { return 300U; }, .record = 120});
        std::size_t first = 0;  // segment of the INVITE
        while (call.packets[first].time < kCallStart - 2 * wire::kMicrosecond) ++first;
        for (std::size_t lost = first; lost < call.packets.size(); ++lost) {
            if (call.packets[lost].octets[9] != 6) continue;
            std::vector<TimedPacket> rest = call.packets;
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost));
            Outcome o;
            run(rest, call.key_log, o);
            EXPECT_GE(o.counters.sip_messages, 6U) << tls.suite << ' ' << lost;
        }
    }
}

TEST(Tls, shuffledSegmentsGiveTheSameCall) {
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        TlsCall call = tls_call({}, {.tls = kShapes[static_cast<std::size_t>(round) % std::size(kShapes)],
                                     .cut = [&](std::size_t) { return 1 + random() % 400; }, .record = 1 + random() % 300});
        auto& packets = call.packets;
        for (std::size_t i = 2; i < packets.size();) {
            std::size_t j = i;
            while (j < packets.size() && packets[j].octets[9] == 6 && packets[j].time - packets[i].time <= wire::kMicrosecond) ++j;
            std::vector<Octets> octets;
            for (std::size_t k = i; k < j; ++k) octets.push_back(packets[k].octets);
            std::shuffle(octets.begin(), octets.end(), random);
            for (std::size_t k = i; k < j; ++k) packets[k].octets = octets[k - i];
            i = std::max(j, i + 1);
        }
        Outcome o;
        run(packets, call.key_log, o);
        ASSERT_EQ(o.sink.calls.size(), 1U) << round;
        ASSERT_EQ(o.counters.sip_messages, 7U) << round;
    }
}

TEST(Tls, aKeyLogIsReadLineByLine) {
    const std::string random(64, 'a'), secret(96, '7');
    probe::TlsKeyLog log;
    log.add("# comment\n\nCLIENT_RANDOM " + random + " " + secret.substr(0, 40));
    EXPECT_EQ(log.size(), 0U);
    log.add(secret.substr(40) + "\r\nEXPORTER_SECRET " + random + " " + secret + "\nCLIENT_RANDOM xx yy\nnonsense\n");
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log.ignored_lines(), 2U);
    probe::TlsRandom key;
    key.fill(0xaa);
    ASSERT_NE(log.find(key), nullptr);
    EXPECT_EQ(log.find(key)->master.octets[47], 0x77);
    log.add("CLIENT_TRAFFIC_SECRET_0 " + random + " " + secret.substr(0, 64) + "\n");
    EXPECT_EQ(log.find(key)->traffic[0].size, 32);
    for (unsigned i = 0; i < probe::TlsKeyLog::kMost; ++i) {  // that differ in one word only
        char hex[9];
        std::snprintf(hex, sizeof hex, "%08x", i);
        log.add("CLIENT_RANDOM " + std::string(hex) + std::string(56, '0') + " " + secret + "\n");
    }
    EXPECT_EQ(log.size(), probe::TlsKeyLog::kMost);
    EXPECT_EQ(log.evicted(), 1U);
    EXPECT_EQ(log.find(key), nullptr);  // the oldest
}

TEST(Tls, aKeyLogFileIsFollowed) {
    const ScratchFolder folder;
    const std::string path = folder / "keys.log";
    probe::KeyLogFile file(path);
    EXPECT_EQ(file.read_new().error().code, ExitCode::usage);
    std::ofstream(path) << "one\n";
    EXPECT_EQ(*file.read_new(), "one\n");
    EXPECT_EQ(*file.read_new(), "");
    std::ofstream(path, std::ios::app) << "two\n";
    EXPECT_EQ(*file.read_new(), "two\n");
    std::ofstream(path) << "3\n";  // begun anew
    EXPECT_EQ(*file.read_new(), "3\n");
}

// pcapng decryption secrets, as `editcap --inject-secrets` writes them.
TEST(Tls, secretsWithinTheCapture) {
    const TlsCall call = tls_call({}, {.tls = kShapes[0], .media = false});
    const auto word = [](std::size_t v) { return hex({static_cast<int>(v & 255), static_cast<int>(v >> 8 & 255), static_cast<int>(v >> 16 & 255), static_cast<int>(v >> 24 & 255)}); };
    const auto block = [&](std::size_t type, Octets body) {
        body.resize((body.size() + 3) / 4 * 4);
        return word(type) + word(body.size() + 12) + body + word(body.size() + 12);
    };
    Octets file = block(0x0a0d0d0a, word(0x1a2b3c4d) + hex({1, 0, 0, 0}) + Octets(8, 0xff)) + block(1, hex({101, 0, 0, 0}) + word(0)) +
                  block(10, word(0x544c534b) + word(call.key_log.size()) + octets_of(call.key_log)) +
                  block(10, word(0x544c534b) + word(1'000'000) + octets_of("damaged")) + block(10, word(1) + word(2) + octets_of("xx"));
    for (const TimedPacket& p : call.packets) {
        const auto us = static_cast<std::size_t>(p.time / 1000);
        file = file + block(6, word(0) + word(us >> 32) + word(us & 0xffffffff) + word(p.octets.size()) + word(p.octets.size()) + p.octets);
    }
    const ScratchFolder folder;
    std::ofstream(folder / "x.pcapng", std::ios::binary).write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    auto source = probe::FileSource::open(folder / "x.pcapng");
    ASSERT_TRUE(source);
    Outcome o;
    probe::Pipeline pipeline({}, o.sink);
    std::array<probe::RawPacket, 64> batch;
    while ((*source)->state() == probe::SourceState::more) {
        const std::size_t n = (*source)->read_batch(batch);
        if (const std::string s = (*source)->take_secrets(); !s.empty()) pipeline.add_tls_keys(s);
        pipeline.process(std::span(batch).first(n));
    }
    pipeline.finish();
    ASSERT_EQ(o.sink.calls.size(), 1U);
    EXPECT_EQ(o.sink.calls[0].transport, probe::SipTransport::tls);
}

}  // namespace
