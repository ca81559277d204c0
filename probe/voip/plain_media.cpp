#include "probe/voip/plain_media.hpp"

#include <algorithm>
#include <cmath>
#include <new>

#include "probe/voip/udptl.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kStunCookie = 0x2112a442;  // RFC 8489 §5

bool is_stun(wire::Bytes p) {
    return p.size() >= 20 && p[0] < 4 && wire::load_be32(p.data() + 4) == kStunCookie;
}

}  // namespace

double RunningMoments::std_dev() const {
    return n < 2 ? 0 : std::sqrt(std::max(m2, 0.0) / static_cast<double>(n - 1));
}

PlainMedia::PlainMedia(FlowTable& flows, CallTable& calls, const MediaTable& media, std::int64_t active_ns,
                       OnStream on_stream)
    : flows_(flows),
      calls_(calls),
      media_(media),
      active_ns_(active_ns),
      on_stream_(std::move(on_stream)),
      entries_(kMostFlows + 1) {}

PlainMedia::Entry* PlainMedia::find(FlowIndex flow) {
    const auto it = index_.find(flow);
    return it == index_.end() ? nullptr : &entries_[it->second];
}

PlainMedia::Entry* PlainMedia::make(FlowIndex flow) {
    std::uint32_t i = free_;
    if (i != 0)
        free_ = entries_[i].flow;
    else if (next_ <= kMostFlows)
        i = next_++;
    else
        return ++counters_.full, nullptr;
    Entry* e = new (&entries_[i]) Entry;
    e->flow = flow;
    for (std::uint8_t d = 0; d < 2; ++d) {
        e->streams[d].flow = flow;
        e->streams[d].direction = d;
    }
    index_.emplace(flow, i);
    return e;
}

void PlainMedia::release(FlowIndex flow) {
    const auto it = index_.find(flow);
    if (it == index_.end()) return;
    entries_[it->second].flow = free_;
    free_ = it->second;
    index_.erase(it);
}

void PlainMedia::watch(FlowIndex flow) {
    if (find(flow) == nullptr) make(flow);
}

void PlainMedia::settle(FlowIndex flow, std::string_view application) {
    Entry* e = find(flow);
    if (e == nullptr || e->image) return;
    if (application.empty()) return release(flow);
    e->settled = true;
    for (PlainStream& s : e->streams) s.application = application;
}

void PlainMedia::leave(FlowIndex flow) {
    if (const Entry* e = find(flow); e != nullptr && !e->image) release(flow);
}

void PlainMedia::add(Entry& e, std::uint8_t direction, const PacketView& p) {
    PlainStream& s = e.streams[direction];
    const auto size = static_cast<std::uint16_t>(std::min<std::uint32_t>(p.payload_length, 0xffff));
    if (s.packets == 0) {
        s.first_time = p.time;
        s.size_min = size;
        s.tos = p.tos;
        s.vlan = p.vlan;
    } else {
        const std::int64_t gap = std::max<std::int64_t>(p.time - s.last_time, 0);
        s.max_gap = std::max(s.max_gap, gap);
        s.gaps.add(static_cast<double>(gap));
    }
    if (e.next_snapshot == INT64_MAX) e.next_snapshot = p.time + active_ns_;
    ++s.packets;
    s.octets += p.payload_length;
    s.last_time = std::max(s.last_time, p.time);
    s.sizes.add(size);
    s.size_min = std::min(s.size_min, size);
    s.size_max = std::max(s.size_max, size);
}

void PlainMedia::on_packet(FlowIndex flow, std::uint8_t direction, const PacketView& p) {
    Entry* e = find(flow);
    if (e == nullptr || e->image || is_stun(p.payload)) return;
    add(*e, direction, p);
}

