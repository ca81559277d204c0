#include "probe/voip/sip/inner_streams.hpp"

#include <algorithm>
#include <utility>

namespace voipprobe::probe {

InnerStart inner_start(wire::Bytes first) {
    std::size_t head = 0;
    const WsStart websocket = ws_start(first, head);
    if (websocket != WsStart::no) return websocket == WsStart::maybe ? InnerStart::maybe : InnerStart::websocket;
    switch (tls_start(first)) {
        case TlsParse::bad: return InnerStart::no;
        case TlsParse::more: return InnerStart::maybe;
        case TlsParse::whole: break;
    }
    return InnerStart::tls;
}

InnerStreams::InnerStreams(const InnerLimits& limits)
    : limits_(limits),
      connections_(limits.connections + std::size_t{1}),
      buffers_(limits.buffers + std::size_t{1}),
      keys_(limits.key) {}

std::uint32_t InnerStreams::open(InnerStart what) {
    std::uint32_t i = free_connection_;
    if (i != 0)
        free_connection_ = connections_[i].next_free;
    else if (next_connection_ <= limits_.connections)
        i = next_connection_++;
    else
        return 0;
    connections_[i] = Connection{};
    ++in_use_;
    const bool tls = what == InnerStart::tls;
    connections_[i].transport = tls ? SipTransport::tls : SipTransport::ws;
    connections_[i].websocket = connections_[i].known = !tls;
    ++(tls ? counters_.tls_connections : counters_.ws_connections);
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

// ---- all kinds -----------------------------------------------------------------------------------------------

// SIP in TLS is a stream, framed as over TCP.
bool InnerStreams::next_of_stream(Way& w, InnerMessage& out) {
    if (w.buffer == 0) return false;
    Buffer& b = buffers_[w.buffer];
    for (;;) {
        const wire::Bytes text(b.data.data() + b.at, b.size - b.at);
        const SipUnit unit = next_sip_unit(text, w.framing, kBuffer);
        if (unit.kind == SipUnit::Kind::wait && !w.complete) return false;
        if (unit.kind == SipUnit::Kind::wait) {  // no more comes
            w.complete = false;
            b.at = b.size;
            const bool message = sip_start(text, false) == SipStart::yes;
            if (!message) counters_.skipped_octets += text.size();
            out = {text, std::max<std::size_t>(w.framing.length, text.size() + 1)};
            w.framing = {0, 0, true};
            counters_.cut_messages += message ? 1 : 0;
            return message;
        }
        b.at += static_cast<std::uint32_t>(unit.octets);
        w.framing.scanned = w.framing.length = 0;
        if (unit.kind == SipUnit::Kind::garbage) counters_.skipped_octets += unit.octets;
        if (unit.kind != SipUnit::Kind::message) continue;
        out = {text.first(unit.octets), unit.whole};
        if (unit.whole > unit.octets) ++counters_.cut_messages, w.framing.hunting = true;
        return true;
    }
}

std::size_t InnerStreams::read(std::uint32_t connection, std::uint8_t way, wire::Bytes octets, wire::TimeNs now) {
    Connection& c = connections_[connection];
    c.last_read = now;
    if (c.ignored) return octets.size();
    if (c.transport == SipTransport::ws) return read_frames(connection * 2 + way, octets);
    return read_tls(connection * 2 + way, octets, now);
}

bool InnerStreams::next(std::uint32_t connection, std::uint8_t way, InnerMessage& out) {
    Connection& c = connections_[connection];
    Way& w = c.way[way];
    for (;;) {
        if (c.websocket ? next_of_message(w, out) : next_of_stream(w, out)) return true;
        if (plain_at_ == plain_end_) return false;
        read_plain(connection * 2 + way);
    }
}

void InnerStreams::gap(std::uint32_t connection, std::uint8_t way) {
    Connection& c = connections_[connection];
    Way& w = c.way[way];
    w.begun = true;
    w.ws = WsState{};
    w.ws.hunting = true;
    w.hunting = c.transport != SipTransport::ws;
    w.held = 0;
    if (w.hunting && w.keys.suite == nullptr) ignore(c, counters_.tls_without_keys);
    if (w.buffer != 0 && !w.complete) finish(connection, way);
    if (w.buffer == 0) w.framing.hunting = true;
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
    plain_at_ = plain_end_ = 0;
    if (w.buffer != 0 && buffers_[w.buffer].at == buffers_[w.buffer].size) give_back(w);
    return w.buffer != 0;
}

}  // namespace voipprobe::probe
