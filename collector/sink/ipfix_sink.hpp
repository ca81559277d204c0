// ipfix:udp://HOST:PORT, ipfix:tcp://HOST:PORT, ipfix:file:PATH: every data record that comes in goes out again as IPFIX,
// NetFlow v9 as well (uptimes become milliseconds since the epoch). A mediator (RFC 6183) in the simplest form: each
// record keeps its elements and gets originalExporterIPv4Address or IPv6Address and originalObservationDomainId; options
// data stay behind. Values that were not measured go out as the element's absent code. Errors: open() reports; records
// that could not be sent are counted. Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdio>
#include <unordered_map>

#include "collector/sink/sink.hpp"
#include "wire/ipfix_writer.hpp"

namespace voipprobe::collector {

class IpfixSink final : public Sink {
  public:
    IpfixSink(std::string target, std::uint32_t own_pen);
    ~IpfixSink() override;

    Result<void> open() override;
    void record(const Record& record) override;
    void call(const CallRow&) override {}
    void stream(const StreamRow&) override {}
    void message(const MessageRow&) override {}
    void interval(const IntervalRow&) override {}
    void detail(const DetailRow&) override {}
    void flow(const Record&) override {}
    void flush() override;
    Result<void> close() override;
    std::uint64_t dropped_rows() const override { return lost_; }
    std::string name() const override { return "ipfix:" + target_; }

  private:
    enum class Kind : std::uint8_t { udp, tcp, file };
    struct Field {
        std::size_t column;
        wire::WrittenField written;
    };
    struct Layout {
        std::vector<Field> fields;
        std::uint16_t id = 0;
    };
    Result<void> connect();
    Layout& layout_of(const Record& record);
    void write_value(wire::ByteWriter& out, const Record& record, const Field& f) const;
    void send(wire::Bytes message, std::size_t records);
    void begin_session();

    std::string target_;
    std::uint32_t own_pen_;
    Kind kind_ = Kind::udp;
    std::string host_, port_;
    int fd_ = -1;
    std::FILE* file_ = nullptr;
    wire::IpfixWriter writer_;
    std::unordered_map<std::uint64_t, Layout> layouts_;  // by CompiledTemplate::serial and family of the exporter
    std::vector<std::uint8_t> packed_;
    std::uint64_t lost_ = 0;
    std::uint32_t since_templates_ = 0;  // messages
    std::chrono::steady_clock::time_point connected_at_{}, templates_at_{};
};

}  // namespace voipprobe::collector
