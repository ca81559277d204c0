// Runs the calls: one queue of events, packets written in the order of their arrival.
#pragma once

#include <memory>
#include <vector>

#include "tools/pcapgen/background.hpp"
#include "tools/pcapgen/call.hpp"
#include "tools/pcapgen/event_queue.hpp"
#include "tools/pcapgen/packet_writer.hpp"

namespace voipprobe::pcapgen {

struct Summary {
    std::uint64_t calls = 0;
    std::uint64_t streams = 0;
    std::uint64_t sip = 0;
    std::uint64_t rtp = 0;
    std::uint64_t rtcp = 0;
    std::uint64_t background = 0;
    std::uint64_t dropped = 0;  // RTP packets the network lost
};

class Generator {
  public:
    Generator(const Options& options, PacketWriter& writer, TruthFiles& truth);
    // Until everything is written, --max-packets is reached or the writer fails.
    Summary run();

  private:
    struct Late {
        std::uint32_t call = 0;
        RtpPacket packet;
    };
    void dispatch(const Event& event);
    void start_call(const Event& event);
    void start_registration(const Event& event);
    void adopt(std::unique_ptr<Call> call);
    void on_sip(const Event& event);
    void on_media(const Event& event);
    void on_late(const Event& event);
    void on_rtcp(const Event& event);

    // Schedules the next packet of a stream; false when it has none.
    bool prepare_next(Stream& stream, Event& event);
    void write_media(Stream& stream, const RtpPacket& packet, Nanos time);
    void hold_back(std::uint32_t call, std::uint8_t side, const RtpPacket& packet, Nanos time);
    void drop_reference(std::uint32_t slot);
    void finish_call(std::uint32_t slot);
    // Background packets that belong before a packet at `time`.
    void write_background_until(Nanos time);
    bool stop() const noexcept {
        return writer_.failed() || (options_.max_packets > 0 && writer_.packets() >= options_.max_packets);
    }

    const Options& options_;
    PacketWriter& writer_;
    TruthFiles& truth_;
    PayloadPattern pattern_;
    Background background_;
    EventQueue queue_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::vector<std::uint32_t> free_calls_;
    std::vector<Late> late_;
    std::vector<std::uint32_t> free_late_;
    Nanos start_ = 0;
    Nanos last_time_ = 0;
    double call_spacing_ns_ = 0;
    double background_credit_ = 0;
    std::uint64_t calls_started_ = 0;
    std::uint64_t registrations_started_ = 0;
    Summary summary_;
};

}  // namespace voipprobe::pcapgen
