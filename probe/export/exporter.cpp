#include "probe/export/exporter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string_view>
#include <thread>

#include "probe/export/batch_queue.hpp"
#include "probe/export/output.hpp"
#include "probe/export/packed_record.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kBatch = 64 * 1024;
constexpr auto kPatience = std::chrono::milliseconds(100);  // then outputs look after their connections

// What a batch consists of: this, then for a record its packed octets.
struct Event {
    enum class What : std::uint32_t { record, tick, boot_time, ignored, capture_ended };
    What what = What::record;
    std::uint32_t template_index = 0;
    std::uint64_t length = 0;
    wire::TimeNs time = 0;
};

void put(Batch& batch, const Event& e, wire::Bytes packed = {}) {
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&e);
    batch.insert(batch.end(), raw, raw + sizeof e);
    batch.insert(batch.end(), packed.begin(), packed.end());
}

}  // namespace

struct Exporter::Impl {
    Impl(const ExportConfig& c, std::vector<templates::PlannedTemplate> p)
        : config(c), plan(std::move(p)), queue(std::max<std::size_t>(2, c.queue_octets / kBatch)) {
        for (const templates::PlannedTemplate& t : plan) call_field.push_back(call_identity(t));
    }

    // The field that says which call a record belongs to: its index, or the number of fields when it has none.
    static std::size_t call_identity(const templates::PlannedTemplate& t) {
        const auto index_of = [&](templates::ElementId id) {
            return static_cast<std::size_t>(std::find(t.elements.begin(), t.elements.end(), id) - t.elements.begin());
        };
        for (const auto id : {templates::ElementId::CALL_RECORD_ID, templates::ElementId::RECORD_ID,
                              templates::ElementId::SIP_CALL_ID, templates::ElementId::RTP_SIP_CALL_ID})
            if (const std::size_t i = index_of(id); i < t.elements.size()) return i;
        return t.elements.size();
    }

    // The next one that is there takes the place of a destination that is away.
    Output& healthy_from(std::size_t first) {
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (Output& o = *outputs[(first + i) % outputs.size()]; o.healthy()) return o;
        return *outputs[first % outputs.size()];
    }
    Output& choose(std::size_t template_index, wire::Bytes packed) {
        if (config.dispatch == Dispatch::round_robin) return healthy_from(turn++ % outputs.size());
        const wire::Bytes id = packed_field(plan[template_index].layout, packed, call_field[template_index]);
        return healthy_from(wire::siphash13(wire::SipKey{}, id) % outputs.size());
    }

    void handle(const Event& e, wire::Bytes packed) {
        switch (e.what) {
            case Event::What::boot_time:
                for (auto& o : outputs) o->set_boot_time(e.time);
                return;
            case Event::What::tick:
                for (auto& o : outputs) o->tick(e.time);
                return;
            case Event::What::ignored: {
                Ignored ignored;
                if (packed.size() == sizeof ignored) std::memcpy(&ignored, packed.data(), sizeof ignored);
                for (auto& o : outputs) o->set_ignored(ignored);
                return;
            }
            case Event::What::capture_ended:
                for (auto& o : outputs) o->capture_ended();
                return;
            case Event::What::record: break;
        }
        if (config.dispatch == Dispatch::all || outputs.size() == 1)
            for (auto& o : outputs) o->record(e.template_index, packed, e.time);
        else
            choose(e.template_index, packed).record(e.template_index, packed, e.time);
    }

    void run() {
        Batch batch;
        std::chrono::steady_clock::time_point polled{};
        while (true) {
            const BatchQueue::Pop got = queue.pop(batch, kPatience);
            if (got == BatchQueue::Pop::closed) break;
            if (const auto now = std::chrono::steady_clock::now(); got == BatchQueue::Pop::nothing || now - polled >= kPatience) {
                polled = now;
                for (auto& o : outputs) o->poll();
            }
            for (std::size_t at = 0; at + sizeof(Event) <= batch.size();) {
                Event e;
                std::memcpy(&e, batch.data() + at, sizeof e);
                at += sizeof e;
                handle(e, wire::Bytes(batch).subspan(at, e.length));
                at += e.length;
            }
            publish();
        }
        for (auto& o : outputs) o->close();
        publish();
    }

    void publish() {
        const std::lock_guard lock(mutex);
        published = counted;
    }

    // With the first batch: what a sandbox takes away before that is taken from the thread too.
    void ensure_running() {
        if (!thread.joinable()) thread = std::thread([this] { run(); });
    }

