// When the joiner's rows are due, and writing them.
#include <algorithm>

#include "collector/join/call_row.hpp"
#include "collector/join/heard.hpp"
#include "collector/join/identity.hpp"
#include "collector/join/joiner.hpp"

namespace voipprobe::collector {
namespace {

using wire::kSecond;

constexpr wire::TimeNs kAfterFinal = 5 * kSecond;       // dictionary, RECORD_FINAL
constexpr wire::TimeNs kAfterLastStream = 1 * kSecond;  // for a further stream that ended with it
// nProbe never says "final": its flows of a call end within the idle timeout (30 s) of each other.
constexpr wire::TimeNs kNtopEnded = 40 * kSecond;
// A call whose record must still come (a snapshot comes at least every active timeout, 120 s), late streams.
constexpr wire::TimeNs kPatience = 300 * kSecond;

bool ended(const CallFacts& c) {
    return c.state == "CALL_COMPLETED" || c.state == "CALL_ERROR" || c.state == "CALL_CANCELED";
}

bool all_final(const OpenCall& call) {
    return std::all_of(call.streams.begin(), call.streams.end(),
                       [](const OpenStream& s) { return s.facts.final; });
}

bool both_directions(const OpenCall& call) {
    for (const OpenStream& a : call.streams)
        for (const OpenStream& b : call.streams)
            if (a.facts.is_audio() && b.facts.is_audio() && a.facts.src == b.facts.dst &&
                a.facts.dst == b.facts.src)
                return true;
    return false;
}

}  // namespace

// All streams ended, and every side that negotiated audio has one (without flags: both sides).
bool Joiner::complete(const OpenCall& call) const {
    if (!all_final(call)) return false;
    const std::uint64_t flags = call.facts.media_flags.value_or(kCallerHears | kCalleeHears);
    bool caller = false, callee = false;
    for (const OpenStream& s : call.streams) {
        const Side side = side_of(s.facts, call.facts, nullptr);
        caller |= side == Side::caller;
        callee |= side == Side::callee;
    }
    return (caller || (flags & kCallerHears) == 0) && (callee || (flags & kCalleeHears) == 0);
}

void Joiner::reconsider(OpenCall& call, bool call_record_came) {
    const CallFacts& c = call.facts;
    if (call.row_written) {
        const bool done = std::all_of(call.streams.begin(), call.streams.end(),
                                      [](const OpenStream& s) { return s.row_written; });
        if (done)
            erase(CallKey(call.key));
        else
            set_due(call, now_ + kPatience);
    } else if (call.ntop_style) {
        set_due(call, now_ + (ended(c) || c.call_id.empty() ? kNtopEnded : kPatience));
    } else if (c.from_exporter && c.final) {
        const bool is_complete = complete(call);
        if (is_complete && call_record_came) {
            settle(CallKey(call.key));
            return;
        }
        if (call_record_came || call.due == wire::kNever) set_due(call, now_ + kAfterFinal);
        if (is_complete) set_due(call, std::min(call.due, now_ + kAfterLastStream));
    } else if (!c.from_exporter && !call.streams.empty() && all_final(call)) {
        set_due(call, now_ + (c.call_id.empty() ? kAfterFinal : kPatience));
    } else {
        clear_due(call);
    }
}

void Joiner::set_due(OpenCall& call, wire::TimeNs due) {
    if (call.due == due) return;
    clear_due(call);
    call.due = due;
    call.due_serial = ++due_serial_;
    due_.emplace(call.key.probe, due, call.due_serial, call.key);
}

void Joiner::clear_due(OpenCall& call) {
    if (call.due == wire::kNever) return;
    due_.erase({call.key.probe, call.due, call.due_serial, call.key});
    call.due = wire::kNever;
}

void Joiner::fire_due() {
    for (;;) {
        const auto next = due_.lower_bound({probe_, wire::kNever, 0, CallKey{}});
        if (next == due_.end() || std::get<ProbeId>(*next) != probe_ || std::get<wire::TimeNs>(*next) > now_)
            return;
        const CallKey key = std::get<CallKey>(*next);
        OpenCall* call = find(key);
        if (call == nullptr) {
            due_.erase(next);
            continue;
        }
        if (call->row_written || call->ntop_style || !call->facts.from_exporter)
            close(key);
        else
            settle(key);
    }
}

RecordId Joiner::row_id_of(const OpenCall& call) const {
    if (call.facts.record_id != kNoId) return call.facts.record_id;
    if (call.named_by_exporter) return call.key.id;
    std::uint64_t first = call.facts.invite.value_or(UINT64_MAX);
    for (const OpenStream& s : call.streams) first = std::min(first, s.facts.first_time.value_or(UINT64_MAX));
    return row_id(call.key.probe, "call", call.key.id, first);
}

void Joiner::write_stream(OpenCall& call, OpenStream& stream) {
    if (stream.row_written) return;
    stream.row_written = true;
    if (rows_before_.erase({call.key.probe, stream.facts.record_id}) > 0) {
        ++counters_.superseded;
        remember(call.key.probe, stream.facts.record_id);
        return;
    }
    StreamRow row{call.key.probe, stream.facts, score_stream(stream.facts, options_.scoring)};
    if (stream.facts.ntop_style) {
        row.facts.record_id =
            row_id(call.key.probe, "stream", stream.facts.record_id, stream.facts.first_time.value_or(0));
        ++counters_.derived_stream_rows;
    } else {
        ++counters_.stream_rows;
        remember(call.key.probe, stream.facts.record_id);
    }
    if (row.facts.call_record_id == kNoId &&
        (call.facts.from_exporter || !call.pair_needed || both_directions(call)))
        row.facts.call_record_id = row_id_of(call);
    if (row.facts.call_id.empty()) row.facts.call_id = call.facts.call_id;
    rows_.stream(row);
}

void Joiner::write_call(OpenCall& call) {
    call.row_written = true;
    if (!call.pair_needed) remember(call.key.probe, call.key.id);  // ports are used again
    if (call.streams.empty() && !call.facts.from_exporter) return;
    if (!call.facts.from_exporter && call.pair_needed && !both_directions(call)) return;
    std::vector<StreamFacts> streams;
    for (const OpenStream& s : call.streams) streams.push_back(s.facts);
    CallFacts facts = call.facts;
    facts.record_id = row_id_of(call);
    if (call.has_record)
        ++counters_.call_rows;
    else
        ++counters_.derived_call_rows;
    CallRow row = make_call_row(call.key.probe, std::move(facts), streams, options_.scoring, options_.verdict);
    if (row.facts.state == "MEDIA_ONLY" && row.facts.signalling.empty() && !streams.empty())
        row.facts.signalling = !streams.front().application.empty()
                                   ? streams.front().application
                                   : applications_.of(call.key.probe, streams.front().src, streams.front().dst);
    rows_.call(row);
    users_.on_call(row, now_);
    performance_.on_call(row);
}

void Joiner::settle(const CallKey& key) {
    OpenCall* call = find(key);
    if (call == nullptr) return;
    clear_due(*call);
    for (OpenStream& s : call->streams)
        if (s.facts.final) write_stream(*call, s);
    if (!call->row_written) write_call(*call);
    reconsider(*call, false);  // nothing left, or late streams
}

void Joiner::close(const CallKey& key) {
    OpenCall* call = find(key);
    if (call == nullptr) return;
    clear_due(*call);
    for (OpenStream& s : call->streams) write_stream(*call, s);
    if (!call->row_written) write_call(*call);
    erase(key);
}

void Joiner::finish() {
    while (!by_age_.empty()) close(CallKey(by_age_.front()));
    users_.finish();
}

}  // namespace voipprobe::collector
