#include "collector/session/domain.hpp"

namespace voipprobe::collector {
namespace {

constexpr std::size_t kPendingOverhead = 64;

std::size_t cost(const PendingSet& s) { return s.body.size() + kPendingOverhead; }

}  // namespace

Domain::Domain(const SessionLimits& limits, SessionCounters& counters, Usage& usage)
    : limits_(limits),
      counters_(counters),
      usage_(usage),
      templates_(limits.templates_per_domain, limits.templates_per_domain, [this](std::uint16_t, Shared& t) {
          ++counters_.templates_evicted;
          refreshed_.erase(t->spec.id);
          release(t);
      }) {}

Domain::~Domain() {
    templates_.for_each([this](std::uint16_t, Shared& t) { release(t); });
    for (const PendingSet& s : pending_) drop(s);
    counters_.sequence += sequence.counters();
}

void Domain::release(const Shared& t) { usage_.templates -= t->memory(); }

std::shared_ptr<const CompiledTemplate> Domain::find(std::uint16_t template_id) {
    const Shared* t = templates_.find(template_id);
    return t == nullptr ? nullptr : *t;
}

void Domain::define(CompiledTemplate t) {
    auto shared = std::make_shared<const CompiledTemplate>(std::move(t));
    const std::uint16_t id = shared->spec.id;
    withdraw(id);
    usage_.templates += shared->memory();
    templates_.insert(id, std::move(shared));
}

void Domain::restore(CompiledTemplate t) {
    const std::uint16_t id = t.spec.id;
    define(std::move(t));
    provisional_.insert(id);
}

void Domain::expire_restored(std::uint32_t export_seconds) {
    if (provisional_.empty()) return;
    if (provisional_since_ == 0) provisional_since_ = export_seconds;
    if (export_seconds - provisional_since_ <= limits_.provisional_seconds || export_seconds < provisional_since_) return;
    const std::set<std::uint16_t> old = provisional_;
    for (const std::uint16_t id : old) withdraw(id);
}

void Domain::expire(std::uint16_t template_id, std::uint32_t export_seconds) {
    const auto at = refreshed_.find(template_id);
    if (at == refreshed_.end() || export_seconds <= at->second || export_seconds - at->second <= limits_.template_seconds) return;
    ++counters_.templates_expired;
    withdraw(template_id);
}

void Domain::withdraw(std::uint16_t template_id) {
    provisional_.erase(template_id);
    const Shared* t = templates_.find(template_id);
    if (t == nullptr) return;
    refreshed_.erase(template_id);
    release(*t);
    templates_.erase(template_id);
}

void Domain::withdraw_all(bool options) {
    std::vector<std::uint16_t> ids;
    templates_.for_each([&](std::uint16_t id, Shared& t) {
        if (t->spec.is_options() == options) ids.push_back(id);
    });
    for (const std::uint16_t id : ids) withdraw(id);
}

void Domain::drop(const PendingSet& set) {
    usage_.pending -= cost(set);
    pending_octets_ -= cost(set);
    ++counters_.sets_dropped;
    counters_.set_octets_dropped += set.body.size();
}

void Domain::wait(std::uint16_t template_id, MessageTime time, wire::Bytes body) {
    PendingSet set{template_id, time, {body.begin(), body.end()}};
    while (!pending_.empty() && pending_octets_ + cost(set) > limits_.pending_octets_per_domain) {
        drop(pending_.front());
        pending_.pop_front();
    }
    if (cost(set) > limits_.pending_octets_per_domain ||
        usage_.pending + cost(set) > limits_.pending_octets) {
        ++counters_.sets_dropped;
        counters_.set_octets_dropped += body.size();
        return;
    }
    ++counters_.sets_waiting;
    usage_.pending += cost(set);
    pending_octets_ += cost(set);
    pending_.push_back(std::move(set));
}

std::vector<PendingSet> Domain::take_pending(std::uint16_t template_id, std::uint32_t export_seconds) {
    std::vector<PendingSet> out;
    std::deque<PendingSet> kept;
    for (PendingSet& s : pending_) {
        const std::uint32_t since = s.time.export_seconds;
        const bool stale = export_seconds > since && export_seconds - since > limits_.pending_seconds;
        if (stale) {
            drop(s);
        } else if (s.template_id == template_id) {
            usage_.pending -= cost(s);
            pending_octets_ -= cost(s);
            out.push_back(std::move(s));
        } else {
            kept.push_back(std::move(s));
        }
    }
    pending_.swap(kept);
    return out;
}

}  // namespace voipprobe::collector
