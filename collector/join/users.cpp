#include "collector/join/users.hpp"

#include <algorithm>

#include "collector/join/flow_time.hpp"
#include "collector/join/identity.hpp"

namespace voipprobe::collector {
namespace {

using namespace templates;
using enum ElementId;

constexpr wire::TimeNs kDay = 24 * 3600 * wire::kSecond;

std::string key_of(const ProbeId& probe, const wire::IpAddress& address, const std::string& user) {
    std::string key(wire::as_text(probe.address.octets));
    key += std::to_string(probe.domain);
    key += wire::as_text(address.octets);
    return key += user;
}

void widen(UserRow& row, const Count& time) {
    if (!time) return;
    row.first_seen = std::min(row.first_seen.value_or(*time), *time);
    row.last_seen = std::max(row.last_seen.value_or(*time), *time);
}

void worsen(std::optional<double>& worst, double value) { worst = std::min(worst.value_or(value), value); }

}  // namespace

UserTable::Entry& UserTable::entry(const ProbeId& probe, const wire::IpAddress& address, const std::string& user, wire::TimeNs now) {
    const std::string key = key_of(probe, address, user);
    if (const auto known = index_.find(key); known != index_.end()) return *known->second;
    if (index_.size() >= capacity_) {
        ++evicted_;
        write_oldest();
    }
    Entry& e = entries_.emplace_back();
    e.row.probe = probe;
    e.row.address = address;
    e.row.user = user;
    e.created = now;
    index_.emplace(key, std::prev(entries_.end()));
    return e;
}

void UserTable::on_call(const CallRow& row, wire::TimeNs now) {
    if (row.facts.state == "MEDIA_ONLY" || !row.facts.from_exporter) return;
    party(row, true, now);
    party(row, false, now);
}

void UserTable::party(const CallRow& call, bool caller, wire::TimeNs now) {
    const CallFacts& f = call.facts;
    const wire::IpAddress& address = (caller ? f.caller_hop : f.callee_hop).address;
    const std::string& user = caller ? f.caller : f.callee;
    if (user.empty() || address.is_none()) return;
    Entry& e = entry(call.probe, address, user, now);
    UserRow& row = e.row;
    const auto keep = [](std::string& into, const std::string& from) {
        if (!from.empty()) into = from;
    };
    keep(row.name, caller ? f.caller_name : f.callee_name);
    keep(row.user_agent, caller ? f.user_agent_caller : f.user_agent_callee);
    keep(row.signalling, f.signalling);
    for (const Count& time : {f.invite, f.ok, f.bye, f.failure, f.last_media}) widen(row, time);
    ++row.calls;
    ++(caller ? row.calls_from : row.calls_to);
    if (f.ok) ++row.answered;
    const HeardRow& heard = caller ? call.caller : call.callee;
    if (const auto& mos = heard.score.mos_lq) {
        e.mixed_scales |= !row.mos_scale.empty() && row.mos_scale != heard.score.mos_scale;
        row.mos_scale = heard.score.mos_scale;
        e.mos_sum += *mos;
        ++e.mos_count;
        worsen(row.mos_worst, *mos);
    }
    if (const auto& mos = heard.score.mos_common) {
        e.common_sum += *mos;
        ++e.common_count;
        worsen(row.mos_common_worst, *mos);
    }
}

void UserTable::on_flow(const Record& record, wire::TimeNs now) {
    if (!record.has(SIP_REGISTER_USER)) return;
    const std::string user(record[SIP_REGISTER_USER].as_text());
    const auto client = record[SIP_REGISTER_CLIENT].as_address();
    if (user.empty() || !client || client->is_none()) return;
    Entry& e = entry(record.probe(), *client, user, now);
    ++e.row.registrations;
    bool timed = false;
    for (const bool first : {true, false}) {
        const Count time = flow_time(record, first);
        widen(e.row, time);
        timed |= time.has_value();
    }
    if (!timed) widen(e.row, static_cast<std::uint64_t>(now / wire::kMicrosecond));  // when it was exported, then
}

void UserTable::on_time(wire::TimeNs now) {
    while (!entries_.empty() && now - entries_.front().created >= kDay) write_oldest();
}

void UserTable::write_oldest() {
    Entry& e = entries_.front();
    UserRow& row = e.row;
    if (e.mixed_scales) {
        row.mos_scale.clear();  // means of different scales mean nothing
        row.mos_worst.reset();
    } else if (e.mos_count != 0) {
        row.mos_mean = e.mos_sum / static_cast<double>(e.mos_count);
    }
    if (e.common_count != 0) row.mos_common_mean = e.common_sum / static_cast<double>(e.common_count);
    row.record_id = row_id(row.probe, "user", id_of_call_id(key_of(row.probe, row.address, row.user)), row.first_seen.value_or(0));
    rows_.user(row);
    ++written_;
    index_.erase(key_of(row.probe, row.address, row.user));
    entries_.pop_front();
}

void UserTable::finish() {
    while (!entries_.empty()) write_oldest();
}

}  // namespace voipprobe::collector