    void flush() {
        if (open.empty()) return;
        ensure_running();
        if (!queue.push(open, !config.live || draining)) {
            dropped += open_records;
            open.clear();
            if (lost_boot_time) put(open, {Event::What::boot_time, 0, 0, boot_time});
        } else {
            lost_boot_time = false;
        }
        open_records = 0;
    }

    const ExportConfig config;
    const std::vector<templates::PlannedTemplate> plan;
    std::vector<std::size_t> call_field;
    std::vector<std::unique_ptr<Output>> outputs;
    std::vector<LocalEndpoint> endpoints;
    std::size_t turn = 0;
    ExportStats counted;  // export thread
    // caller's side
    BatchQueue queue;
    Batch open;
    std::uint64_t open_records = 0;
    std::atomic<std::uint64_t> submitted = 0;
    std::atomic<std::uint64_t> dropped = 0;
    wire::TimeNs boot_time = 0;
    bool lost_boot_time = false;  // it is in the open batch and would go with it
    bool draining = false;  // capture_ended()
    bool finished = false;
    bool nowhere = false;  // every destination is `none`: records are counted, and that is all
    std::array<std::atomic<std::uint64_t>, templates::kRecordKinds + 1> unsent{};  // one writer
    std::thread thread;
    // between both
    mutable std::mutex mutex;
    ExportStats published;
};

Exporter::Exporter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Exporter::~Exporter() { finish(); }

Result<std::unique_ptr<Exporter>> Exporter::open(const ExportConfig& config,
                                                 std::vector<templates::PlannedTemplate> plan) {
    auto impl = std::make_unique<Impl>(config, std::move(plan));
    Destination nowhere;
    nowhere.transport = Transport::none;
    std::vector<Destination> destinations = config.destinations;
    if (destinations.empty()) destinations.push_back(nowhere);
    for (const Destination& d : destinations) {
        auto output = Output::make(impl->config, d, impl->plan, impl->counted);
        if (!output) return tl::unexpected<Error>(output.error());
        if (const auto local = (*output)->local()) impl->endpoints.push_back(*local);
        impl->outputs.push_back(std::move(*output));
    }
    impl->nowhere = std::all_of(destinations.begin(), destinations.end(),
                                [](const Destination& d) { return d.transport == Transport::none; });
    impl->open.reserve(kBatch + 4096);
    return std::unique_ptr<Exporter>(new Exporter(std::move(impl)));
}

void Exporter::set_boot_time(wire::TimeNs boot_time) {
    impl_->boot_time = boot_time;
    impl_->lost_boot_time = true;
    put(impl_->open, {Event::What::boot_time, 0, 0, boot_time});
}

void Exporter::submit(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time) {
    Impl& my = *impl_;
    ++my.submitted;
    if (my.nowhere) {
        auto& n = my.unsent[static_cast<std::size_t>(my.plan[template_index].kind)];
        return n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    ++my.open_records;
    put(my.open, {Event::What::record, static_cast<std::uint32_t>(template_index), packed.size(), export_time}, packed);
    if (my.open.size() >= kBatch) my.flush();
}

void Exporter::tick(wire::TimeNs now) {
    Impl& my = *impl_;
    put(my.open, {Event::What::tick, 0, 0, now});
    my.flush();  // standard input may be live too: a record leaves within a second of its time
}

void Exporter::set_ignored(const Ignored& ignored) {
    Impl& my = *impl_;
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&ignored);
    put(my.open, {Event::What::ignored, 0, sizeof ignored, 0}, {raw, sizeof ignored});
}

void Exporter::capture_ended() {
    Impl& my = *impl_;
    my.draining = true;
    put(my.open, {Event::What::capture_ended, 0, 0, 0});
}

ExportStats Exporter::finish() {
    Impl& my = *impl_;
    if (!my.finished) {
        my.finished = true;
        my.ensure_running();  // empty destinations are closed by it too
        if (!my.open.empty()) my.queue.push(my.open, true);
        my.queue.close();
        my.thread.join();
    }
    return stats();
}

ExportStats Exporter::stats() const {
    const Impl& my = *impl_;
    const std::lock_guard lock(my.mutex);
    ExportStats s = my.published;
    s.submitted = my.submitted;
    s.dropped = my.dropped;
    for (std::size_t k = 0; k < s.records.size(); ++k) {
        const std::uint64_t n = my.unsent[k].load(std::memory_order_relaxed);
        s.records[k] += n;
        s.records_sent += n;
    }
    return s;
}

const std::vector<LocalEndpoint>& Exporter::local_endpoints() const { return impl_->endpoints; }

}  // namespace voipprobe::probe
