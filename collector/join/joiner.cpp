#include "collector/join/joiner.hpp"

#include "collector/join/identity.hpp"
#include "collector/join/ntop_style.hpp"

namespace voipprobe::collector {

Joiner::Joiner(JoinOptions options, RowConsumer& rows)
    : options_(std::move(options)), rows_(rows), remembered_(options_.limits.remembered, 0, {}), applications_(options_.limits.paths), users_(options_.limits.users, rows) {}

void Joiner::on_message(ProbeId probe, wire::TimeNs export_time) {
    probe_ = probe;
    now_ = export_time;
    fire_due();
    users_.on_time(now_);
}

void Joiner::on_record(const Record& record, RecordKind kind) {
    ++counters_.records;
    switch (kind) {
        case RecordKind::options:
            ++counters_.options;
            break;
        case RecordKind::stats:
            ++counters_.stats;
            break;
        case RecordKind::flow:
            ++counters_.flow_rows;
            rows_.flow(record);
            users_.on_flow(record, now_);
            applications_.on_flow(record);
            performance_.on_flow(record);
            break;
        case RecordKind::rtp:
            ++counters_.flow_rows;
            rows_.flow(record);
            users_.on_flow(record, now_);
            applications_.on_flow(record);
            performance_.on_flow(record);
            ntop_stream_record(record);
            break;
        case RecordKind::sip:
            ++counters_.flow_rows;
            rows_.flow(record);
            users_.on_flow(record, now_);
            applications_.on_flow(record);
            performance_.on_flow(record);
            ntop_call_record(record);
            break;
        case RecordKind::message:
            ++counters_.message_rows;
            rows_.message(MessageRow{record.probe(), read_message(record)});
            break;
        case RecordKind::interval: {
            ++counters_.interval_rows;
            IntervalFacts facts = read_interval(record);
            derive_missing(facts.figures);
            Score score = score_stream(facts.figures, options_.scoring);
            rows_.interval(IntervalRow{record.probe(), std::move(facts), std::move(score)});
            break;
        }
        case RecordKind::detail: {
            DetailRow row{record.probe(), read_detail(record)};
            if (!row.facts.final) {  // a snapshot: the last one says it all
                ++counters_.superseded;
                break;
            }
            ++counters_.detail_rows;
            rows_.detail(row);
            break;
        }
        case RecordKind::call:
            call_record(record);
            break;
        case RecordKind::stream:
            stream_record(record);
            break;
    }
}

void Joiner::call_record(const Record& record) {
    CallFacts facts = read_call(record);
    CallKey key{record.probe(), facts.record_id};
    if (facts.record_id == kNoId) {
        if (facts.call_id.empty()) {
            ++counters_.no_identity;
            return;
        }
        key.id = row_id(key.probe, "call", id_of_call_id(facts.call_id), facts.invite.value_or(0));
        facts.record_id = key.id;
    }
    if (is_remembered(key)) {
        ++counters_.superseded;
        return;
    }
    OpenCall* call = find(key);
    if (call == nullptr && !facts.call_id.empty()) {
        const auto by_id = call_ids_.find(CallKey{key.probe, id_of_call_id(facts.call_id)});
        if (by_id != call_ids_.end()) {
            OpenCall* other = find(by_id->second);  // streams came first, naming only the Call-ID
            if (other != nullptr && !other->facts.from_exporter && !other->row_written)
                call = &rekey(*other, key);
        }
    }
    if (call == nullptr) call = &open(key);
    if (call->row_written) {
        ++counters_.superseded;
        return;
    }
    if (call->has_record) {
        ++counters_.superseded;
        if (facts.revision < call->facts.revision) return;
    }
    call->has_record = call->named_by_exporter = true;
    call->ntop_style = false;
    call->facts = std::move(facts);
    index_call_id(*call);
    reconsider(*call, true);
}

void Joiner::stream_record(const Record& record) {
    StreamFacts s = read_stream(record);
    derive_missing(s);
    if (s.record_id == kNoId) {
        if (s.src.address.is_none()) {
            ++counters_.no_identity;
            return;
        }
        s.record_id = row_id(record.probe(), "stream", id_of_stream(s, true), 0);
    }
    const CallKey stream_key{record.probe(), s.record_id};
    if (is_remembered(stream_key)) {
        ++counters_.superseded;
        return;
    }
    const CallKey key = key_for(record.probe(), s);
    if (leave_previous(stream_key, key)) ++counters_.superseded;
    OpenCall& call = home_of(s, key);
    for (OpenStream& known : call.streams) {
        if (known.facts.record_id != s.record_id) continue;
        ++counters_.superseded;
        if (s.revision < known.facts.revision) return;
        known.facts = std::move(s);
        if (known.facts.final && !call.pair_needed) write_stream(call, known);
        reconsider(call, false);
        return;
    }
    if (call.streams.size() >= options_.limits.streams_per_call) {
        ++counters_.too_many_streams;
        return;
    }
    call.streams.push_back({std::move(s), false});
    stream_home_[stream_key] = call.key;
    if (call.streams.back().facts.final && !call.pair_needed) write_stream(call, call.streams.back());
    reconsider(call, false);
}

void Joiner::ntop_call_record(const Record& record) {
    CallFacts facts = read_ntop_call(record);
    if (facts.call_id.empty()) return;
    ++counters_.dialogs_folded;
    const CallKey by_call_id{record.probe(), id_of_call_id(facts.call_id)};
    const auto indexed = call_ids_.find(by_call_id);
    const CallKey key = indexed == call_ids_.end() ? by_call_id : indexed->second;
    if (is_remembered(key)) return;
    OpenCall& call = open(key);
    if (call.has_record) return;
    call.ntop_style = true;
    if (call.facts.from_exporter)
        merge_ntop_call(call.facts, facts);
    else
        call.facts = std::move(facts);
    index_call_id(call);
    reconsider(call, true);
}

void Joiner::ntop_stream_record(const Record& record) {
    for (StreamFacts& s : read_ntop_streams(record)) {
        s.record_id = id_of_stream(s, false);
        const CallKey stream_key{record.probe(), s.record_id};
        CallKey key = key_for(record.probe(), s);
        if (s.call_id.empty())  // a biflow that was tied to its call before stays there
            if (const auto home = stream_home_.find(stream_key); home != stream_home_.end())
                key = home->second;
        auto previous = leave_previous(stream_key, key);
        OpenCall& call = home_of(s, key);
        call.ntop_style = !call.has_record;
        OpenStream* known = nullptr;
        for (OpenStream& o : call.streams)
            if (o.facts.record_id == s.record_id) known = &o;
        if (known == nullptr && call.streams.size() >= options_.limits.streams_per_call) continue;
        if (known == nullptr) {
            call.streams.push_back({previous ? std::move(*previous) : s, false});
            stream_home_[stream_key] = call.key;
            if (previous) merge_ntop_stream(call.streams.back().facts, s);
        } else {
            merge_ntop_stream(known->facts, s);
        }
        reconsider(call, false);
    }
}

}  // namespace voipprobe::collector
