#include "probe/voip/sip/tcp_streams.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "probe/voip/sip/sip_framing.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kIdleSegments = 16;  // of a connection without any message: then it is something else

std::int32_t distance(std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); }

}  // namespace

SipTcpStreams::SipTcpStreams(const SipTcpLimits& limits)
    : limits_(limits), streams_(limits.streams + std::size_t{1}), buffers_(limits.buffers + std::size_t{1}), inner_(limits.inner) {}

// ---- connections ---------------------------------------------------------------------------------------------

std::uint32_t SipTcpStreams::open(FlowIndex flow, FlowIndex& evicted) {
    evicted = 0;
    if (streams_in_use_ == limits_.streams) {
        if (oldest_stream_ == 0) return 0;
        evicted = streams_[oldest_stream_].flow;
        ++counters_.evicted_streams;
        close(oldest_stream_);
    }
    std::uint32_t i = free_stream_;
    if (i != 0) free_stream_ = streams_[i].newer;
    else i = next_stream_++;
    streams_[i] = Stream{};
    streams_[i].flow = flow;
    link(i);
    ++streams_in_use_;
    ++counters_.opened;
    return i;
}

void SipTcpStreams::close(std::uint32_t stream) {
    Stream& s = streams_[stream];
    for (Direction& d : s.way) give_back(d);
    if (s.inner != 0) inner_.close(s.inner);
    if (!s.any) ++counters_.closed_without_sip;
    unlink(stream);
    s.newer = free_stream_;
    free_stream_ = stream;
    --streams_in_use_;
    if (owner_ / 2 == stream) owner_ = 0;
}

void SipTcpStreams::link(std::uint32_t i) {
    streams_[i].older = newest_stream_;
    streams_[i].newer = 0;
    (newest_stream_ != 0 ? streams_[newest_stream_].newer : oldest_stream_) = i;
    newest_stream_ = i;
}

void SipTcpStreams::link_oldest(std::uint32_t i) {
    streams_[i].newer = oldest_stream_;
    streams_[i].older = 0;
    (oldest_stream_ != 0 ? streams_[oldest_stream_].older : newest_stream_) = i;
    oldest_stream_ = i;
}

void SipTcpStreams::unlink(std::uint32_t i) {
    const Stream& s = streams_[i];
    (s.older != 0 ? streams_[s.older].newer : oldest_stream_) = s.newer;
    (s.newer != 0 ? streams_[s.newer].older : newest_stream_) = s.older;
}

bool SipTcpStreams::hopeless(std::uint32_t stream) const {
    const Stream& s = streams_[stream];
    return !s.any && s.inner == 0 && s.way[0].idle_segments + s.way[1].idle_segments > kIdleSegments;
}

// ---- buffers -------------------------------------------------------------------------------------------------

std::uint32_t SipTcpStreams::take_buffer(std::uint32_t owner, std::uint32_t base) {
    if (free_buffer_ == 0 && next_buffer_ >= buffers_.capacity()) lose_oldest_buffer();
    std::uint32_t i = free_buffer_;
    if (i != 0) free_buffer_ = buffers_[i].newer;
    else if (next_buffer_ < buffers_.capacity()) i = next_buffer_++;
    else return 0;
    Buffer& b = buffers_[i];
    b.owner = owner;
    b.base = base;
    b.stretches = 0;
    b.older = newest_buffer_;
    b.newer = 0;
    (newest_buffer_ != 0 ? buffers_[newest_buffer_].newer : oldest_buffer_) = i;
    newest_buffer_ = i;
    ++buffers_in_use_;
    return i;
}

void SipTcpStreams::give_back(Direction& d) {
    if (d.buffer == 0) return;
    Buffer& b = buffers_[d.buffer];
    (b.older != 0 ? buffers_[b.older].newer : oldest_buffer_) = b.newer;
    (b.newer != 0 ? buffers_[b.newer].older : newest_buffer_) = b.older;
    b.newer = free_buffer_;
    free_buffer_ = d.buffer;
    d.buffer = 0;
    d.hole_since = wire::kNever;
    --buffers_in_use_;
}

// Its direction goes on behind what was in it.
void SipTcpStreams::lose_oldest_buffer() {
    if (oldest_buffer_ == 0) return;
    ++counters_.evicted_buffers;
    const Buffer& b = buffers_[oldest_buffer_];
    Direction& d = direction(b.owner);
    if (b.stretches != 0) d.next = b.base + b.stretch[b.stretches - 1].to;
    d.known = d.hunting = true;
    d.scanned = d.length = 0;
    give_back(d);
}

// ---- segments ------------------------------------------------------------------------------------------------

