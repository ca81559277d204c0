#include "tools/pcapgen/rtcp.hpp"

#include <algorithm>
#include <cmath>

namespace voipprobe::pcapgen {
namespace {

constexpr std::uint64_t kNtpOffset = 2'208'988'800;  // 1900 to 1970

void append32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append_header(std::vector<std::uint8_t>& out, std::uint32_t count, std::uint32_t type,
                   std::uint32_t words) {
    append32(out, 0x80000000U | count << 24 | type << 16 | words);
}

}  // namespace

void ReceiverState::add(Nanos time, std::uint16_t seq, std::uint32_t timestamp, bool event) noexcept {
    if (received_++ == 0) {
        base_ = highest_ = seq;
    } else {
        const std::int64_t extended =
            highest_ + static_cast<std::int16_t>(seq - static_cast<std::uint16_t>(highest_));
        highest_ = std::max(highest_, extended);
    }
    if (event) return;
    if (have_reference_) {
        const double d = static_cast<double>(time - reference_time_) * 1e-9 * clock_ -
                         static_cast<double>(static_cast<std::int32_t>(timestamp - reference_timestamp_));
        jitter_ += (std::abs(d) - jitter_) / 16;
    }
    have_reference_ = true;
    reference_time_ = time;
    reference_timestamp_ = timestamp;
}

ReceiverState::Block ReceiverState::report() noexcept {
    Block block;
    const std::int64_t expected = highest_ - base_ + 1;
    const std::int64_t expected_now = expected - expected_before_;
    const std::int64_t lost_now = expected_now - (received_ - received_before_);
    if (expected_now > 0 && lost_now > 0)
        block.fraction_lost =
            static_cast<std::uint8_t>(std::min<std::int64_t>(255, 256 * lost_now / expected_now));
    const std::int64_t lost = std::clamp<std::int64_t>(expected - received_, -0x800000, 0x7fffff);
    block.cumulative_lost = static_cast<std::uint32_t>(lost) & 0xffffff;
    block.extended_highest = static_cast<std::uint32_t>(highest_);
    block.jitter = static_cast<std::uint32_t>(jitter_);
    expected_before_ = expected;
    received_before_ = received_;
    return block;
}

std::uint64_t ntp_time(Nanos time) noexcept {
    const auto seconds = static_cast<std::uint64_t>(time / kSecond) + kNtpOffset;
    const auto fraction =
        (static_cast<std::uint64_t>(time % kSecond) << 32) / static_cast<std::uint64_t>(kSecond);
    return seconds << 32 | fraction;
}

std::vector<std::uint8_t> rtcp_packet(const SenderReport& report) {
    std::vector<std::uint8_t> out;
    const std::uint32_t blocks = report.hears ? 1 : 0;
    append_header(out, blocks, report.sends ? 200 : 201, (report.sends ? 6 : 1) + 6 * blocks);
    append32(out, report.ssrc);
    if (report.sends) {
        const std::uint64_t ntp = ntp_time(report.time);
        append32(out, static_cast<std::uint32_t>(ntp >> 32));
        append32(out, static_cast<std::uint32_t>(ntp));
        append32(out, report.timestamp);
        append32(out, report.packets);
        append32(out, report.octets);
    }
    if (report.hears) {
        append32(out, report.heard_ssrc);
        append32(out,
                 static_cast<std::uint32_t>(report.block.fraction_lost) << 24 | report.block.cumulative_lost);
        append32(out, report.block.extended_highest);
        append32(out, report.block.jitter);
        append32(out, report.last_sr);
        append32(out, report.delay_since_last);
    }
    // SDES: one chunk, CNAME, ended by at least one null octet and padded to 32 bits.
    std::vector<std::uint8_t> item = {1, static_cast<std::uint8_t>(report.cname.size())};
    item.insert(item.end(), report.cname.begin(), report.cname.end());
    item.resize((item.size() / 4 + 1) * 4);
    append_header(out, 1, 202, 1 + static_cast<std::uint32_t>(item.size() / 4));
    append32(out, report.ssrc);
    out.insert(out.end(), item.begin(), item.end());
    return out;
}

}  // namespace voipprobe::pcapgen
