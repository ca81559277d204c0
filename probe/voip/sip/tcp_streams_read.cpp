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
    if (sip_start(text, false) == SipStart::yes) {
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
        if (text.empty()) return false;
        std::size_t blank = 0;
        while (blank < text.size() && (text[blank] == '\r' || text[blank] == '\n')) ++blank;
        if (blank != 0) {
            advance(d, blank);
            continue;
        }
        if (d.length == 0) {
            switch (sip_start(text, !d.hunting)) {
                case SipStart::maybe: return false;
                case SipStart::no: {
                    const std::size_t n = find_sip_start(text);
                    counters_.skipped_octets += n;
                    d.hunting = true;
                    advance(d, n);
                    continue;
                }
                case SipStart::yes: d.hunting = false;
            }
            const auto head = sip_header_length(text, d.scanned);
            if (!head) {
                d.scanned = static_cast<std::uint32_t>(text.size());
                return false;
            }
            const auto body = sip_content_length(text.first(*head));
            // Without a length (RFC 3261 §20.14 forbids that) the body ends where another message begins.
            if (!body) d.length = static_cast<std::uint32_t>(*head + find_sip_start(text.subspan(*head)));
            else d.length = static_cast<std::uint32_t>(*head + (*body > kMaxBody ? 0 : *body));
        }
        if (text.size() >= d.length) {
            deliver(d, text.first(d.length), d.length, time, out);
            return true;
        }
        if (d.length <= kBuffer) return false;
        // Longer than what is kept: the part that is here, and on behind its end.
        deliver(d, text, d.length, time, out);
        taken_ = d.length;
        return true;
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
    if (d.buffer == 0) {  // nothing begun: keep-alives and what was skipped stay with the flow
        d.packets = 0;
        d.octets = 0;
    }
    owner_ = 0;
}

}  // namespace voipprobe::probe
