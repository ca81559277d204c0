#include "probe/voip/sip/inner_streams.hpp"

#include <algorithm>
#include <utility>

namespace voipprobe::probe {

InnerStart inner_start(wire::Bytes first) {
    std::size_t head = 0;
    switch (ws_start(first, head)) {
        case WsStart::no:
            return InnerStart::no;
        case WsStart::maybe:
            return InnerStart::maybe;
        default:
            return InnerStart::websocket;
    }
}

InnerStreams::InnerStreams(const InnerLimits& limits)
    : limits_(limits),
      connections_(limits.connections + std::size_t{1}),
      buffers_(limits.buffers + std::size_t{1}) {}

std::uint32_t InnerStreams::open(InnerStart) {
    std::uint32_t i = free_connection_;
    if (i != 0)
        free_connection_ = connections_[i].next_free;
    else if (next_connection_ <= limits_.connections)
        i = next_connection_++;
    else
        return 0;
    connections_[i] = Connection{};
    ++in_use_;
    ++counters_.ws_connections;
    return i;
}

void InnerStreams::close(std::uint32_t connection) {
    for (Way& w : connections_[connection].way) give_back(w);
    connections_[connection].next_free = free_connection_;
    free_connection_ = connection;
    --in_use_;
}

// ---- buffers
// -------------------------------------------------------------------------------------------------

// The direction's own, or a new one; nullptr when there is none at all.
InnerStreams::Buffer* InnerStreams::buffer_of(std::uint32_t owner) {
    Way& w = way_of(owner);
    if (w.buffer != 0) return &buffers_[w.buffer];
    if (free_buffer_ == 0 && next_buffer_ > limits_.buffers) lose_oldest();
    std::uint32_t i = free_buffer_;
    if (i != 0)
        free_buffer_ = buffers_[i].newer;
    else if (next_buffer_ <= limits_.buffers)
        i = next_buffer_++;
    else
        return nullptr;
    Buffer& b = buffers_[i];
    b.owner = owner;
    b.at = b.size = 0;
    b.lost = 0;
    b.older = newest_;
    b.newer = 0;
    (newest_ != 0 ? buffers_[newest_].newer : oldest_) = i;
    newest_ = i;
    ++buffers_in_use_;
    w.buffer = i;
    return &b;
}

void InnerStreams::give_back(Way& w) {
    if (w.buffer == 0) return;
    Buffer& b = buffers_[w.buffer];
    (b.older != 0 ? buffers_[b.older].newer : oldest_) = b.newer;
    (b.newer != 0 ? buffers_[b.newer].older : newest_) = b.older;
    b.newer = free_buffer_;
    free_buffer_ = std::exchange(w.buffer, 0);
    --buffers_in_use_;
}

void InnerStreams::lose_oldest() {
    if (oldest_ == 0) return;
    ++counters_.evicted_buffers;
    Way& w = way_of(buffers_[oldest_].owner);
    w.ws.skip = true;  // the rest of its message
    w.complete = false;
    w.framing = {0, 0, true};
    give_back(w);
}

// ---- WebSocket
// -----------------------------------------------------------------------------------------------

// The handshake. False: more octets are needed.
bool InnerStreams::begin_websocket(Way& w, wire::Bytes octets, std::size_t& used) {
    if (w.begun) return true;
    std::size_t head = 0;
    const WsStart start = ws_start(octets, head);
    if (start == WsStart::maybe) return false;
    w.begun = true;
    used = head;
    w.ws.hunting = start == WsStart::no;
    return true;
}

std::size_t InnerStreams::read_frames(std::uint32_t owner, wire::Bytes octets) {
    Way& w = way_of(owner);
    std::size_t used = 0;
    if (!begin_websocket(w, octets, used)) return 0;
    for (;;) {
        const wire::Bytes rest = octets.subspan(used);
        const WsPart part = next_ws_part(rest, w.ws);
        if (part.kind == WsPart::Kind::wait) return used;
        used += part.octets;
        if (part.garbage) {
            counters_.ws_garbage_octets += part.octets;
            if (!w.complete) give_back(w);
            continue;
        }
        ++counters_.ws_frames;
        if (part.compressed) ++counters_.ws_compressed;
        if (part.kind != WsPart::Kind::payload) continue;
        append(owner, rest.subspan(part.payload, part.octets - part.payload), part);
        if (!part.last) continue;
        w.complete = w.buffer != 0;
        if (w.complete) return used;
    }
}

void InnerStreams::append(std::uint32_t owner, wire::Bytes payload, const WsPart& part) {
    Way& w = way_of(owner);
    if (part.first) {
        give_back(w);
        w.framing = {};
    }
    Buffer* b = buffer_of(owner);
    if (b == nullptr) return;
    const std::size_t n = std::min<std::size_t>(payload.size(), kBuffer - b->size);
    ws_unmask(payload.first(n), w.ws.frame, part.at, b->data.data() + b->size);
    b->size += static_cast<std::uint32_t>(n);
    b->lost += payload.size() - n;
}

// A WebSocket message is one SIP message (RFC 7118 §5); several in one are read too. Its end is the
// message's, so that a Content-Length may be missing.
bool InnerStreams::next_of_message(Way& w, InnerMessage& out) {
    if (!w.complete) return false;
    Buffer& b = buffers_[w.buffer];
    for (;;) {
        const wire::Bytes text(b.data.data() + b.at, b.size - b.at);
        w.framing.length = 0;
        w.framing.scanned = 0;
        const SipUnit unit = text.empty() ? SipUnit{} : next_sip_unit(text, w.framing, 0);
        if (unit.kind == SipUnit::Kind::message) {
            out = {text.first(unit.octets),
                   unit.whole + (unit.whole > unit.octets || unit.octets == text.size() ? b.lost : 0)};
            b.at += static_cast<std::uint32_t>(unit.octets);
            if (out.whole > out.text.size()) ++counters_.cut_messages;
            return true;
        }
        if (unit.kind != SipUnit::Kind::wait) {
            if (unit.kind == SipUnit::Kind::garbage) counters_.skipped_octets += unit.octets;
            b.at += static_cast<std::uint32_t>(unit.octets);
            continue;
        }
        // What is left has no end of its headers, or is nothing.
        const bool message = sip_start(text, false) == SipStart::yes;
        w.complete = false;
        w.framing = {};
        b.at = b.size;
        if (!message) {
            counters_.skipped_octets += text.size();
            return false;
        }
        out = {text, text.size() + b.lost + 1};
        ++counters_.cut_messages;
        return true;
    }
}

// ---- all kinds
// -----------------------------------------------------------------------------------------------

std::size_t InnerStreams::read(std::uint32_t connection, std::uint8_t way, wire::Bytes octets) {
    return read_frames(connection * 2 + way, octets);
}

bool InnerStreams::next(std::uint32_t connection, std::uint8_t way, InnerMessage& out) {
    return next_of_message(connections_[connection].way[way], out);
}

void InnerStreams::gap(std::uint32_t connection, std::uint8_t way) {
    Way& w = connections_[connection].way[way];
    w.begun = true;
    w.ws = WsState{};
    w.ws.hunting = true;
    if (w.buffer != 0 && !w.complete) finish(connection, way);
}

void InnerStreams::finish(std::uint32_t connection, std::uint8_t way) {
    Way& w = connections_[connection].way[way];
    if (w.buffer == 0 || w.complete) return;
    Buffer& b = buffers_[w.buffer];
    w.complete = b.size != b.at;
    ++b.lost;
}

bool InnerStreams::settle(std::uint32_t connection, std::uint8_t way) {
    Way& w = connections_[connection].way[way];
    if (w.buffer != 0 && buffers_[w.buffer].at == buffers_[w.buffer].size) give_back(w);
    return w.buffer != 0;
}

}  // namespace voipprobe::probe
