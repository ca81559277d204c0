#include "collector/join/applications.hpp"

#include <algorithm>
#include <array>

#include "collector/join/facts.hpp"

namespace voipprobe::collector {
namespace {

using enum templates::ElementId;

// What every media flow is, and so names nothing.
constexpr std::array<std::string_view, 6> kGeneral{"RTP", "RTCP", "SIP", "STUN", "DTLS", "Unknown"};

}  // namespace

std::string Applications::key_of(const ProbeId& probe, const wire::Endpoint& a, const wire::Endpoint& b) {
    std::string key(wire::as_text(probe.address.octets));
    key += std::to_string(probe.domain);
    for (const wire::Endpoint& e : {std::min(a, b), std::max(a, b)}) {
        key += wire::as_text(e.address.octets);
        key += static_cast<char>(e.port >> 8);
        key += static_cast<char>(e.port & 0xff);
    }
    return key;
}

void Applications::on_flow(const Record& record) {
    if (!record.has(L7_PROTO_NAME)) return;
    const std::string_view name = record[L7_PROTO_NAME].as_text();
    if (name.empty() || std::find(kGeneral.begin(), kGeneral.end(), name) != kGeneral.end()) return;
    const std::string key = key_of(record.probe(), read_endpoint(record, true), read_endpoint(record, false));
    const auto [at, added] = names_.insert_or_assign(key, std::string(name));
    if (!added) return;
    order_.push_back(key);
    if (order_.size() <= capacity_) return;
    names_.erase(order_.front());
    order_.pop_front();
}

std::string Applications::of(const ProbeId& probe, const wire::Endpoint& a, const wire::Endpoint& b) const {
    const auto at = names_.find(key_of(probe, a, b));
    return at == names_.end() ? std::string{} : at->second;
}

}  // namespace voipprobe::collector