void SipTcpStreams::start(std::uint32_t stream, std::uint8_t way, std::uint32_t first) {
    Direction& d = streams_[stream].way[way];
    if (d.known && d.next - first < kMaxSipBody) return;  // the same connection's SYN, late
    give_back(d);
    d = Direction{};
    d.next = first;
    d.known = true;
}

void SipTcpStreams::add(std::uint32_t stream, std::uint8_t way, const PacketView& p) {
    unlink(stream);
    link(stream);
    owner_ = stream * 2 + way;
    segment_ = p.payload;
    segment_at_ = p.tcp_sequence + ((p.tcp_flags & kSyn) != 0 ? 1 : 0);
    direct_ = {};
    missing_ = static_cast<std::uint32_t>(p.payload_length - std::min<std::size_t>(p.payload_length, p.payload.size()));
    now_ = p.time;
    taken_ = 0;
    ending_ = false;
    Direction& d = direction(owner_);
    if (!d.known && d.buffer == 0 && (sip_start(segment_, false) != SipStart::no || inner_start(segment_) != InnerStart::no)) {
        d.next = segment_at_;
        d.known = true;
    }
    const bool fresh = !d.known || distance(d.next, segment_at_ + static_cast<std::uint32_t>(segment_.size())) > 0;
    if (!fresh) {
        counters_.copied_octets += segment_.size();
        segment_ = {};
        missing_ = 0;
        return;
    }
    ++d.packets;
    d.octets += p.ip_length;
}

void SipTcpStreams::finish(std::uint32_t stream, std::uint8_t way) {
    owner_ = stream * 2 + way;
    segment_ = direct_ = {};
    missing_ = 0;
    taken_ = 0;
    ending_ = true;
}

// The waiting segment becomes readable, in place or in the buffer. False when there is no room for it.
bool SipTcpStreams::absorb(Direction& d) {
    if (d.known) {
        const std::int32_t behind = distance(segment_at_, d.next);
        if (behind > 0) {
            const std::size_t n = std::min(static_cast<std::size_t>(behind), segment_.size());
            counters_.copied_octets += n;
            segment_ = segment_.subspan(n);
            segment_at_ += static_cast<std::uint32_t>(n);
            if (segment_.empty()) return true;
        }
        if (d.buffer == 0 && segment_at_ == d.next) {
            direct_ = std::exchange(segment_, {});
            return true;
        }
        if (d.buffer == 0 && segment_at_ - d.next + segment_.size() > kBuffer) {  // lost too much to wait for
            ++counters_.holes;
            d.next = segment_at_;
            d.hunting = true;
            d.scanned = d.length = 0;
            direct_ = std::exchange(segment_, {});
            return true;
        }
    }
    if (d.buffer == 0) {
        d.buffer = take_buffer(owner_, d.known ? d.next : segment_at_ - kBuffer / 2);
        if (d.buffer == 0) {
            ++counters_.unbuffered;
            segment_ = {};
            return true;
        }
    }
    if (!put(d)) {
        compact(d);
        if (!put(d)) return false;
    }
    segment_ = {};
    note_hole(d);
    return true;
}

// Copies the segment into the gaps of the buffer. False when it does not fit.
bool SipTcpStreams::put(Direction& d) {
    Buffer& b = buffers_[d.buffer];
    const std::int32_t offset = distance(b.base, segment_at_);
    const auto size = static_cast<std::uint32_t>(segment_.size());
    if (offset < 0 || static_cast<std::uint32_t>(offset) + size > kBuffer) return false;
    const auto from = static_cast<std::uint32_t>(offset), to = from + size;
    std::uint32_t first = 0;
    while (first < b.stretches && b.stretch[first].to < from) ++first;
    std::uint32_t last = first;
    while (last < b.stretches && b.stretch[last].from <= to) ++last;
    if (first == last && b.stretches == kMaxStretches) return false;
    Stretch joined{from, to, now_};
    std::uint32_t at = from;
    const auto copy = [&](std::uint32_t until) {
        if (until > at) std::memcpy(b.data.data() + at, segment_.data() + (at - from), until - at);
    };
    for (std::uint32_t i = first; i < last; ++i) {
        const Stretch& s = b.stretch[i];
        copy(std::min(s.from, to));
        counters_.copied_octets += std::min(s.to, to) - std::max(std::min(s.from, to), at);
        at = std::max(at, s.to);
        joined = {std::min(joined.from, s.from), std::max(joined.to, s.to), std::max(joined.time, s.time)};
    }
    copy(to);
    if (first == last) {
        std::copy_backward(b.stretch.begin() + first, b.stretch.begin() + b.stretches, b.stretch.begin() + b.stretches + 1);
        ++b.stretches;
    } else {
        std::copy(b.stretch.begin() + last, b.stretch.begin() + b.stretches, b.stretch.begin() + first + 1);
        b.stretches -= last - first - 1;
    }
    b.stretch[first] = joined;
    return true;
}

