// H.323's messages as far as calls need them: Q.931 with the user-user element of H.225.0 (call signalling), RAS, and
// the logical channels of H.245. Sources: ITU-T Q.931, H.225.0 (12/2009), H.245, X.691 (aligned PER). What is not read
// is in docs/calls.md. Pure: bytes to bounded structs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/address.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::probe {

using H323Id = std::array<std::uint8_t, 16>;  // GloballyUniqueID; all zero: none

enum class H245MediaKind : std::uint8_t { none, audio, video, data };

// One OpenLogicalChannel: of H.245, or of a fast start.
struct H245Channel {
    std::uint16_t number = 0;
    std::uint8_t session = 0;  // 1 audio, 2 video, 3 data, others as agreed
    H245MediaKind kind = H245MediaKind::none;
    bool reverse = false;      // what the sender of the message wants to receive
    bool encrypted = false;
    std::string codec;         // as SDP spells it; empty: not known
    std::uint32_t clock_rate = 0;
    std::optional<std::uint8_t> payload_type;  // static, or dynamicRTPPayloadType
    wire::Endpoint media;      // port 0: not named
};

enum class H245Kind : std::uint8_t { other, open, open_ack, open_reject, close, end_session };
struct H245Message {
    H245Kind kind = H245Kind::other;
    H245Channel channel;
};

enum class Q931Type : std::uint8_t {
    alerting = 0x01, call_proceeding = 0x02, progress = 0x03, setup = 0x05, connect = 0x07, release_complete = 0x5a,
    facility = 0x62, notify = 0x6e, status = 0x7d
};

struct Q931Message {
    Q931Type type{};
    bool from_originator = false;  // flag of the call reference
    std::uint16_t call_reference = 0;
    std::optional<std::uint8_t> cause;  // Q.850
    bool busy = false;                  // ReleaseCompleteReason inConf: called party busy
    std::string calling, called, display;
    // Of the user-user element; understood: it could be read up to where it matters.
    bool has_h225 = false, understood = false;
    H323Id call_identifier{}, conference{};
    std::vector<std::string> source_aliases, destination_aliases;
    wire::Endpoint h245_address;  // port 0: none
    std::vector<H245Channel> fast_start;
    std::vector<wire::Bytes> h245;  // tunnelled messages; views into the message
    static constexpr std::size_t kMost = 32;  // of each list
};

enum class RasType : std::uint8_t {
    registration_request = 3, registration_confirm = 4, unregistration_request = 6, admission_request = 9, admission_confirm = 10,
    disengage_request = 15, other = 255
};
struct RasMessage {
    RasType type = RasType::other;
    std::uint8_t index = 0;  // of the message
    std::uint16_t sequence = 0;
    std::vector<std::string> aliases;       // of who registers; of the caller
    std::vector<std::string> destinations;  // admission: who is called
    H323Id conference{};
};

// `payload` without the TPKT header. False: it is no Q.931 message.
bool looks_like_q931(wire::Bytes payload);
bool parse_q931(wire::Bytes payload, Q931Message& out);
bool parse_h245(wire::Bytes payload, H245Message& out);
// An encoded OpenLogicalChannel.
bool parse_h245_channel(wire::Bytes octets, H245Channel& out);
// False: the octets are no RAS message, or none of these kinds.
bool parse_ras(wire::Bytes datagram, RasMessage& out);

}  // namespace voipprobe::probe
