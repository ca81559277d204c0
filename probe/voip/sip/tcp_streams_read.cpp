// Reading messages from what tcp_streams.cpp has put in order.
#include <algorithm>
#include <utility>

#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/sip/tcp_streams.hpp"

namespace voipprobe::probe {

bool SipTcpStreams::next(SipTcpMessage& out) {
    if (owner_ == 0) return false;
    Direction& d = direction(owner_);
    advance(d, std::exchange(taken_, 0));
    for (;;) {
        if (d.known && frame(d, out)) return true;
        if (!segment_.empty()) {
            if (absorb(d)) {
                if (!d.known) find_start(d);
                continue;
            }
            if (!d.known) {
                hunt_from_first(d);
                continue;
            }
            const std::uint32_t before = d.next;
            if (give_up_unread(d, out)) return true;  // a message with a hole, or one that does not end
            if (d.next != before || skip_hole(d)) continue;
            ++counters_.unbuffered;
            segment_ = {};
            continue;
        }
        if (!d.known) {
            const bool waited = d.hole_since != wire::kNever && now_ - d.hole_since > kHoleTime;
            if (d.buffer == 0 || !(ending_ || waited)) break;
            hunt_from_first(d);
            continue;
        }
        const bool expired = ending_ || (d.hole_since != wire::kNever && now_ - d.hole_since > kHoleTime);
        const bool cut = missing_ != 0 && !has_hole(d);
        if (expired || cut) {  // what follows is missing for good
            wire::TimeNs time = 0;
            if (!ready(d, time).empty()) {
                if (give_up_unread(d, out)) return true;
                continue;
            }
            if (expired && skip_hole(d)) continue;
        }
        if (!cut) break;
        d.next += std::exchange(missing_, 0);
        d.hunting = true;
    }
    settle(d);
    return false;
}

// The readable octets are no whole message and will not become one: a cut message, or skipped.
bool SipTcpStreams::give_up_unread(Direction& d, SipTcpMessage& out) {
    wire::TimeNs time = 0;
    const wire::Bytes text = ready(d, time);
    if (text.empty()) return false;
    d.hunting = true;
    if (streams_[owner_ / 2].inner == 0 && sip_start(text, false) == SipStart::yes) {
        deliver(d, text, std::max<std::size_t>(d.length, text.size() + 1), time, out);
        return true;
    }
    counters_.skipped_octets += text.size();
    advance(d, text.size());
    return false;
}

void SipTcpStreams::deliver(Direction& d, wire::Bytes text, std::size_t whole, wire::TimeNs time, SipTcpMessage& out) {
    out = {wire::as_text(text), whole, time, std::exchange(d.packets, 0), std::exchange(d.octets, 0)};
    taken_ = whole > text.size() ? text.size() : whole;
    ++counters_.messages;
    if (whole > text.size()) ++counters_.cut_messages;
    d.idle_segments = 0;
    streams_[owner_ / 2].any = true;
}

// The next whole message of what can be read; skips what is none.
bool SipTcpStreams::frame(Direction& d, SipTcpMessage& out) {
    for (;;) {
        wire::TimeNs time = 0;
        const wire::Bytes text = ready(d, time);
        if (unwraps(d, text)) return frame_inner(d, out);
        if (text.empty()) return false;
        const SipUnit unit = next_sip_unit(text, d, kBuffer);
        switch (unit.kind) {
            case SipUnit::Kind::wait: return false;
            case SipUnit::Kind::garbage: counters_.skipped_octets += unit.octets; [[fallthrough]];
            case SipUnit::Kind::blank: advance(d, unit.octets); continue;
            case SipUnit::Kind::message:
                deliver(d, text.first(unit.octets), unit.whole, time, out);
                taken_ = unit.whole;  // of one that is longer than what is kept: on behind its end
                return true;
        }
    }
}

// Is SIP not what TCP carries itself? The connection's first octets tell.
bool SipTcpStreams::unwraps(Direction& d, wire::Bytes text) {
    Stream& s = streams_[owner_ / 2];
    if (s.inner != 0) return true;
    if (s.any || d.hunting || text.empty()) return false;
    const InnerStart what = inner_start(text);
    if (what == InnerStart::no || what == InnerStart::maybe) return what == InnerStart::maybe;
    s.inner = inner_.open(what);
    return s.inner != 0;
}

bool SipTcpStreams::frame_inner(Direction& d, SipTcpMessage& out) {
    const std::uint32_t inner = streams_[owner_ / 2].inner;
    if (inner == 0) return false;  // not known yet
    const auto way = static_cast<std::uint8_t>(owner_ % 2);
    InnerMessage m;
    for (;;) {
        wire::TimeNs time = 0;
        const wire::Bytes octets = ready(d, time);
        if (inner_.next(inner, way, m)) {
            deliver(d, m.text, m.whole, time, out);
            taken_ = 0;
            return true;
        }
        if (d.hunting && !octets.empty()) {
            inner_.gap(inner, way);
            d.hunting = false;
            continue;
        }
        const std::size_t n = octets.empty() ? 0 : inner_.read(inner, way, octets, now_);
        if (n != 0) advance(d, n);
        else if (!ending_ || has_hole(d)) return false;
        else {
            inner_.finish(inner, way);
            if (!inner_.next(inner, way, m)) return false;
            deliver(d, m.text, m.whole, time, out);
            taken_ = 0;
            return true;
        }
    }
}

// What is left of the segment is kept for the next one.
void SipTcpStreams::settle(Direction& d) {
    if (!direct_.empty()) {
        segment_ = std::exchange(direct_, {});
        segment_at_ = d.next;
        d.buffer = take_buffer(owner_, d.next);
        if (d.buffer == 0 || !put(d)) {
            d.next += static_cast<std::uint32_t>(segment_.size());
            d.hunting = true;
            ++counters_.unbuffered;
        }
        segment_ = {};
    }
    if (d.buffer == 0 || d.hunting || !d.known) ++d.idle_segments;
    const std::uint32_t inner = streams_[owner_ / 2].inner;
    const bool begun = inner != 0 && inner_.settle(inner, static_cast<std::uint8_t>(owner_ % 2));
    if (d.buffer == 0 && !begun) {  // nothing begun: keep-alives and what was skipped stay with the flow
        d.packets = 0;
        d.octets = 0;
    }
    if (ignored(owner_ / 2)) {  // the first to give way
        unlink(owner_ / 2);
        link_oldest(owner_ / 2);
    }
    owner_ = 0;
}

}  // namespace voipprobe::probe
