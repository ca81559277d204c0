#include "probe/voip/signalling/framed_streams.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace voipprobe::probe {
namespace {

std::int32_t distance(std::uint32_t from, std::uint32_t to) { return static_cast<std::int32_t>(to - from); }

}  // namespace

// ---- connections ---------------------------------------------------------------------------------------------

std::uint32_t FramedStreams::open(FlowIndex flow, Framing framing, FlowIndex& evicted) {
    evicted = 0;
    if (in_use_ == limits_.connections) {
        if (oldest_ == 0) return 0;
        evicted = connections_[oldest_].flow;
        ++counters_.evicted_connections;
        close(oldest_);
    }
    std::uint32_t i = free_connection_;
    if (i != 0) free_connection_ = connections_[i].newer;
    else i = next_connection_++;
    connections_[i] = Connection{};
    connections_[i].flow = flow;
    connections_[i].framing = framing;
    link(i);
    ++in_use_;
    ++counters_.opened;
    return i;
}

void FramedStreams::close(std::uint32_t i) {
    Connection& c = connections_[i];
    for (Direction& d : c.way) give_back(d);
    unlink(i);
    c.newer = free_connection_;
    free_connection_ = i;
    --in_use_;
    if (owner_ / 2 == i) owner_ = 0, direct_ = {}, taken_ = 0;
}

void FramedStreams::link(std::uint32_t i) {
    connections_[i].older = newest_;
    connections_[i].newer = 0;
    (newest_ != 0 ? connections_[newest_].newer : oldest_) = i;
    newest_ = i;
}

void FramedStreams::unlink(std::uint32_t i) {
    const Connection& c = connections_[i];
    (c.older != 0 ? connections_[c.older].newer : oldest_) = c.newer;
    (c.newer != 0 ? connections_[c.newer].older : newest_) = c.older;
}

// ---- buffers -------------------------------------------------------------------------------------------------

bool FramedStreams::take_buffer(Direction& d, std::uint32_t owner) {
    if (free_buffer_ == 0 && next_buffer_ >= buffers_.capacity()) {
        if (oldest_buffer_ == 0) return false;
        ++counters_.evicted_buffers;
        lose(direction(buffers_[oldest_buffer_].owner));
    }
    std::uint32_t i = free_buffer_;
    if (i != 0) free_buffer_ = buffers_[i].newer;
    else i = next_buffer_++;
    Buffer& b = buffers_[i];
    b.owner = owner;
    b.base = d.next;
    b.stretches = 0;
    b.older = newest_buffer_;
    b.newer = 0;
    (newest_buffer_ != 0 ? buffers_[newest_buffer_].newer : oldest_buffer_) = i;
    newest_buffer_ = i;
    d.buffer = i;
    return true;
}

void FramedStreams::give_back(Direction& d) {
    if (d.buffer == 0) return;
    Buffer& b = buffers_[d.buffer];
    (b.older != 0 ? buffers_[b.older].newer : oldest_buffer_) = b.newer;
    (b.newer != 0 ? buffers_[b.newer].older : newest_buffer_) = b.older;
    b.newer = free_buffer_;
    free_buffer_ = d.buffer;
    d.buffer = 0;
    d.hole_since = wire::kNever;
}

// Nothing is known of this direction any more: the next segment that begins like a message begins anew.
void FramedStreams::lose(Direction& d) {
    if (d.buffer != 0)
        for (std::uint32_t i = 0; i < buffers_[d.buffer].stretches; ++i)
            counters_.skipped_octets += buffers_[d.buffer].stretch[i].to - buffers_[d.buffer].stretch[i].from;
    give_back(d);
    d.known = false;
    d.skip = 0;
}

