#include "collector/session/decoder.hpp"

#include "collector/session/convert.hpp"

namespace voipprobe::collector {
namespace {

using wire::TemplateEvent;

// An exporter that sent data twice is worth protecting from a flood of newcomers.
constexpr std::uint64_t kProvenMessages = 2;
constexpr std::size_t kNamedAtOnce = 10;  // unstable exporters: strangers choose their addresses

Value present_number(std::uint64_t v, templates::Absent absent, std::uint64_t ones) {
    if ((absent == templates::Absent::zero && v == 0) || (absent == templates::Absent::ones && v == ones)) return {};
    return Value::number(v);
}

MessageTime time_of(const wire::MessageHeader& h) {
    if (h.protocol == wire::FlowProtocol::ipfix) return {h.export_seconds, std::nullopt};
    return {h.export_seconds, h.uptime_ms};
}

}  // namespace

struct Decoder::Context {
    const Key& key;
    wire::MessageHeader header;
    Exporter& exporter;
    Domain& domain;
    RecordConsumer& consumer;
    ProbeId probe;
    MessageTime time;
    wire::RecordBudget budget{};
    std::uint32_t records = 0;  // data records of this message
    bool all_decoded = true;
};

Decoder::Exporter::Exporter(const SessionLimits& limits, SessionCounters& counters)
    : domains(limits.domains_per_exporter, limits.domains_per_exporter * 3 / 4,
              [&counters](std::uint32_t, std::unique_ptr<Domain>&) { ++counters.domains_evicted; }) {}

Decoder::Decoder(std::uint32_t own_pen, SessionLimits limits, wire::SipKey table_key)
    : own_pen_(own_pen),
      limits_(limits),
      table_key_(table_key),
      exporters_(limits.exporters, limits.exporters * 3 / 4,
                 [this](const Key&, std::unique_ptr<Exporter>&) { ++counters_.exporters_evicted; }) {}

Decoder::Key Decoder::key_of(const Peer& peer) const {
    const auto& o = peer.endpoint.address.octets;
    const std::uint64_t rest =
        std::uint64_t{peer.endpoint.port} << 8 | static_cast<std::uint64_t>(peer.transport);
    return {peer,
            wire::siphash13(table_key_, std::array<std::uint64_t, 3>{wire::load_le64(o.data()),
                                                                     wire::load_le64(o.data() + 8), rest})};
}

Decoder::Exporter& Decoder::exporter_of(const Key& key) {
    if (auto* known = exporters_.find(key)) return **known;
    return *exporters_.insert(key, std::make_unique<Exporter>(limits_, counters_));
}

Domain& Decoder::domain_of(Exporter& exporter, std::uint32_t id) {
    if (auto* known = exporter.domains.find(id)) return **known;
    return *exporter.domains.insert(id, std::make_unique<Domain>(limits_, counters_, usage_));
}

void Decoder::forget(const Peer& peer) { exporters_.erase(key_of(peer)); }

bool Decoder::message(const Peer& peer, wire::Bytes octets, RecordConsumer& consumer) {
    auto parsed = wire::FlowMessage::parse(octets);
    if (!parsed) {
        ++counters_.bad_messages[static_cast<std::size_t>(parsed.error())];
        return false;
    }
    ++counters_.messages;
    counters_.octets += octets.size();
    const wire::MessageHeader& h = parsed->header();
    const Key key = key_of(peer);
    Exporter& exporter = exporter_of(key);
    Domain& domain = domain_of(exporter, h.domain);
    Context c{key, h, exporter, domain, consumer, ProbeId{peer.endpoint.address, h.domain}, time_of(h)};
    domain.expire_restored(h.export_seconds);
    consumer.on_message(c.probe, wire::kSecond * h.export_seconds);

    bool useful = false;
    for (wire::SetView set; parsed->next(set);) {
        switch (set.kind) {
            case wire::SetKind::templates:
            case wire::SetKind::options_templates:
                useful |= read_templates(c, set);
                break;
            case wire::SetKind::data:
                useful |= read_data(c, set);
                break;
            case wire::SetKind::reserved:
                ++counters_.reserved_sets;
                break;
        }
    }
    if (h.protocol == wire::FlowProtocol::ipfix)
        domain.sequence.message(h.sequence, c.records, h.export_seconds, c.all_decoded);
    else
        domain.sequence.message(h.sequence, 1, h.export_seconds);
    if (c.records > 0 && ++domain.messages_with_data == kProvenMessages) {
        exporter.domains.promote(h.domain);
        exporters_.promote(key);
    }
    return useful;
}

bool Decoder::read_templates(Context& c, const wire::SetView& set) {
    wire::TemplateReader reader(c.header.protocol, set);
    wire::TemplateSpec spec;
    TemplateEvent event{};
    bool useful = false;
    while (reader.next(spec, event)) {
        ++counters_.template_events[static_cast<std::size_t>(event)];
        if (event == TemplateEvent::defined) useful |= define(c, std::move(spec));
        if (event == TemplateEvent::withdrawn) withdraw(c, set, spec.id);
    }
    return useful;
}

// Makes room first: newcomers go, then what else this exporter holds, then the exporter heard longest ago.
bool Decoder::keep(Context& c, CompiledTemplate t) {
    const std::size_t needed = t.memory();
    while (usage_.templates + needed > limits_.template_octets) {
        if (exporters_.evict_newcomer_but(c.key) || c.exporter.domains.evict_one_but(c.header.domain) ||
            exporters_.evict_one_but(c.key))
            continue;
        ++counters_.templates_over_budget;  // the template known so far, if any, stays
        return false;
    }
    c.domain.define(std::move(t));
    return true;
}

bool Decoder::define(Context& c, wire::TemplateSpec spec) {
    const std::uint16_t id = spec.id;
    if (const auto known = c.domain.find(id)) {
        if (known->spec == spec && known->protocol == c.header.protocol) {
            ++counters_.templates_refreshed;
            c.domain.confirm(id);
            c.domain.refreshed(id, c.header.export_seconds);
            return true;
        }
        ++counters_.templates_replaced;
        if (c.exporter.flapping.replaced(c.header.export_seconds)) {
            ++counters_.exporters_unstable;
            if (newly_unstable_.size() < kNamedAtOnce) newly_unstable_.push_back(c.key.peer);
        }
    }
    ++template_changes_;
    if (!keep(c, compile(std::move(spec), c.header.protocol, own_pen_, c.exporter.types))) return false;
    c.domain.refreshed(id, c.header.export_seconds);
    if (!c.domain.has_pending()) return true;
    const auto layout = c.domain.find(id);
    const std::uint32_t of_this_message = c.records;
    for (const PendingSet& waiting : c.domain.take_pending(id, c.header.export_seconds)) {
        ++counters_.sets_decoded_late;
        decode_set(c, *layout, waiting.body, waiting.time);
    }
    c.records = of_this_message;  // they were numbered by the message they came in
    return true;
}

std::vector<StoredTemplate> Decoder::stored_templates() const {
    std::vector<StoredTemplate> out;
    auto& open = const_cast<Decoder*>(this)->exporters_;
    open.for_each([&](const Key& key, std::unique_ptr<Exporter>& e) {
        if (key.peer.transport != Transport::udp) return;
        e->domains.for_each([&](std::uint32_t domain, std::unique_ptr<Domain>& d) {
            d->for_each_template([&](const CompiledTemplate& t) { out.push_back({key.peer.endpoint, domain, t.protocol, t.spec}); });
        });
    });
    return out;
}

void Decoder::restore(const StoredTemplate& t) {
    Exporter& exporter = exporter_of(key_of({Transport::udp, t.exporter}));
    CompiledTemplate compiled = compile(t.spec, t.protocol, own_pen_, exporter.types);
    if (usage_.templates + compiled.memory() > limits_.template_octets) return;
    domain_of(exporter, t.domain).restore(std::move(compiled));
    ++counters_.templates_restored;
}

void Decoder::withdraw(Context& c, const wire::SetView& set, std::uint16_t id) {
    if (c.key.peer.transport == Transport::udp) {
        ++counters_.withdrawals_ignored;
        return;
    }
    if (id == set.id)
        c.domain.withdraw_all(set.kind == wire::SetKind::options_templates);
    else
        c.domain.withdraw(id);
}

bool Decoder::read_data(Context& c, const wire::SetView& set) {
    if (c.key.peer.transport == Transport::udp) c.domain.expire(set.id, c.time.export_seconds);
    const auto layout = c.domain.find(set.id);
    if (layout == nullptr) {
        c.all_decoded = false;
        c.domain.wait(set.id, c.time, set.body);
        return false;
    }
    if (layout->has_unknown && layout->types_generation != c.exporter.types.generation()) {
        keep(c, compile(layout->spec, layout->protocol, own_pen_, c.exporter.types));
        c.domain.refreshed(set.id, c.header.export_seconds);
        decode_set(c, *c.domain.find(set.id), set.body, c.time);
        return true;
    }
    decode_set(c, *layout, set.body, c.time);
    return true;
}

// RFC 7011 §7: one octet, or 255 and two octets. False: the set ends before.
inline bool take_length(wire::Bytes body, std::size_t& at, std::size_t& length) {
    if (at >= body.size()) return false;
    length = body[at++];
    if (length < 255) return true;
    if (body.size() - at < 2) return false;
    length = wire::load_be16(body.data() + at);
    at += 2;
    return true;
}

// One record at `at`, which it moves on; false when the set ends within it.
bool Decoder::read_record(const CompiledTemplate& layout, wire::Bytes body, std::size_t& at) {
    for (std::size_t i = 0; i < layout.reads.size(); ++i) {
        const FieldRead& r = layout.reads[i];
        std::size_t length = r.length;
        if (r.how == FieldRead::How::variable && !take_length(body, at, length)) return false;
        if (body.size() - at < length) return false;
        const wire::Bytes octets = body.subspan(at, length);
        at += length;
        switch (r.how) {
            case FieldRead::How::number1: values_[i] = present_number(octets[0], r.absent, 0xff); break;
            case FieldRead::How::number2: values_[i] = present_number(wire::load_be16(octets.data()), r.absent, 0xffff); break;
            case FieldRead::How::number4: values_[i] = present_number(wire::load_be32(octets.data()), r.absent, UINT32_MAX); break;
            case FieldRead::How::number8: values_[i] = present_number(wire::load_be64(octets.data()), r.absent, UINT64_MAX); break;
            case FieldRead::How::address:
                if (r.absent != templates::Absent::zero) {
                    values_[i] = Value::address(octets);
                    break;
                }
                [[fallthrough]];
            case FieldRead::How::variable:
            case FieldRead::How::convert:
                values_[i] = convert(layout.columns[i], layout.protocol, octets, scratch_, counters_.unreadable_fields);
                break;
        }
    }
    return true;
}

// Data records, most of what comes: without the detour over views of fields.
void Decoder::decode_data_set(Context& c, const CompiledTemplate& layout, wire::Bytes body, MessageTime time) {
    values_.resize(layout.reads.size());
    bool over_budget = false, damaged = false;
    for (std::size_t at = 0; body.size() - at >= layout.spec.shortest;) {
        if (c.budget.records == 0 || c.budget.fields < layout.reads.size()) {
            over_budget = true;
            break;
        }
        if (!scratch_.empty()) scratch_.clear();
        const std::uint64_t unreadable = counters_.unreadable_fields;
        if (!read_record(layout, body, at)) {
            counters_.unreadable_fields = unreadable;  // the record is damaged, not its fields
            damaged = true;
            break;
        }
        c.budget.records -= 1;
        c.budget.fields -= layout.reads.size();
        ++c.records;
        ++counters_.data_records;
        const Record record(layout, values_, c.probe, time);
        c.consumer.on_record(record, classify(record));
    }
    end_of_set(c, layout, damaged, over_budget);
}

void Decoder::decode_set(Context& c, const CompiledTemplate& layout, wire::Bytes body, MessageTime time) {
    if (!layout.spec.is_options()) return decode_data_set(c, layout, body, time);
    wire::RecordReader reader(layout.spec, body, c.budget);
    while (reader.next(fields_)) {
        ++c.records;
        ++counters_.options_records;
        scratch_.clear();
        values_.clear();
        for (std::size_t i = 0; i < fields_.size(); ++i)
            values_.push_back(convert(layout.columns[i], layout.protocol, fields_[i], scratch_,
                                      counters_.unreadable_fields));
        const Record record(layout, values_, c.probe, time);
        learn_types(c, record);
        c.consumer.on_record(record, RecordKind::options);
    }
    end_of_set(c, layout, reader.damaged(), reader.over_budget());
}

void Decoder::end_of_set(Context& c, const CompiledTemplate& layout, bool damaged, bool over_budget) {
    if (damaged && c.domain.is_provisional(layout.spec.id)) c.domain.withdraw(layout.spec.id);
    if (damaged) ++counters_.damaged_sets;
    if (over_budget) ++counters_.sets_over_budget;
    if (damaged || over_budget) c.all_decoded = false;
}

// RFC 5610 §3: scope privateEnterpriseNumber (346) and informationElementId (303), then
// informationElementDataType (339) and informationElementName (341). None of them is in our table, so the raw
// fields are read.
void Decoder::learn_types(Context& c, const Record& record) {
    std::optional<std::uint64_t> pen, number, type;
    std::string_view name;
    for (std::size_t i = 0; i < record.layout().columns.size(); ++i) {
        const wire::FieldSpec& f = record.layout().columns[i].spec;
        if (f.pen != 0 || c.header.protocol != wire::FlowProtocol::ipfix) continue;
        const wire::Bytes raw = fields_[i];
        if (f.number == 341) name = wire::as_text(raw);
        if (raw.empty() || raw.size() > 8) continue;
        wire::ByteReader in(raw);
        if (f.number == 346) pen = in.uint(raw.size());
        if (f.number == 303) number = in.uint(raw.size()) & 0x7fff;
        if (f.number == 339) type = in.uint(raw.size());
    }
    if (!pen || !number || !type || *pen > UINT32_MAX) return;
    const std::uint32_t before = c.exporter.types.generation();
    c.exporter.types.learn(static_cast<std::uint32_t>(*pen), static_cast<std::uint16_t>(*number), name,
                           *type);
    if (c.exporter.types.generation() != before) ++counters_.types_learnt;
}

std::vector<Decoder::Unstable> Decoder::unstable(std::size_t most) const {
    std::vector<Unstable> out;
    auto& open = const_cast<Decoder*>(this)->exporters_;
    open.for_each([&](const Key& key, std::unique_ptr<Exporter>& e) {
        if (e->flapping.unstable() && out.size() < most) out.push_back({key.peer, e->flapping.replaced()});
    });
    return out;
}

SessionCounters Decoder::counters() const {
    SessionCounters out = counters_;
    auto& open = const_cast<Decoder*>(this)->exporters_;
    open.for_each([&](const Key&, std::unique_ptr<Exporter>& e) {
        e->domains.for_each([&](std::uint32_t, std::unique_ptr<Domain>& d) {
            out.sequence += d->sequence.counters();
            for (const PendingSet& s : d->pending()) {
                ++out.sets_dropped;
                out.set_octets_dropped += s.body.size();
            }
        });
    });
    return out;
}

}  // namespace voipprobe::collector
