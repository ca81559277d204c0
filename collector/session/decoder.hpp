// From messages to records: the one place where octets from the network become typed values. Keeps a bounded
// state per exporter (transport, address, port) and observation domain, counts everything it refuses, and
// never reads a clock: time is the export time of the messages. Thread rule: one thread. Errors: none to the
// caller; see counters().
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/session/domain.hpp"
#include "collector/session/flapping.hpp"
#include "collector/session/record.hpp"
#include "collector/session/stored_template.hpp"
#include "wire/flow_record.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::collector {

// Receives what the decoder finds. Records are only valid during the call.
class RecordConsumer {
  public:
    virtual ~RecordConsumer() = default;
    // Once per well-formed message, before its records.
    virtual void on_message(ProbeId probe, wire::TimeNs export_time) {}
    virtual void on_record(const Record& record, RecordKind kind) = 0;
};

class Decoder {
  public:
    explicit Decoder(std::uint32_t own_pen = templates::kOwnPen, SessionLimits limits = {},
                     wire::SipKey table_key = {});

    // One message. True when it was well-formed and at least one set in it could be used (template or data):
    // "something came".
    bool message(const Peer& peer, wire::Bytes octets, RecordConsumer& consumer);
    // The transport session ended (TCP): its templates are forgotten.
    void forget(const Peer& peer);

    // --state: what UDP exporters defined, and its way back. A restored template counts against the same limits.
    std::vector<StoredTemplate> stored_templates() const;
    void restore(const StoredTemplate& t);
    std::uint64_t template_changes() const { return template_changes_; }  // grows when stored_templates() would differ

    // Totals; sequence figures include the sessions that are still open.
    SessionCounters counters() const;
    std::size_t exporters() const { return exporters_.size(); }
    // Open sessions that are marked (Flapping), with their replacements; at most `most`.
    struct Unstable {
        Peer peer;
        std::uint64_t replaced = 0;
    };
    std::vector<Unstable> unstable(std::size_t most) const;
    // Those marked since the last call, for a log; at most ten of them.
    std::vector<Peer> take_newly_unstable() { return std::exchange(newly_unstable_, {}); }
    const Usage& usage() const { return usage_; }

  private:
    struct Exporter {
        Exporter(const SessionLimits& limits, SessionCounters& counters);
        SegmentedLru<std::uint32_t, std::unique_ptr<Domain>> domains;
        TypeRegistry types;
        Flapping flapping;
    };
    struct Context;  // of the message being read
    struct Key {     // with its keyed hash: strangers choose addresses and ports
        Peer peer;
        std::uint64_t hash;
        friend bool operator==(const Key& a, const Key& b) { return a.peer == b.peer; }
    };
    struct KeyHash {
        std::size_t operator()(const Key& k) const { return k.hash; }
    };

    Key key_of(const Peer& peer) const;
    Exporter& exporter_of(const Key& key);
    Domain& domain_of(Exporter& exporter, std::uint32_t id);
    bool read_templates(Context& c, const wire::SetView& set);
    bool define(Context& c, wire::TemplateSpec spec);
    bool keep(Context& c, CompiledTemplate t);
    void withdraw(Context& c, const wire::SetView& set, std::uint16_t id);
    bool read_data(Context& c, const wire::SetView& set);
    void decode_set(Context& c, const CompiledTemplate& layout, wire::Bytes body, MessageTime time);
    void decode_data_set(Context& c, const CompiledTemplate& layout, wire::Bytes body, MessageTime time);
    bool read_record(const CompiledTemplate& layout, wire::Bytes body, std::size_t& at);
    void end_of_set(Context& c, const CompiledTemplate& layout, bool damaged, bool over_budget);
    void learn_types(Context& c, const Record& record);

    std::uint32_t own_pen_;
    SessionLimits limits_;
    wire::SipKey table_key_;
    mutable SessionCounters counters_;
    std::uint64_t template_changes_ = 0;
    Usage usage_;
    std::vector<Peer> newly_unstable_;
    SegmentedLru<Key, std::unique_ptr<Exporter>, KeyHash> exporters_;
    // Reused for every record.
    std::vector<wire::Bytes> fields_;
    std::vector<Value> values_;
    std::deque<std::string> scratch_;
};

}  // namespace voipprobe::collector
