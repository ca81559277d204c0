#include "tools/pcapgen/rtp_source.hpp"

#include <algorithm>
#include <cstring>

namespace voipprobe::pcapgen {
namespace {

// A digit: 8 packets that grow, the last of them with the end bit, sent three times (RFC 4733
// section 2.5.1.4).
constexpr std::uint64_t kDigitGrowing = 8;
constexpr std::uint64_t kDigitPackets = 10;
constexpr std::uint64_t kDigitPeriod = 150;  // in packets: every 3 s at 20 ms
constexpr std::uint64_t kDigitOffset = 50;

}  // namespace

RtpSource::RtpSource(RtpSourceConfig config, Rng rng)
    : config_(std::move(config)),
      rng_(rng),
      start_(config_.segments.empty() ? 0 : config_.segments.front().first),
      interval_(config_.ptime_ms * kMillisecond),
      seq_(config_.first_seq) {}

std::uint32_t RtpSource::timestamp_at(Nanos time) const noexcept {
    // Whole samples: ns * clock / 1e9 without overflow for any call length.
    const Nanos since = time - start_;
    const Nanos seconds = since / kSecond;
    const Nanos rest = since % kSecond;
    const auto clock = static_cast<Nanos>(config_.codec.clock);
    return config_.first_timestamp + static_cast<std::uint32_t>(seconds * clock + rest * clock / kSecond);
}

RtpPacket RtpSource::audio() {
    RtpPacket packet;
    packet.payload_type = config_.codec.payload_type;
    packet.marker = marker_next_;
    packet.timestamp =
        config_.first_timestamp + static_cast<std::uint32_t>(tick_) * config_.codec.samples(config_.ptime_ms);
    std::uint32_t size = config_.codec.payload_octets(config_.ptime_ms);
    if (config_.codec.spread > 0) size += rng_.below(config_.codec.spread) - config_.codec.spread / 2;
    packet.payload_octets = static_cast<std::uint16_t>(size);
    const auto room = static_cast<std::uint32_t>(PayloadPattern::kSize - size - 2);
    packet.pattern_at = static_cast<std::uint16_t>((static_cast<std::uint32_t>(tick_) * 334U % room) & ~1U);
    marker_next_ = false;
    return packet;
}

RtpPacket RtpSource::digit(std::uint64_t position) {
    const std::uint32_t samples = config_.codec.samples(config_.ptime_ms);
    if (position == 0) {
        event_timestamp_ = config_.first_timestamp + static_cast<std::uint32_t>(tick_) * samples;
        digit_ = static_cast<std::uint8_t>(rng_.below(12));
    }
    RtpPacket packet;
    packet.event = true;
    packet.payload_type = kTelephoneEventType;
    packet.marker = position == 0;
    packet.timestamp = event_timestamp_;
    packet.payload_octets = 4;
    const std::uint64_t grown = std::min(position + 1, kDigitGrowing);
    const std::uint32_t end_and_volume = (grown == kDigitGrowing ? 0x80U : 0U) | 10U;
    packet.event_word = static_cast<std::uint32_t>(digit_) << 24 | end_and_volume << 16 |
                        (static_cast<std::uint32_t>(grown) * samples & 0xffff);
    return packet;
}

std::optional<RtpSource::Sent> RtpSource::next() {
    for (; segment_ < config_.segments.size(); ++segment_, marker_next_ = true, digit_open_ = false) {
        const auto [from, to] = config_.segments[segment_];
        const auto first = static_cast<std::uint64_t>((from - start_ + interval_ - 1) / interval_);
        tick_ = std::max(tick_, first);
        const Nanos time = start_ + static_cast<Nanos>(tick_) * interval_;
        if (time >= to) continue;
        Sent out;
        out.time = time;
        const std::uint64_t position = (tick_ + kDigitPeriod - kDigitOffset) % kDigitPeriod;
        const bool in_digit = config_.telephone_event && tick_ >= kDigitOffset && position < kDigitPackets &&
                              (position == 0 || digit_open_);
        digit_open_ = in_digit;
        out.packet = in_digit ? digit(position) : audio();
        out.packet.seq = seq_++;
        ++tick_;
        ++sent_;
        sent_octets_ += out.packet.payload_octets;
        return out;
    }
    return std::nullopt;
}

std::size_t write_rtp(FrameTemplate& frame, const RtpSourceConfig& config, const RtpPacket& packet,
                      const PayloadPattern& pattern, std::uint8_t* out) {
    std::uint8_t* rtp = out + frame.header_size();
    rtp[0] = 0x80;
    rtp[1] = static_cast<std::uint8_t>(packet.payload_type | (packet.marker ? 0x80 : 0));
    put16(rtp + 2, packet.seq);
    put32(rtp + 4, packet.timestamp);
    put32(rtp + 8, config.ssrc);
    std::uint64_t sum = sum_words(rtp, 12);
    std::uint8_t* payload = rtp + 12;
    if (packet.event) {
        put32(payload, packet.event_word);
        sum += sum_words(payload, 4);
    } else {
        std::memcpy(payload, pattern.at(packet.pattern_at), packet.payload_octets);
        std::memcpy(payload, config.codec.head.data(), config.codec.head_size);
        // Only the first word may differ from the pattern.
        sum += sum_words(payload, 2) + pattern.sum(packet.pattern_at + 2U, packet.payload_octets - 2U);
    }
    frame.write(out, rtp_octets(packet), sum);
    return frame.header_size() + rtp_octets(packet);
}

}  // namespace voipprobe::pcapgen