// Into the buffer; what was there first stays. False: no room.
bool FramedStreams::keep(Direction& d, std::uint32_t at, wire::Bytes data) {
    if (d.buffer == 0 && !take_buffer(d, owner_)) return false;
    Buffer& b = buffers_[d.buffer];
    const std::int32_t offset = distance(b.base, at);
    if (offset < 0 || static_cast<std::size_t>(offset) + data.size() > kBuffer) return false;
    auto from = static_cast<std::uint32_t>(offset);
    const std::uint32_t to = from + static_cast<std::uint32_t>(data.size());
    // The part of [from, to) that no stretch has yet, piece by piece.
    for (std::uint32_t i = 0; from < to;) {
        while (i < b.stretches && b.stretch[i].to <= from) ++i;
        const std::uint32_t end = i < b.stretches ? std::min(to, b.stretch[i].from) : to;
        if (end > from) {
            const bool joins_before = i > 0 && b.stretch[i - 1].to == from;
            const bool joins_after = i < b.stretches && b.stretch[i].from == end;
            if (!joins_before && !joins_after && b.stretches == kStretches) return false;
            std::memcpy(b.data.data() + from, data.data() + (from - static_cast<std::uint32_t>(offset)), end - from);
            if (joins_before && joins_after) {
                b.stretch[i - 1].to = b.stretch[i].to;
                std::copy(b.stretch.begin() + i + 1, b.stretch.begin() + b.stretches, b.stretch.begin() + i);
                --b.stretches;
                --i;
            } else if (joins_before) {
                b.stretch[i - 1].to = end;
            } else if (joins_after) {
                b.stretch[i].from = from;
            } else {
                std::copy_backward(b.stretch.begin() + i, b.stretch.begin() + b.stretches, b.stretch.begin() + b.stretches + 1);
                b.stretch[i] = {from, end};
                ++b.stretches;
            }
        } else {
            counters_.copied_octets += std::min(to, b.stretch[i].to) - from;
        }
        from = i < b.stretches ? std::max(end, std::min(to, b.stretch[i].to)) : end;
    }
    return true;
}

// ---- reading -------------------------------------------------------------------------------------------------

std::optional<std::uint32_t> FramedStreams::length_of(wire::Bytes data) const {
    return connections_[owner_ / 2].framing == Framing::sccp ? sccp_frame_length(data) : tpkt_frame_length(data);
}

void FramedStreams::add(std::uint32_t connection, std::uint8_t way, const PacketView& p) {
    unlink(connection);
    link(connection);
    owner_ = connection * 2 + way;
    direct_ = {};
    taken_ = 0;
    Direction& d = direction(owner_);
    wire::Bytes data = p.payload;
    std::uint32_t at = p.tcp_sequence + ((p.tcp_flags & kSyn) != 0 ? 1 : 0);
    if ((p.tcp_flags & kSyn) != 0 && (!d.known || d.next != at)) {
        give_back(d);
        d = Direction{};
        d.next = at;
        d.known = true;
    }
    if (data.empty()) return;
    if (!d.known) {
        if (!length_of(data)) return void(counters_.skipped_octets += data.size());
        d.next = at;
        d.known = true;
    }
    if (d.hole_since != wire::kNever && p.time - d.hole_since > kHoleTime) resume(d);
    const std::int32_t behind = distance(at, d.next);
    if (behind > 0) {
        const std::size_t n = std::min<std::size_t>(static_cast<std::size_t>(behind), data.size());
        counters_.copied_octets += n;
        data = data.subspan(n);
        at += static_cast<std::uint32_t>(n);
    }
    if (data.empty()) return;
    if (d.buffer == 0 && at == d.next) {
        direct_ = data;
    } else if (!keep(d, at, data)) {  // too far ahead, or too many holes: what is missing will not come
        resume(d);
        if (d.known && d.buffer != 0 && keep(d, at, data)) return;
        lose(d);
        if (!length_of(data)) return;
        d.known = true;
        d.next = at;
        direct_ = data;
    } else if (d.hole_since == wire::kNever && buffers_[d.buffer].stretch[0].from != d.next - buffers_[d.buffer].base) {
        d.hole_since = p.time;
    }
}

