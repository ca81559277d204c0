#include "tools/pcapgen/call.hpp"

#include <algorithm>
#include <array>

namespace voipprobe::pcapgen {
namespace {

constexpr Nanos kT1 = 500 * kMillisecond;  // first retransmission (RFC 3261 section 17.1.1.1)
constexpr std::uint32_t kHosts = 60'000;
constexpr std::uint32_t kMediaPorts = 20'000;

std::string hex(std::uint64_t value) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[value >> shift & 15];
    return text;
}

// Caller hosts live in 10.0.0.0/9, callees in 10.128.0.0/9, the proxy is 10.255.255.1 (subnets 1 to 3 of
// IPv6).
Endpoint host(const Options& options, std::uint32_t side, std::uint32_t number, std::uint16_t port) {
    if (options.ipv6) return endpoint_v6(side + 1, number + 1, port);
    const std::uint32_t net = 10U << 24 | (side == 2 ? 0xfffe00U : side << 23);
    return endpoint_v4(net + number + 1 + number / 254 * 2, port);
}

// Builds the script: every message on every hop it crosses, in order.
class Script {
  public:
    Script(Call& call, bool sip) : call_(call), sip_(sip) {}

    void message(SipKind kind, Nanos time, bool from_caller, bool repeated = false) {
        if (!sip_) return;
        const bool proxied = call_.parties.through_proxy;
        const std::uint8_t first = from_caller || !proxied ? 0 : 1;
        call_.script.push_back({time, kind, first, from_caller, repeated});
        if (proxied)
            call_.script.push_back(
                {time + kProxyDelay, kind, static_cast<std::uint8_t>(1 - first), from_caller, repeated});
    }
    // 100 Trying goes one hop only, and each hop has its own.
    void trying(Nanos invite, Nanos time) {
        if (!sip_) return;
        const bool proxied = call_.parties.through_proxy;
        if (proxied) call_.script.push_back({invite + kProxyDelay / 2, SipKind::kTrying, 0, false, false});
        call_.script.push_back(
            {time, SipKind::kTrying, static_cast<std::uint8_t>(proxied ? 1 : 0), false, false});
    }
    void finish() {
        std::stable_sort(call_.script.begin(), call_.script.end(),
                         [](const SipStep& a, const SipStep& b) { return a.time < b.time; });
    }

    static constexpr Nanos kProxyDelay = 800'000;

