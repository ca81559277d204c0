// -n hep://HOST:PORT (UDP) or hep+tcp://HOST:PORT: stands before the record writer and sends calls and streams as HEP reports
// too. A thread of its own sends; at most 8 MiB wait, beyond that a live capture loses reports (counted) and a file's
// reader waits. Thread rule: emit() from one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "probe/record/privacy.hpp"
#include "probe/record/record_sink.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

struct HepOutputStats {
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;      // no room
    std::uint64_t send_errors = 0;
    std::string last_error;
};

// Takes the HEP destinations out of `collectors`.
std::vector<std::string> take_hep_destinations(std::vector<std::string>& collectors);

class HepOutput : public RecordSink {
  public:
    // Errors: usage for what is no destination, failure for a name that cannot be resolved.
    static Result<std::unique_ptr<HepOutput>> open(const std::vector<std::string>& destinations, std::uint32_t agent, bool live,
                                                   Privacy privacy = {});
    ~HepOutput() override;

    // Where every record goes on to.
    void before(RecordSink& next) { next_ = &next; }
    bool wants(templates::RecordKind kind) const override;
    bool wants_snapshots(templates::RecordKind kind) const override { return next_->wants_snapshots(kind); }
    void emit(const RecordSource& source) override;
    // Sends what waits.
    HepOutputStats finish();

  private:
    struct Impl;
    explicit HepOutput(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    RecordSink* next_ = nullptr;
};

}  // namespace voipprobe::probe
