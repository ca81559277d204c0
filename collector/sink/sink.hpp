// Where rows go. A sink receives finished rows in order, writes them, and says what it could not write. To
// add one: a file with a class, and a line in sink_factory.cpp. Thread rule: all calls from one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "collector/join/rows.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

struct RotationOptions {
    std::uint64_t octets = 0;      // 0 = by size never
    std::chrono::seconds time{0};  // 0 = by time never; aligned to multiples of it, UTC
    bool any() const { return octets > 0 || time.count() > 0; }
};

class Sink : public RowConsumer {
  public:
    virtual Result<void> open() = 0;
    // Options data of an exporter (sampling, interface names, statistics), but for type information.
    virtual void options(const Record&) {}
    // Every data record as it came, before rows are made of it.
    virtual void record(const Record&) {}
    virtual void flush() = 0;  // about once per second: what is buffered becomes visible
    virtual void set_rotation(const RotationOptions& options) {}
    virtual void rotate(std::chrono::system_clock::time_point now) {}
    virtual Result<void> close() = 0;
    virtual std::uint64_t dropped_rows() const = 0;
    virtual std::string name() const = 0;
};

struct SinkOptions {
    bool formula_guard = true;
    RotationOptions rotation;
    std::uint32_t own_pen = templates::kOwnPen;
    bool explain_column = false;  // calls: a last column `explain`
};

// `csv:DIR`, `jsonl:DIR`, `sqlite:FILE`, `ipfix:udp://HOST:PORT`, `ipfix:tcp://HOST:PORT`, `ipfix:file:PATH`. A kind that is not built in is a usage error that says so.
Result<std::unique_ptr<Sink>> make_sink(const std::string& spec, const SinkOptions& options);

}  // namespace voipprobe::collector