// Who receives: the party whose description names the destination, else the other one of who sends from there
// (behind a NAT). A running call before an ended one, one that named both ends before others, then the first.
PlainMedia::Owner PlainMedia::owner_of(const PacketView& p) const {
    Owner best;
    int best_score = -1;
    const wire::Endpoint src{p.src, p.src_port}, dst{p.dst, p.dst_port};
    const auto look = [&](const wire::Endpoint& at, const wire::Endpoint& opposite, bool receives) {
        media_.for_each_image(at, [&](const MediaPromise& promise) {
            const Call* call = calls_.get(promise.call, promise.serial);
            if (call == nullptr) return;
            int score = call->ended() ? 0 : 2;
            media_.for_each_image(opposite, [&](const MediaPromise& o) {
                if (o.call == promise.call && o.serial == promise.serial && o.owner != promise.owner)
                    score |= 1;
            });
            if (score <= best_score) return;
            best_score = score;
            best.promise = promise;
            best.hears = receives ? promise.owner : other(promise.owner);
            best.match = receives ? StreamMatch::sdp : StreamMatch::nat;
        });
    };
    look(dst, src, true);
    if (best_score < 0) look(src, dst, false);
    return best;
}

bool PlainMedia::on_image(FlowIndex flow, std::uint8_t direction, const PacketView& p) {
    const auto udptl = parse_udptl(p.payload, p.payload_length);
    if (!udptl) return false;
    const Owner owner = owner_of(p);
    if (owner.match == StreamMatch::none) return false;
    Call& call = calls_[owner.promise.call];
    Entry* e = find(flow);
    if (e != nullptr && !e->image) {  // nDPI had it under its eyes
        release(flow);
        e = nullptr;
    }
    if (e != nullptr) {  // another call on the same ports
        const PlainStream& s = e->streams[direction];
        if (s.packets != 0 && (s.call != owner.promise.call || s.call_serial != owner.promise.serial)) {
            end(flow, p.time);
            e = nullptr;
        }
    }
    if (e == nullptr) {
        e = make(flow);
        if (e == nullptr) return true;
        e->image = e->settled = true;
    }
    PlainStream& s = e->streams[direction];
    if (s.packets == 0) {
        s.image = true;
        s.call = owner.promise.call;
        s.call_serial = owner.promise.serial;
        s.side = owner.hears;
        s.match = owner.match;
        s.first_seq = udptl->sequence;
        if (std::find(call.plain_flows.begin(), call.plain_flows.end(), flow) == call.plain_flows.end())
            call.plain_flows.push_back(flow);
    }
    add(*e, direction, p);
    s.last_seq = udptl->sequence;
    s.sequence.on_packet(udptl->sequence, [](std::int64_t) { return JumpFit{true, true}; });
    call.last_media = std::max(call.last_media, p.time);
    call.image_seen = true;
    ++counters_.image_packets;
    return true;
}

bool PlainMedia::is_media(const Entry& e) {
    if (e.image) return true;
    return e.settled && std::any_of(e.streams.begin(), e.streams.end(), [](const PlainStream& s) {
               const std::int64_t lasted = s.last_time - s.first_time;
               return s.packets >= kFewestPackets && lasted >= kShortest &&
                      static_cast<double>(s.packets) * 1e9 >= kSlowest * static_cast<double>(lasted);
           });
}

void PlainMedia::report(Entry& e, bool final, wire::TimeNs now) {
    if (!is_media(e)) return;
    for (PlainStream& s : e.streams) {
        if (s.packets == 0) continue;
        if (final) {
            ++counters_.streams;
            if (!s.image) counters_.application_packets += s.packets;
        }
        on_stream_(s, final, now);
    }
}

wire::TimeNs PlainMedia::next_snapshot(FlowIndex flow) const {
    if (!any()) return INT64_MAX;
    const auto it = index_.find(flow);
    return it == index_.end() ? INT64_MAX : entries_[it->second].next_snapshot;
}

void PlainMedia::on_snapshot(FlowIndex flow, wire::TimeNs now) {
    Entry* e = find(flow);
    if (e == nullptr || e->next_snapshot > now) return;
    e->next_snapshot = wire::boundary_after(now, e->next_snapshot, active_ns_);
    report(*e, false, now);
}

void PlainMedia::end(FlowIndex flow, wire::TimeNs now) {
    Entry* e = any() ? find(flow) : nullptr;
    if (e == nullptr) return;
    report(*e, true, now);
    for (const PlainStream& s : e->streams)
        if (Call* call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial))
            std::erase(call->plain_flows, flow);
    release(flow);
}

}  // namespace voipprobe::probe
