// The export chain behind one door: packed records in, messages out to every destination, on a thread of its own.
//
//   auto exporter = Exporter::open(config, plan.templates);
//   exporter->set_boot_time(first packet);            // before the first record; what v9 uptimes count from
//   exporter->submit(index, packed, export_time);     // index into the plan; copies
//   exporter->tick(now);                              // packet time, about once a second
//   stats = exporter->finish();                       // everything sent, sockets and files closed
//
// Time is packet time throughout: messages of a file are the same bytes at any speed. Only pacing looks at a clock.
// Back-pressure: records travel in batches through a bounded queue; when it is full submit() waits (files) or the
// batch is dropped and counted (live). Thread rule: all functions from one thread, except stats().
#pragma once

#include <memory>
#include <vector>

#include "probe/export/export_config.hpp"
#include "probe/export/sender.hpp"
#include "probe/export/service_options.hpp"
#include "templates/template_plan.hpp"
#include "wire/bytes.hpp"
#include "wire/result.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

class Exporter {
  public:
    // Errors: a name that does not resolve, a file that cannot be written, a template larger than a message.
    static Result<std::unique_ptr<Exporter>> open(const ExportConfig& config,
                                                  std::vector<templates::PlannedTemplate> plan);
    ~Exporter();  // finish() if it was not called
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    void set_boot_time(wire::TimeNs boot_time);
    void submit(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time);
    void tick(wire::TimeNs now);
    // Packets that capture could not take so far; told to collectors with the next statistics.
    void set_ignored(const Ignored& ignored);
    // An interface is no longer read, so nothing is lost by waiting: what is submitted from now on waits for the queue
    // as records of a file do, and goes to UDP collectors at their pace.
    void capture_ended();
    ExportStats finish();
    // A copy as of the last batch; any thread.
    ExportStats stats() const;
    // What our messages come from, for a capture on the same interface.
    const std::vector<LocalEndpoint>& local_endpoints() const;

  private:
    struct Impl;
    explicit Exporter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace voipprobe::probe
