// The steps of the packet path one by one, as ns of CPU beside a copy of the same packet (`copy`, the baseline).
//   path_bench [--benchmark_filter=REGEX]
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "probe/decode/decode.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/pipeline.hpp"
#include "probe/record/projection.hpp"
#include "probe/voip/sdp/sdp.hpp"
#include "probe/voip/sip/sip_message.hpp"
#include "templates/template_plan.hpp"
#include "templates/template_spec.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;
namespace t = voipprobe::test;

namespace {

// 20 ms of G.711 as a mirror delivers it.
t::Octets rtp_frame(bool wrapped) {
    const wire::IpAddress a = t::ip(wrapped ? "2001:db8::1" : "192.0.2.1"), b = t::ip(wrapped ? "2001:db8::2" : "192.0.2.2");
    t::Octets rtp(172, 0x55);
    rtp[0] = 0x80, rtp[1] = 0;
    const t::Octets packet = t::ip_packet(a, b, 17, t::udp(4000, 4002, rtp));
    return wrapped ? t::ethernet(0x8100, t::vlan(7, t::ethertype_of(packet), packet)) : t::ethernet(packet);
}

void copy(benchmark::State& state) {
    const t::Octets frame = rtp_frame(false);
    t::Octets to(frame.size());
    for (auto _ : state) {
        std::memcpy(to.data(), frame.data(), frame.size());
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
}
BENCHMARK(copy);

// Argument: 0 Ethernet, IPv4, UDP; 1 with a VLAN, over IPv6.
void decode_packet(benchmark::State& state) {
    const t::Octets frame = rtp_frame(state.range(0) != 0);
    const RawPacket raw{0, frame, static_cast<std::uint32_t>(frame.size()), 1};
    for (auto _ : state) {
        PacketView view;
        benchmark::DoNotOptimize(decode(raw, view));
        benchmark::DoNotOptimize(view);
    }
}
BENCHMARK(decode_packet)->Arg(0)->Arg(1);

// Argument: flows; packets of them at random.
void find_flow(benchmark::State& state) {
    const auto flows = static_cast<std::uint32_t>(state.range(0));
    FlowTable table(flows, {1, 2});
    table.begin(0);
    std::mt19937 random(7);
    std::vector<PacketView> packets(flows);
    for (PacketView& p : packets) {
        p.src = wire::IpAddress::v4(static_cast<std::uint32_t>(random()));
        p.dst = wire::IpAddress::v4(static_cast<std::uint32_t>(random()));
        p.src_port = static_cast<std::uint16_t>(random());
        p.dst_port = 5060;
        p.protocol = kProtoUdp;
        (void)table.find_or_add(table.key_of(p), p);
    }
    for (auto _ : state) {
        const PacketView& p = packets[random() % flows];
        benchmark::DoNotOptimize(table.find(table.key_of(p), p));
    }
}
BENCHMARK(find_flow)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

void duplicate_filter(benchmark::State& state) {
    DuplicateFilter filter({1, 2});
    const t::Octets frame = rtp_frame(false);
    PacketView view;
    (void)decode(RawPacket{0, frame, static_cast<std::uint32_t>(frame.size()), 1}, view);
    for (auto _ : state) {
        ++view.ip_id;
        view.time += 10'000;
        benchmark::DoNotOptimize(filter.look(view, 0));
    }
}
BENCHMARK(duplicate_filter);

// As a desk phone sends it through a proxy: 1,069 octets.
std::string invite() {
    const std::string sdp =
        "v=0\r\no=- 3929 3929 IN IP4 192.0.2.10\r\ns=call\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 9 8 0 18 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        "a=ptime:20\r\na=sendrecv\r\na=rtcp:40001\r\n";
    return "INVITE sip:+4930123456@example.org;user=phone SIP/2.0\r\n"
           "Via: SIP/2.0/UDP 192.0.2.30:5060;branch=z9hG4bK776asdhds.1;rport\r\n"
           "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;received=192.0.2.10;rport=5060\r\n"
           "Record-Route: <sip:192.0.2.30;lr>\r\nMax-Forwards: 69\r\n"
           "From: \"Alice Example\" <sip:alice@example.org>;tag=1928301774\r\nTo: <sip:+4930123456@example.org;user=phone>\r\n"
           "Contact: <sip:alice@192.0.2.10:5060;transport=udp>\r\nCall-ID: a84b4c76e66710@192.0.2.10\r\nCSeq: 314159 INVITE\r\n"
           "P-Asserted-Identity: <sip:alice@example.org>\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n"
           "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, PRACK\r\nSupported: replaces, timer, 100rel\r\n"
           "User-Agent: Example Phone 10.1.2.3\r\nContent-Type: application/sdp\r\nContent-Length: " +
           std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
}

void parse_invite(benchmark::State& state) {
    const std::string text = invite();
    for (auto _ : state) {
        SipMessage m;
        Sdp sdp;
        benchmark::DoNotOptimize(parse_sip(text, text.size(), m));
        benchmark::DoNotOptimize(parse_sdp(m.body, sdp));
        benchmark::DoNotOptimize(sdp);
    }
    state.counters["octets"] = static_cast<double>(text.size());
}
BENCHMARK(parse_invite);

// Packs the first record of a kind that a call gives, again and again.
class Packer : public RecordSink {
  public:
    Packer(benchmark::State& state, templates::RecordKind kind) : state_(state), kind_(kind) {
        const auto spec = templates::parse_template_spec("voip");
        const auto plan = templates::plan_templates(*spec, {.version = 10});
        projection_.emplace(plan->templates[*templates::pick_template(plan->templates, kind, 4)]);
    }
    bool wants(templates::RecordKind kind) const override { return kind == kind_; }
    bool wants_snapshots(templates::RecordKind) const override { return false; }
    void emit(const RecordSource& source) override {
        if (std::exchange(done_, true)) return;
        for (auto _ : state_) {
            const RecordSource fresh = source;  // nothing that an earlier one has worked out
            benchmark::DoNotOptimize(projection_->pack(fresh));
        }
    }

  private:
    benchmark::State& state_;
    templates::RecordKind kind_;
    std::optional<Projection> projection_;
    bool done_ = false;
};

// Argument: 0 flow, 1 call, 2 stream.
void pack_record(benchmark::State& state) {
    constexpr std::array kinds{templates::RecordKind::flow, templates::RecordKind::call, templates::RecordKind::stream};
    Packer packer(state, kinds[static_cast<std::size_t>(state.range(0))]);
    Pipeline pipeline({}, packer);
    for (const t::TimedPacket& p : t::call_packets({})) {
        const t::Octets frame = t::ethernet(p.octets);
        pipeline.process(RawPacket{p.time, frame, static_cast<std::uint32_t>(frame.size()), 1});
    }
    pipeline.finish();
}
BENCHMARK(pack_record)->Arg(0)->Arg(1)->Arg(2);

}  // namespace

BENCHMARK_MAIN();
