// The joiner's table of open calls: finding, opening, re-keying, forgetting.
#include "collector/join/identity.hpp"
#include "collector/join/joiner.hpp"

namespace voipprobe::collector {

CallKey Joiner::key_for(ProbeId probe, const StreamFacts& s) const {
    if (s.call_record_id != kNoId) return {probe, s.call_record_id};
    if (s.call_id.empty()) return {probe, id_of_pair(s)};
    const CallKey by_call_id{probe, id_of_call_id(s.call_id)};
    const auto known = call_ids_.find(by_call_id);
    return known == call_ids_.end() ? by_call_id : known->second;
}

OpenCall* Joiner::find(const CallKey& key) {
    const auto it = calls_.find(key);
    if (it == calls_.end()) return nullptr;
    by_age_.splice(by_age_.end(), by_age_, it->second.age);
    return &it->second;
}

OpenCall& Joiner::open(const CallKey& key) {
    if (OpenCall* known = find(key)) return *known;
    while (calls_.size() >= options_.limits.open_calls) {
        ++counters_.evicted_calls;
        close(CallKey(by_age_.front()));
    }
    OpenCall& call = calls_[key];
    call.key = key;
    call.age = by_age_.insert(by_age_.end(), key);
    return call;
}

OpenCall& Joiner::rekey(OpenCall& call, const CallKey& key) {
    clear_due(call);
    auto node = calls_.extract(call.key);
    node.key() = key;
    OpenCall& moved = node.mapped();
    moved.key = key;
    *moved.age = key;
    for (const OpenStream& s : moved.streams) stream_home_[CallKey{key.probe, s.facts.record_id}] = key;
    calls_.insert(std::move(node));
    return moved;
}

void Joiner::index_call_id(const OpenCall& call) {
    if (!call.facts.call_id.empty())
        call_ids_[CallKey{call.key.probe, id_of_call_id(call.facts.call_id)}] = call.key;
}

std::optional<StreamFacts> Joiner::leave_previous(const CallKey& stream, const CallKey& now) {
    const auto home = stream_home_.find(stream);
    if (home == stream_home_.end() || home->second == now) return std::nullopt;
    OpenCall* previous = find(home->second);
    stream_home_.erase(home);
    if (previous == nullptr) return std::nullopt;
    std::optional<StreamFacts> out;
    auto& streams = previous->streams;
    for (auto it = streams.begin(); it != streams.end(); ++it) {
        if (it->facts.record_id != stream.id) continue;
        if (!it->row_written) out = std::move(it->facts);
        streams.erase(it);
        break;
    }
    if (streams.empty() && !previous->facts.from_exporter) erase(CallKey(previous->key));
    return out;
}

// The call a stream belongs to, opened when it is new; a call whose row is out only collects late streams.
OpenCall& Joiner::home_of(const StreamFacts& s, const CallKey& key) {
    const bool is_new = calls_.find(key) == calls_.end();
    OpenCall& call = open(key);
    if (is_new) {
        call.row_written = is_remembered(key);
        call.named_by_exporter = s.call_record_id != kNoId;
        call.pair_needed = s.call_record_id == kNoId && s.call_id.empty();
    }
    if (!call.facts.from_exporter && call.facts.call_id.empty() && !s.call_id.empty()) {
        call.facts.call_id = s.call_id;
        call.pair_needed = false;
        index_call_id(call);
    }
    if (call.row_written) ++counters_.late_streams;
    return call;
}

void Joiner::erase(const CallKey& key) {
    const auto it = calls_.find(key);
    if (it == calls_.end()) return;
    OpenCall& call = it->second;
    clear_due(call);
    if (!call.facts.call_id.empty()) {
        const auto indexed = call_ids_.find(CallKey{key.probe, id_of_call_id(call.facts.call_id)});
        if (indexed != call_ids_.end() && indexed->second == key) call_ids_.erase(indexed);
    }
    for (const OpenStream& s : call.streams) {
        const auto home = stream_home_.find(CallKey{key.probe, s.facts.record_id});
        if (home != stream_home_.end() && home->second == key) stream_home_.erase(home);
    }
    by_age_.erase(call.age);
    calls_.erase(it);
}

void Joiner::remember(ProbeId probe, const RecordId& id) {
    const CallKey key{probe, id};
    if (remembered_.find(key) == nullptr) remembered_.insert(key, 0);
}

}  // namespace voipprobe::collector
