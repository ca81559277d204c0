// What a correct probe must find: kept from the packets actually written, in plain double precision, by an
// implementation that shares nothing with the probe. Definitions: docs/metrics.md.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tools/pcapgen/sip_text.hpp"

namespace voipprobe::pcapgen {

// One direction of media. Memory grows with the stream's packets and is freed when the stream ends.
class StreamTruth {
  public:
    explicit StreamTruth(std::uint32_t clock) : clock_(clock) {}

    // `time` as written to the file, `event` for telephone-event.
    void add(Nanos time, std::uint16_t seq, std::uint32_t timestamp, std::uint8_t payload_type, bool marker,
             std::uint32_t payload_octets, bool event);

    std::uint64_t packets() const noexcept { return packets_; }
    std::uint64_t lost() const noexcept;

    // The row from `packets` on, without line end.
    std::string figures() const;
    std::uint8_t payload_type() const noexcept {
        return event_packets_ > packets_ / 2 ? event_type_ : audio_type_;
    }

  private:
    bool seen_before(std::int64_t extended);

    std::uint32_t clock_;
    std::uint64_t packets_ = 0;
    std::uint64_t octets_ = 0;
    std::uint64_t duplicates_ = 0;
    std::uint64_t reordered_ = 0;
    std::uint64_t event_packets_ = 0;
    std::uint8_t audio_type_ = 0;
    std::uint8_t event_type_ = 0;
    std::uint16_t first_seq_ = 0;
    std::uint16_t last_seq_ = 0;
    Nanos first_time_ = 0;
    Nanos last_time_ = 0;
    std::int64_t lowest_ = 0;
    std::int64_t highest_ = 0;
    std::vector<bool> seen_;  // by extended number - seen_base_
    std::int64_t seen_base_ = 0;
    Nanos max_gap_ = -1;
    Nanos max_delta_ = -1;
    bool have_reference_ = false;
    Nanos reference_time_ = 0;
    std::uint32_t reference_timestamp_ = 0;
    std::vector<double> series_;  // J in seconds
};

// Event times of a call, -1 where nothing happened. Filled from the messages actually written.
struct CallTruth {
    Nanos invite = -1, trying = -1, ringing = -1, progress = -1, ok = -1, ack = -1, cancel = -1, bye = -1,
          bye_ok = -1, failure = -1;
    std::uint32_t response_code = 0;
    std::uint64_t retransmissions = 0;
    Endpoint first_from, first_to;

    void add(const SipStep& step, Nanos written, std::uint32_t failure_code, const Endpoint& from,
             const Endpoint& to);
    const char* state() const noexcept;
};

// The two files.
class TruthFiles {
  public:
    TruthFiles() = default;
    ~TruthFiles();
    TruthFiles(const TruthFiles&) = delete;
    TruthFiles& operator=(const TruthFiles&) = delete;

    // Writes BASE.calls.csv and BASE.streams.csv; an empty base means no truth. False with errno set.
    bool open(const std::string& base);
    bool wanted() const noexcept { return streams_ != nullptr; }

    void add_call(const SipParties& parties, const CallTruth& call);
    void add_stream(const Endpoint& from, const Endpoint& to, std::uint32_t ssrc, const std::string& call_id,
                    const char* side, const Codec& codec, const StreamTruth& stream, double rtt_ms);
    // False when something could not be written.
    bool close();

  private:
    std::FILE* calls_ = nullptr;
    std::FILE* streams_ = nullptr;
};

// 2026-11-22T04:22:10.123456Z; empty for negative times.
std::string iso_time(Nanos time);

}  // namespace voipprobe::pcapgen
