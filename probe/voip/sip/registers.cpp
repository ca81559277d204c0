#include "probe/voip/sip/registers.hpp"

#include <algorithm>

#include "wire/siphash.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxUser = 96;

}  // namespace

RegisterFigures* RegisterTable::figures(FlowIndex flow) {
    const auto it = flows_.find(flow);
    if (it != flows_.end()) return &it->second;
    return flows_.size() >= max_flows_ ? nullptr : &flows_.emplace(flow, RegisterFigures{}).first->second;
}

void RegisterTable::note_user(FlowIndex flow, std::string_view user, const wire::IpAddress& client) {
    RegisterFigures* f = user.empty() ? nullptr : figures(flow);
    if (f == nullptr) return;
    f->user = unfolded(user.substr(0, kMaxUser));
    f->client = client;
}

void RegisterTable::note(FlowIndex flow, const SipMessage& m, wire::TimeNs time, const wire::IpAddress& to) {
    if (!m.is_request && m.status < 200) return;
    RegisterFigures* known = figures(flow);
    if (known == nullptr) return;
    RegisterFigures& f = *known;
    const std::uint64_t transaction = wire::siphash13(wire::SipKey{m.cseq, 1}, wire::as_bytes(m.branch()));
    const auto open = std::find_if(f.open.begin(), f.open.end(), [&](const RegisterFigures::Open& o) {
        return o.time != wire::kNever && o.transaction == transaction;
    });
    if (m.is_request) {
        if (open != f.open.end()) return;  // a retransmission
        f.open[f.next] = {transaction, time};
        f.next = static_cast<std::uint8_t>((f.next + 1) % f.open.size());
        return;
    }
    const bool ok = m.status < 300 || m.status == 401 || m.status == 407;
    ++(ok ? f.ok : f.other);
    if (m.status < 300) note_user(flow, bare_uri(parse_name_address(m.to).uri), to);
    if (open == f.open.end()) return;  // repeated, or its request was not seen
    if (m.status >= 300 && m.status != 401 && m.status != 407 && m.status != 423) ++f.failed;
    if (m.status < 300) {
        ++f.succeeded;
        f.delay_ns += static_cast<std::uint64_t>(std::max<std::int64_t>(time - open->time, 0));
    }
    if (ok && time >= open->time) {
        const auto ms = static_cast<std::uint32_t>(std::min<std::int64_t>((time - open->time) / wire::kMillisecond, 0xfffffffe));
        f.max_delay_ms = std::max(f.max_delay_ms, ms);
        f.has_delay = true;
    }
    open->time = wire::kNever;
}

}  // namespace voipprobe::probe