// What was read leaves the buffer.
void SipTcpStreams::compact(Direction& d) {
    Buffer& b = buffers_[d.buffer];
    if (b.stretches == 0) return;
    const std::uint32_t read = d.known ? d.next - b.base : b.stretch[0].from;
    if (read == 0 || read > kBuffer) return;
    std::memmove(b.data.data(), b.data.data() + read, b.stretch[b.stretches - 1].to - read);
    for (std::uint32_t i = 0; i < b.stretches; ++i) {
        b.stretch[i].from -= read;
        b.stretch[i].to -= read;
    }
    b.base += read;
}

// Nothing is known of where the octets belong: a start line tells.
void SipTcpStreams::find_start(Direction& d) {
    if (d.buffer == 0) return;
    const Buffer& b = buffers_[d.buffer];
    for (std::uint32_t i = 0; i < b.stretches; ++i) {
        const wire::Bytes text(b.data.data() + b.stretch[i].from, b.stretch[i].to - b.stretch[i].from);
        const std::size_t at = find_sip_start(text);
        if (at == text.size() || sip_start(text.subspan(at), false) != SipStart::yes) continue;
        d.next = b.base + b.stretch[0].from;
        d.known = true;
        for (std::uint32_t j = 0; j < i; ++j) counters_.skipped_octets += b.stretch[j].to - b.stretch[j].from;
        counters_.skipped_octets += at;
        advance(d, b.stretch[i].from - b.stretch[0].from + at);
        note_hole(d);
        return;
    }
    if (d.hole_since == wire::kNever) d.hole_since = now_;
}

// No start line in time: whatever comes first, and looking for one from there.
void SipTcpStreams::hunt_from_first(Direction& d) {
    d.next = buffers_[d.buffer].base + buffers_[d.buffer].stretch[0].from;
    d.known = d.hunting = true;
    d.hole_since = wire::kNever;
    note_hole(d);
}

bool SipTcpStreams::has_hole(const Direction& d) const {
    if (d.buffer == 0) return false;
    const Buffer& b = buffers_[d.buffer];
    return b.stretches > 1 || (b.stretches == 1 && b.stretch[0].from != d.next - b.base);
}

void SipTcpStreams::note_hole(Direction& d) {
    if (!d.known) return;
    if (!has_hole(d)) d.hole_since = wire::kNever;
    else if (d.hole_since == wire::kNever) d.hole_since = now_;
}

// Goes on behind the hole at `next`, if there is one and nothing is left before it.
bool SipTcpStreams::skip_hole(Direction& d) {
    if (!d.known || d.buffer == 0 || !has_hole(d)) return false;
    Buffer& b = buffers_[d.buffer];
    const std::uint32_t at = d.next - b.base;
    if (b.stretch[0].from <= at) {  // unread octets before the hole: an unfinished message
        counters_.skipped_octets += b.stretch[0].to - at;
        advance(d, b.stretch[0].to - at);
    }
    if (d.buffer == 0) return true;
    ++counters_.holes;
    d.next = b.base + b.stretch[0].from;
    d.hunting = true;
    d.scanned = d.length = 0;
    d.hole_since = wire::kNever;
    note_hole(d);
    return true;
}

wire::Bytes SipTcpStreams::ready(const Direction& d, wire::TimeNs& time) const {
    time = now_;
    if (!direct_.empty()) return direct_;
    if (d.buffer == 0) return {};
    const Buffer& b = buffers_[d.buffer];
    const std::uint32_t at = d.next - b.base;
    if (b.stretches == 0 || b.stretch[0].from > at || b.stretch[0].to <= at) return {};
    time = b.stretch[0].time;
    return {b.data.data() + at, b.stretch[0].to - at};
}

void SipTcpStreams::advance(Direction& d, std::size_t n) {
    if (n == 0) return;
    d.next += static_cast<std::uint32_t>(n);
    d.scanned = d.length = 0;
    direct_ = direct_.subspan(std::min(n, direct_.size()));
    if (d.buffer == 0) return;
    Buffer& b = buffers_[d.buffer];
    const std::uint32_t at = d.next - b.base;
    std::uint32_t gone = 0;
    while (gone < b.stretches && b.stretch[gone].to <= at) ++gone;
    std::copy(b.stretch.begin() + gone, b.stretch.begin() + b.stretches, b.stretch.begin());
    b.stretches -= gone;
    if (b.stretches == 0) return give_back(d);
    b.stretch[0].from = std::max(b.stretch[0].from, at);
    note_hole(d);
}

}  // namespace voipprobe::probe
