#include "tools/pcapgen/generator.hpp"

#include <algorithm>
#include <cstring>

namespace voipprobe::pcapgen {
namespace {

constexpr Nanos kRtcpInterval = 5 * kSecond;  // RFC 3550 section 6.2
constexpr Nanos kFirstRtcp = 500 * kMillisecond;

}  // namespace

Generator::Generator(const Options& options, PacketWriter& writer, TruthFiles& truth)
    : options_(options),
      writer_(writer),
      truth_(truth),
      pattern_(options.seed),
      background_(options, pattern_) {
    const auto whole = static_cast<Nanos>(options.start_epoch);
    const double fraction = options.start_epoch - static_cast<double>(whole);
    start_ = whole * kSecond + static_cast<Nanos>(fraction * 1e6 + 0.5) * 1000;
    last_time_ = start_;
    call_spacing_ns_ =
        options.concurrent > 0 ? mean_call_seconds(options) / options.concurrent * 1e9 : 1e9 / options.rate;
}

Summary Generator::run() {
    if (options_.calls > 0) queue_.push({start_, 0, 0, EventKind::kNextCall, 0});
    if (options_.registrations > 0) queue_.push({start_, 0, 0, EventKind::kNextRegistration, 0});
    while (!queue_.empty() && !stop()) dispatch(queue_.top());
    if (options_.calls == 0 && background_.wanted()) {
        for (std::uint64_t i = 0; i < options_.background_packets && !stop(); ++i)
            background_.write(writer_, start_ + static_cast<Nanos>(static_cast<double>(i) * 1e9 /
                                                                   options_.background_rate));
    }
    for (std::uint32_t slot = 0; slot < calls_.size(); ++slot)
        if (calls_[slot]) finish_call(slot);
    summary_.background = background_.packets();
    return summary_;
}

void Generator::dispatch(const Event& top) {
    const Event event = top;
    switch (event.kind) {
        case EventKind::kNextCall:
            start_call(event);
            break;
        case EventKind::kNextRegistration:
            start_registration(event);
            break;
        case EventKind::kSip:
            on_sip(event);
            break;
        case EventKind::kMedia:
            on_media(event);
            break;
        case EventKind::kLate:
            on_late(event);
            break;
        case EventKind::kRtcp:
            on_rtcp(event);
            break;
    }
}

void Generator::start_call(const Event& event) {
    queue_.pop();
    const std::uint64_t index = calls_started_++;
    if (calls_started_ < options_.calls) {
        const Nanos next =
            start_ + static_cast<Nanos>(call_spacing_ns_ * static_cast<double>(calls_started_));
        queue_.push({next, 0, 0, EventKind::kNextCall, 0});
    }
    ++summary_.calls;
    adopt(plan_call(options_, index, event.time));
}

void Generator::start_registration(const Event& event) {
    queue_.pop();
    const std::uint64_t index = registrations_started_++;
    if (registrations_started_ < options_.registrations) {
        // Spread over the time in which calls start.
        const double span =
            call_spacing_ns_ * static_cast<double>(std::max<std::uint64_t>(options_.calls, 1));
        const double at =
            span * static_cast<double>(registrations_started_) / static_cast<double>(options_.registrations);
        queue_.push({start_ + static_cast<Nanos>(at), 0, 0, EventKind::kNextRegistration, 0});
    }
    adopt(plan_registration(options_, index, event.time));
}

void Generator::adopt(std::unique_ptr<Call> call) {
    std::uint32_t slot = 0;
    if (free_calls_.empty()) {
        slot = static_cast<std::uint32_t>(calls_.size());
        calls_.emplace_back();
    } else {
        slot = free_calls_.back();
        free_calls_.pop_back();
    }
    Call& stored = *call;
    calls_[slot] = std::move(call);
    ++stored.pending;  // keeps the call alive while it is set up
    if (!stored.script.empty()) {
        ++stored.pending;
        queue_.push({stored.script.front().time, 0, slot, EventKind::kSip, 0});
    }
    for (std::uint8_t side = 0; side < 2; ++side) {
        auto* stream = stored.streams[side].get();
        if (stream == nullptr) continue;
        Event event{0, 0, slot, EventKind::kMedia, side};
        if (!prepare_next(*stream, event)) continue;
        ++summary_.streams;
        ++stored.pending;
        queue_.push(event);
    }
    if (options_.rtcp && stored.streams[0]) {
        const Nanos first = stored.streams[0]->source.start() + kFirstRtcp;
        for (std::uint8_t side = 0; side < 2; ++side) {
            ++stored.pending;
            queue_.push({first + side * kFirstRtcp, 0, slot, EventKind::kRtcp, side});
        }
    }
    drop_reference(slot);
}

bool Generator::prepare_next(Stream& stream, Event& event) {
    stream.sent_packets = stream.source.sent_packets();
    stream.sent_octets = stream.source.sent_octets();
    while (auto sent = stream.source.next()) {
        const Fate fate = stream.impairment.next();
        if (fate.lost) {
            ++summary_.dropped;
            continue;
        }
        stream.waiting = sent->packet;
        stream.waiting_fate = fate;
        event.time = sent->time + (stream.impairment.keeps_order() ? fate.delay : 0);
        // Under order-keeping jitter a packet never overtakes the one before it.
        event.time = std::max(event.time, stream.last_arrival);
        stream.last_arrival = event.time;
        return true;
    }
    return false;
}

void Generator::on_media(const Event& event) {
    Stream& stream = *calls_[event.slot]->streams[event.side];
    const RtpPacket packet = stream.waiting;
    const Fate fate = stream.waiting_fate;
    Event next = event;
    if (prepare_next(stream, next)) {
        queue_.replace_top(next);
    } else {
        queue_.pop();
        next.time = -1;  // the stream's reference is dropped below, once this packet is out
    }
    Nanos time = event.time + (stream.impairment.keeps_order() ? 0 : fate.delay);
    if (fate.held_back) time += stream.source.config().ptime_ms * kMillisecond * 3 / 2;
    if (fate.duplicated) hold_back(event.slot, event.side, packet, time + fate.duplicate_after);
    if (time > event.time) {
        hold_back(event.slot, event.side, packet, time);
    } else {
        write_media(stream, packet, time);
    }
    if (next.time < 0) drop_reference(event.slot);
}

void Generator::hold_back(std::uint32_t call, std::uint8_t side, const RtpPacket& packet, Nanos time) {
    std::uint32_t at = 0;
    if (free_late_.empty()) {
        at = static_cast<std::uint32_t>(late_.size());
        late_.emplace_back();
    } else {
        at = free_late_.back();
        free_late_.pop_back();
    }
    late_[at] = {call, packet};
    ++calls_[call]->pending;
    queue_.push({time, 0, at, EventKind::kLate, side});
}

void Generator::on_late(const Event& event) {
    queue_.pop();
    const Late late = late_[event.slot];
    free_late_.push_back(event.slot);
    write_media(*calls_[late.call]->streams[event.side], late.packet, event.time);
    drop_reference(late.call);
}

void Generator::write_media(Stream& stream, const RtpPacket& packet, Nanos time) {
    write_background_until(time);
    const Nanos written = writer_.as_written(time);
    std::uint8_t* out = writer_.begin(stream.rtp_frame.header_size() + rtp_octets(packet));
    const std::size_t size = write_rtp(stream.rtp_frame, stream.source.config(), packet, pattern_, out);
    writer_.finish(time, size);
    ++summary_.rtp;
    if (options_.rtcp) stream.receiver.add(time, packet.seq, packet.timestamp, packet.event);
    if (stream.truth)
        stream.truth->add(written, packet.seq, packet.timestamp, packet.payload_type, packet.marker,
                          packet.payload_octets, packet.event);
}

void Generator::on_sip(const Event& event) {
    Call& call = *calls_[event.slot];
    const SipStep& step = call.script[call.next_step++];
    const auto& parties = call.parties;
    // Hop 0 lies between caller and proxy (or callee), hop 1 between proxy and callee.
    const Endpoint& left = step.hop == 0 ? parties.caller : parties.proxy;
    const Endpoint& right = step.hop == 0 && parties.through_proxy ? parties.proxy : parties.callee;
    const Endpoint& from = step.from_caller ? left : right;
    const Endpoint& to = step.from_caller ? right : left;
    const std::string text = sip_message(parties, step);
    write_background_until(event.time);
    FrameTemplate frame(options_, from, to, Protocol::kUdp);
    std::uint8_t* out = writer_.begin(frame.header_size() + text.size());
    std::memcpy(out + frame.header_size(), text.data(), text.size());
    frame.write(out, text.size(), sum_words(out + frame.header_size(), text.size()));
    writer_.finish(event.time, frame.header_size() + text.size());
    ++summary_.sip;
    call.truth.add(step, writer_.as_written(event.time), parties.failure_code, from, to);

    if (call.next_step < call.script.size()) {
        Event next = event;
        next.time = call.script[call.next_step].time;
        queue_.replace_top(next);
    } else {
        queue_.pop();
        drop_reference(event.slot);
    }
}

void Generator::on_rtcp(const Event& event) {
    Call& call = *calls_[event.slot];
    Stream& own = *call.streams[event.side];
    Stream& heard = *call.streams[1U - event.side];
    const Nanos leg = static_cast<Nanos>(options_.rtt_ms * 0.25 * static_cast<double>(kMillisecond));
    const Nanos last = call.streams[0]->source.end();
    if (event.time >= last) {
        queue_.pop();
        drop_reference(event.slot);
        return;
    }
    SenderReport report;
    report.ssrc = own.source.config().ssrc;
    report.time = event.time - leg;
    report.sends = own.sent_packets > 0;
    report.timestamp = own.source.timestamp_at(report.time);
    report.packets = own.sent_packets;
    report.octets = own.sent_octets;
    report.hears = heard.receiver.heard();
    report.heard_ssrc = heard.source.config().ssrc;
    report.cname = (event.side == 0 ? call.parties.caller_user : call.parties.callee_user) + "@pcapgen";
    if (report.hears) {
        report.block = heard.receiver.report();
        if (heard.last_sr_at_hearer >= 0 && heard.last_sr_at_hearer <= report.time) {
            report.last_sr = heard.last_sr;
            const Nanos held = report.time - heard.last_sr_at_hearer;
            report.delay_since_last =
                static_cast<std::uint32_t>(held / kSecond * 65536 + held % kSecond * 65536 / kSecond);
            call.rtt_seen[event.side] = true;
        }
    }
    if (report.sends) {
        own.last_sr = static_cast<std::uint32_t>(ntp_time(report.time) >> 16);
        own.last_sr_at_hearer = event.time + leg;
    }
    const auto packet = rtcp_packet(report);
    write_background_until(event.time);
    std::uint8_t* out = writer_.begin(own.rtcp_frame.header_size() + packet.size());
    std::memcpy(out + own.rtcp_frame.header_size(), packet.data(), packet.size());
    own.rtcp_frame.write(out, packet.size(), sum_words(packet.data(), packet.size()));
    writer_.finish(event.time, own.rtcp_frame.header_size() + packet.size());
    ++summary_.rtcp;
    Event next = event;
    next.time += kRtcpInterval;
    queue_.replace_top(next);
}

void Generator::write_background_until(Nanos time) {
    if (background_.wanted() && options_.background_share > 0) {
        background_credit_ += options_.background_share / (1 - options_.background_share);
        const auto count = static_cast<Nanos>(background_credit_);
        background_credit_ -= static_cast<double>(count);
        for (Nanos i = 1; i <= count; ++i)
            background_.write(writer_, last_time_ + (time - last_time_) * i / (count + 1));
    }
    last_time_ = time;
}

void Generator::drop_reference(std::uint32_t slot) {
    if (--calls_[slot]->pending > 0) return;
    finish_call(slot);
}

void Generator::finish_call(std::uint32_t slot) {
    Call& call = *calls_[slot];
    if (!call.registration) truth_.add_call(call.parties, call.truth);
    const double rtt = call.rtt_seen[0] && call.rtt_seen[1] ? options_.rtt_ms : -1;
    for (std::size_t side = 0; side < 2; ++side) {
        const auto* stream = call.streams[side].get();
        if (stream == nullptr || !stream->truth) continue;
        truth_.add_stream(stream->from, stream->to, stream->source.config().ssrc,
                          options_.no_sip ? std::string() : call.parties.call_id,
                          side == 0 ? "callee" : "caller", call.parties.codec, *stream->truth, rtt);
    }
    calls_[slot].reset();
    free_calls_.push_back(slot);
}

}  // namespace voipprobe::pcapgen