// Gives a hole up: goes on with what came after it, if that begins like a message.
void FramedStreams::resume(Direction& d) {
    ++counters_.holes;
    while (d.buffer != 0) {
        Buffer& b = buffers_[d.buffer];
        const std::uint32_t at = d.next - b.base;
        std::uint32_t i = 0;
        if (b.stretches != 0 && b.stretch[0].from <= at) i = 1;  // an unfinished message before the hole
        if (i >= b.stretches) return lose(d);
        if (i == 1) counters_.skipped_octets += b.stretch[0].to - at;
        const Stretch s = b.stretch[i];
        d.skip = 0;
        advance(d, s.from - at);
        if (d.buffer != 0 && length_of(ready(d))) return;
        counters_.skipped_octets += s.to - s.from;
        advance(d, s.to - s.from);
    }
    d.known = false;
}

wire::Bytes FramedStreams::ready(const Direction& d) const {
    if (!direct_.empty()) return direct_;
    if (d.buffer == 0) return {};
    const Buffer& b = buffers_[d.buffer];
    const std::uint32_t at = d.next - b.base;
    if (b.stretches == 0 || b.stretch[0].from > at || b.stretch[0].to <= at) return {};
    return {b.data.data() + at, b.stretch[0].to - at};
}

void FramedStreams::advance(Direction& d, std::uint32_t n) {
    d.next += n;
    if (!direct_.empty()) {
        direct_ = direct_.subspan(std::min<std::size_t>(n, direct_.size()));
        return;
    }
    if (d.buffer == 0) return;
    Buffer& b = buffers_[d.buffer];
    const std::uint32_t at = d.next - b.base;
    std::uint32_t gone = 0;
    while (gone < b.stretches && b.stretch[gone].to <= at) ++gone;
    std::copy(b.stretch.begin() + gone, b.stretch.begin() + b.stretches, b.stretch.begin());
    b.stretches -= gone;
    if (b.stretches == 0) return give_back(d);
    if (b.stretch[0].from <= at) {
        b.stretch[0].from = at;
        d.hole_since = wire::kNever;
    }
}

bool FramedStreams::next(wire::Bytes& message) {
    if (owner_ == 0) return false;
    Direction& d = direction(owner_);
    if (taken_ != 0) advance(d, std::exchange(taken_, 0));
    for (;;) {
        const wire::Bytes data = ready(d);
        if (data.empty()) return false;
        if (d.skip != 0) {
            const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(d.skip, data.size()));
            counters_.skipped_octets += n;
            d.skip -= n;
            advance(d, n);
            continue;
        }
        const auto length = length_of(data);
        if (!length) {  // no message where one should begin
            counters_.skipped_octets += data.size();
            direct_ = {};
            lose(d);
            return false;
        }
        if (*length != 0 && data.size() >= *length) {
            message = data.first(*length);
            taken_ = *length;
            ++counters_.messages;
            return true;
        }
        if (*length > kBuffer / 2) {
            d.skip = *length;
            continue;
        }
        if (!direct_.empty()) {  // the beginning of a message: kept for the next segment
            const wire::Bytes rest = std::exchange(direct_, {});
            if (!keep(d, d.next, rest)) lose(d);
            return false;
        }
        // In the buffer, but its octets may lie too near the end: move them to the front.
        Buffer& b = buffers_[d.buffer];
        const std::uint32_t at = d.next - b.base;
        if (at > kBuffer / 2) {
            const std::uint32_t end = b.stretch[b.stretches - 1].to;
            std::memmove(b.data.data(), b.data.data() + at, end - at);
            for (std::uint32_t i = 0; i < b.stretches; ++i) {
                b.stretch[i].from -= at;
                b.stretch[i].to -= at;
            }
            b.base = d.next;
        }
        return false;
    }
}

std::optional<std::uint32_t> tpkt_frame_length(wire::Bytes data) {
    if (data[0] != 3 || (data.size() > 1 && data[1] != 0)) return std::nullopt;
    if (data.size() < 4) return 0;
    const std::uint32_t length = wire::load_be16(data.data() + 2);
    if (length < 4) return std::nullopt;
    return length;
}

}  // namespace voipprobe::probe