  private:
    Call& call_;
    bool sip_;
};

struct Timing {
    Nanos caller_trip;  // capture point to caller and back
    Nanos callee_trip;  // capture point to callee and back
};

// Busy, no answer, cancelled, rejected: how a call ends before it began.
void plan_failure(Call& call, Script& script, Rng& rng, Nanos trying, const Timing& trip) {
    enum { kBusy, kNoAnswer, kCancelEarly, kDecline, kUnavailable, kServerError, kNotFound, kWays };
    const std::uint32_t way = rng.below(kWays);
    constexpr std::array<std::uint32_t, kWays> kCodes = {486, 487, 487, 603, 480, 503, 404};
    call.parties.failure_code = kCodes[way];
    Nanos ringing = trying + rng.between(30 * kMillisecond, 400 * kMillisecond);
    Nanos end = ringing;
    if (way == kNoAnswer || way == kDecline || way == kUnavailable) {
        script.message(SipKind::kRinging, ringing, false);
        end = ringing + rng.between(2 * kSecond, way == kDecline ? 6 * kSecond : 12 * kSecond);
    }
    if (way == kNoAnswer || way == kCancelEarly) {
        script.message(SipKind::kCancel, end, true);
        end += trip.callee_trip + rng.between(kMillisecond, 5 * kMillisecond);
        script.message(SipKind::kCancelOk, end, false);
        end += kMillisecond;
    }
    script.message(SipKind::kFailure, end, false);
    script.message(SipKind::kFailureAck, end + 2 * Script::kProxyDelay + trip.caller_trip, true);
}

std::unique_ptr<Stream> make_stream(const Options& options, const Call& call, Rng& rng, std::uint32_t side,
                                    std::vector<std::pair<Nanos, Nanos>> segments) {
    RtpSourceConfig config;
    config.codec = call.parties.codec;
    config.ptime_ms = call.parties.ptime_ms;
    config.ssrc = rng.next32();
    config.first_seq = static_cast<std::uint16_t>(rng.next32());
    config.first_timestamp = rng.next32();
    if (options.first_seq) config.first_seq = *options.first_seq;
    if (options.first_timestamp) config.first_timestamp = *options.first_timestamp;
    config.telephone_event = options.telephone_event && side == 0;
    config.segments = std::move(segments);
    const Endpoint& caller = call.parties.caller_media;
    const Endpoint& callee = call.parties.callee_media;
    auto stream = std::make_unique<Stream>(std::move(config), options, Rng(rng.next()),
                                           side == 0 ? caller : callee, side == 0 ? callee : caller);
    if (!options.truth_base.empty()) stream->truth.emplace(call.parties.codec.clock);
    return stream;
}

void plan_hold(Script& script, const Timing& trip, Nanos from, Nanos to, Nanos duration,
               std::vector<std::pair<Nanos, Nanos>>& segments) {
    const Nanos hold = from + duration * 2 / 5;
    const Nanos resume = from + duration * 3 / 5;
    const Nanos answer = trip.callee_trip + 2 * kMillisecond + 2 * Script::kProxyDelay;
    const Nanos ack = answer + trip.caller_trip + 2 * kMillisecond;
    script.message(SipKind::kHoldInvite, hold, true);
    script.message(SipKind::kHoldOk, hold + answer, false);
    script.message(SipKind::kHoldAck, hold + ack, true);
    script.message(SipKind::kResumeInvite, resume, true);
    script.message(SipKind::kResumeOk, resume + answer, false);
    script.message(SipKind::kResumeAck, resume + ack, true);
    segments = {{from, hold + answer}, {resume + answer, to}};
}

void plan_talk(const Options& options, Call& call, Script& script, Rng& rng, Nanos trying,
               const Timing& trip) {
    const Nanos ringing = trying + rng.between(30 * kMillisecond, 400 * kMillisecond);
    const Nanos progress = ringing + rng.between(50 * kMillisecond, 250 * kMillisecond);
    const Nanos ok = progress + rng.between(500 * kMillisecond, 3 * kSecond);
    const Nanos ack =
        ok + 2 * Script::kProxyDelay + trip.caller_trip + rng.between(kMillisecond, 4 * kMillisecond);
    const auto duration = static_cast<Nanos>(options.duration_s * 1e9);
    const Nanos bye = ack + duration;
    const bool repeats = rng.chance(options.retransmit);
    const Nanos bye_trip = 2 * Script::kProxyDelay +
                           (call.parties.bye_by_caller ? trip.callee_trip : trip.caller_trip) +
                           rng.between(kMillisecond, 4 * kMillisecond);
    const bool by_caller = call.parties.bye_by_caller;

    script.message(SipKind::kRinging, ringing, false);
    if (options.early_media) script.message(SipKind::kProgress, progress, false);
    script.message(SipKind::kOk, ok, false);
    script.message(SipKind::kAck, ack, true);
    if (repeats && duration > 2 * kT1) {
        script.message(SipKind::kOk, ok + kT1, false, true);
        script.message(SipKind::kAck, ack + kT1, true, true);
    }
    script.message(SipKind::kBye, bye, by_caller);
    if (repeats) script.message(SipKind::kBye, bye + kT1, by_caller, true);
    script.message(SipKind::kByeOk, bye + (repeats ? kT1 : 0) + bye_trip, !by_caller);

    // Media: the callee may speak from 183 or 200 on, the caller once it has the 200.
    std::vector<std::pair<Nanos, Nanos>> caller_sends = {{ack, bye}};
    std::vector<std::pair<Nanos, Nanos>> callee_sends = {{ok + kMillisecond, bye}};
    if (options.hold && duration >= 2 * kSecond) {
        plan_hold(script, trip, ack, bye, duration, caller_sends);
        callee_sends = {{ok + kMillisecond, caller_sends[0].second}, caller_sends[1]};
    }
    if (options.early_media) callee_sends.front().first = progress + kMillisecond;
    call.one_way = rng.chance(options.one_way);
    call.streams[0] = make_stream(options, call, rng, 0, caller_sends);
    call.streams[1] = make_stream(options, call, rng, 1,
                                  call.one_way ? std::vector<std::pair<Nanos, Nanos>>{} : callee_sends);
}

void name_parties(const Options& options, SipParties& parties, Rng& rng, std::uint64_t index) {
    const auto number = static_cast<std::uint32_t>(index % kHosts);
    const auto media_port = static_cast<std::uint16_t>(10'000 + 2 * (index % kMediaPorts));
    parties.call_id = hex(rng.next()) + "@pcapgen";
    parties.caller_user = std::to_string(1'000'000 + index);
    parties.callee_user = std::to_string(5'000'000 + index);
    parties.caller_tag = hex(rng.next()).substr(8);
    parties.callee_tag = hex(rng.next()).substr(8);
    parties.branch = hex(rng.next());
    parties.caller = host(options, 0, number, options.sip_port);
    parties.callee = host(options, 1, number, options.sip_port);
    parties.proxy = host(options, 2, 0, options.sip_port);
    parties.caller_media = host(options, 0, number, media_port);
    parties.callee_media = host(options, 1, number, media_port);
}

}  // namespace

Stream::Stream(RtpSourceConfig config, const Options& options, Rng rng, const Endpoint& source_end,
               const Endpoint& sink_end)
    : from(source_end),
      to(sink_end),
      source(config, Rng(rng.next())),
      impairment(options, Rng(rng.next())),
      rtp_frame(options, source_end, sink_end, Protocol::kUdp),
      receiver(config.codec.clock) {
    Endpoint rtcp_from = source_end;
    Endpoint rtcp_to = sink_end;
    ++rtcp_from.port;
    ++rtcp_to.port;
    rtcp_frame = FrameTemplate(options, rtcp_from, rtcp_to, Protocol::kUdp);
}

double mean_call_seconds(const Options& options) noexcept {
    constexpr double kMeanSetup = 2.4;
    return options.duration_s + kMeanSetup + 3 * options.rtt_ms / 2000;
}

std::unique_ptr<Call> plan_call(const Options& options, std::uint64_t index, Nanos start) {
    Rng rng(options.seed, 2 * index + 1);
    auto call = std::make_unique<Call>();
    auto& parties = call->parties;
    name_parties(options, parties, rng, index);
    parties.codec = options.codecs[index % options.codecs.size()];
    parties.ptime_ms = options.ptime_ms ? options.ptime_ms : parties.codec.default_ms;
    parties.through_proxy = options.proxy;
    parties.telephone_event = options.telephone_event;
    parties.bye_by_caller = rng.chance(0.5);

    const auto half = static_cast<Nanos>(options.rtt_ms * 0.5 * static_cast<double>(kMillisecond));
    const Timing trip{half, half};
    Script script(*call, !options.no_sip);
    const bool fails = rng.chance(options.failed);
    const bool repeats = rng.chance(options.retransmit);
    script.message(SipKind::kInvite, start, true);
    if (repeats) script.message(SipKind::kInvite, start + kT1, true, true);
    const Nanos trying = start + (repeats ? kT1 : 0) + 2 * Script::kProxyDelay + trip.callee_trip +
                         rng.between(kMillisecond, 10 * kMillisecond);
    script.trying(start + (repeats ? kT1 : 0), trying);
    if (fails) {
        plan_failure(*call, script, rng, trying, trip);
    } else {
        plan_talk(options, *call, script, rng, trying, trip);
    }
    script.finish();
    return call;
}

std::unique_ptr<Call> plan_registration(const Options& options, std::uint64_t index, Nanos start) {
    Rng rng(options.seed, 2 * index + 2);
    auto call = std::make_unique<Call>();
    call->registration = true;
    name_parties(options, call->parties, rng, index);
    call->parties.callee = call->parties.proxy;  // the registrar
    const Nanos trip =
        static_cast<Nanos>(options.rtt_ms * 0.5 * static_cast<double>(kMillisecond)) + kMillisecond;
    Nanos time = start;
    for (const auto kind :
         {SipKind::kRegister, SipKind::kUnauthorized, SipKind::kRegisterAgain, SipKind::kRegisterOk}) {
        const bool request = kind == SipKind::kRegister || kind == SipKind::kRegisterAgain;
        call->script.push_back({time, kind, 0, request, false});
        time += trip;
    }
    return call;
}

}  // namespace voipprobe::pcapgen
