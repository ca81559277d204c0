// What every threat is measured by: the attack crosses the link first, then an ordinary call; the call must be the call of
// a quiet link, and every packet must be accounted for.
#pragma once

#include <ctime>

#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {

class HostileLink {
  public:
    explicit HostileLink(const probe::PipelineConfig& config = {}) : pipeline_(config, sink) {}

    // An IP packet, or with `link` whatever that link type carries; 1 us after the one before.
    void send(const Octets& packet, std::uint16_t link = probe::kLinkRaw) { send(raw(next_ += wire::kMicrosecond, packet, link)); }
    void send(const probe::RawPacket& packet) { pipeline_.process(packet); }
    void udp_from(const std::string& source, std::uint16_t from, std::uint16_t to, const Octets& payload) {
        send(ip_packet(ip(source.c_str()), ip("203.0.113.9"), 17, udp(from, to, payload), {id_++}));
    }
    void sip_from(const std::string& source, const std::string& text) { udp_from(source, 5060, 5060, octets_of(text)); }

    void expect_the_next_call_intact() {
        EXPECT_EQ(after_attack(), quiet());
        expect_conserved(pipeline_.counters());
    }
    std::uint64_t dropped(probe::DropReason r) const { return pipeline_.counters().dropped[static_cast<std::size_t>(r)]; }
    std::uint64_t malformed(probe::SipDefect d) const { return pipeline_.counters().sip_malformed[static_cast<std::size_t>(d)]; }
    probe::Pipeline& pipeline() { return pipeline_; }
    CollectingSink sink;

  private:
    static std::string of_the_call(const CollectingSink& all) {
        CollectingSink one;
        for (const probe::Call& c : all.calls)
            if (c.call_id == "wrapped@example.org") one.calls.push_back(c);
        for (const SeenStream& s : all.streams)
            if (s.call_id == "wrapped@example.org") one.streams.push_back(s);
        return summary(one, false);
    }
    static std::string quiet() {
        CollectingSink sink;
        probe::Pipeline pipeline({}, sink);
        for (const TimedPacket& p : call_packets({})) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline.finish();
        return of_the_call(sink);
    }
    std::string after_attack() {
        for (const TimedPacket& p : call_packets({})) pipeline_.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline_.finish();
        return of_the_call(sink);
    }

    wire::TimeNs next_ = kCallStart - 100 * wire::kSecond;
    std::uint16_t id_ = 1;
    probe::Pipeline pipeline_;
};

// CPU time of `work` in nanoseconds, the least of `times`: what the machine's other programs do does not count.
template <typename Work>
double cpu_ns(Work&& work, int times = 5) {
    double best = 1e18;
    for (int i = 0; i < times; ++i) {
        timespec a{}, b{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
        work();
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
        best = std::min(best, static_cast<double>(b.tv_sec - a.tv_sec) * 1e9 + static_cast<double>(b.tv_nsec - a.tv_nsec));
    }
    return best;
}

}  // namespace voipprobe::test
