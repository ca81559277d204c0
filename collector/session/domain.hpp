// The state of one observation domain of one exporter: its templates, its sequence, and data that waits for a
// template. Memory is charged to the shared Usage so that the totals stay bounded. Thread rule: one thread.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "collector/session/column.hpp"
#include "collector/session/limits.hpp"
#include "collector/session/lru.hpp"
#include "collector/session/peer.hpp"

namespace voipprobe::collector {

// Octets in use over all domains.
struct Usage {
    std::size_t templates = 0;
    std::size_t pending = 0;
};

struct PendingSet {
    std::uint16_t template_id = 0;
    MessageTime time;
    std::vector<std::uint8_t> body;
};

class Domain {
  public:
    Domain(const SessionLimits& limits, SessionCounters& counters, Usage& usage);
    ~Domain();
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;

    // Shared, because a record may be on its way while its template is replaced.
    std::shared_ptr<const CompiledTemplate> find(std::uint16_t template_id);
    // Keeps a template, replacing the one of its id.
    void define(CompiledTemplate t);
    // The exporter has sent it (again). Over UDP it is good for SessionLimits::template_seconds from then.
    void refreshed(std::uint16_t template_id, std::uint32_t export_seconds) { refreshed_[template_id] = export_seconds; }
    void expire(std::uint16_t template_id, std::uint32_t export_seconds);
    // A template of an earlier run: good until the exporter's own comes (which define() keeps), or data speaks against it.
    void restore(CompiledTemplate t);
    // Drops restored templates that the exporter did not repeat within SessionLimits::provisional_seconds.
    void expire_restored(std::uint32_t export_seconds);
    void confirm(std::uint16_t template_id) { provisional_.erase(template_id); }
    bool is_provisional(std::uint16_t template_id) const { return provisional_.contains(template_id); }
    void withdraw(std::uint16_t template_id);
    template <typename F>
    void for_each_template(F&& f) {
        templates_.for_each([&](std::uint16_t, Shared& t) { f(*t); });
    }
    void withdraw_all(bool options);
    std::size_t template_count() const { return templates_.size(); }

    void wait(std::uint16_t template_id, MessageTime time, wire::Bytes body);
    // The sets that waited for this template, oldest first; sets that waited too long are dropped.
    std::vector<PendingSet> take_pending(std::uint16_t template_id, std::uint32_t export_seconds);
    bool has_pending() const { return !pending_.empty(); }
    const std::deque<PendingSet>& pending() const { return pending_; }

    SequenceTracker sequence;
    std::uint64_t messages_with_data = 0;

  private:
    using Shared = std::shared_ptr<const CompiledTemplate>;
    void release(const Shared& t);
    void drop(const PendingSet& set);

    const SessionLimits& limits_;
    SessionCounters& counters_;
    Usage& usage_;
    SegmentedLru<std::uint16_t, Shared> templates_;
    std::unordered_map<std::uint16_t, std::uint32_t> refreshed_;  // export time; of templates_
    std::set<std::uint16_t> provisional_;
    std::uint32_t provisional_since_ = 0;  // export time of the first message after the restart
    std::deque<PendingSet> pending_;
    std::size_t pending_octets_ = 0;
};

}  // namespace voipprobe::collector
