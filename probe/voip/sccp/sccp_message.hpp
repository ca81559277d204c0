// One message of Cisco's Skinny Client Control Protocol, as far as calls need it. Cisco never published the protocol;
// layouts of versions 0 to 22 as Wireshark's and chan-sccp's open sources describe them, little-endian, checked against
// tshark (tests/unit/probe/sccp_test.cpp). Pure: bytes to a struct of views.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/address.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class SccpId : std::uint32_t {
    register_request = 0x01, on_hook = 0x07, open_receive_channel_ack = 0x22, connection_statistics = 0x23,
    soft_key_event = 0x26, open_multimedia_receive_channel_ack = 0x31, register_ack = 0x81, start_media_transmission = 0x8a,
    stop_media_transmission = 0x8b, call_info = 0x8f, line_status = 0x92, open_receive_channel = 0x105,
    close_receive_channel = 0x106, call_state = 0x111, dialed_number = 0x11d, start_multimedia_transmission = 0x132,
    line_status_v2 = 0x147, call_info_v2 = 0x14a
};

enum class SccpCallState : std::uint32_t {
    off_hook = 1, on_hook = 2, ring_out = 3, ring_in = 4, connected = 5, busy = 6, congestion = 7, hold = 8,
    proceed = 12, invalid_number = 14
};

// What a phone says about what it received (ConnectionStatisticsRes).
struct SccpStatistics {
    std::uint32_t packets_received = 0, packets_lost = 0;
    std::uint32_t jitter_ms = 0, latency_ms = 0;
    std::optional<float> mos_lq;  // MLQK of the text that newer phones add
};

struct SccpMessage {
    SccpId id{};
    std::uint32_t version = 0;
    bool from_phone = false;
    bool understood = false;  // the fields below are those of this id
    std::optional<std::uint32_t> call_reference;
    std::uint32_t conference = 0;
    std::uint32_t party_token = 0;    // PassThruPartyId: ties an acknowledgement to its request
    std::uint32_t state = 0;          // call_state: SccpCallState
    std::uint32_t call_type = 0;      // call_info: 1 inbound, 2 outbound, 3 forwarded
    std::uint32_t soft_key = 0;       // soft_key_event: 9 ends the call
    std::uint32_t payload = 0;        // Media_PayloadType
    std::uint8_t dynamic_type = 0;    // RTP payload type of it, 0 = not said
    std::uint8_t event_type = 0;      // RTP payload type of RFC 2833 events, 0 = not said
    bool encrypted = false;
    bool refused = false;             // an acknowledgement that is none
    wire::Endpoint media;
    std::string_view calling, called, calling_name, called_name;  // call_info; called: dialed_number
    std::string_view line_number, device;                         // line_status, register_request
    SccpStatistics statistics;
};

// Cheap test: does a message begin here whose id and version are known?
bool looks_like_sccp(wire::Bytes data);
// `frame` has the header of 12 octets. False: it is no message; what is not understood is true and !understood.
bool parse_sccp(wire::Bytes frame, SccpMessage& out);

// The RTP meaning of a Media_PayloadType; name empty: not audio of a known codec.
struct SccpCodec {
    std::uint32_t payload;
    std::uint8_t rtp_type;  // 255: dynamic
    std::uint32_t clock_rate;
    std::string_view name;  // as SDP spells it
};
SccpCodec sccp_codec(std::uint32_t payload);
bool sccp_is_video(std::uint32_t payload);

}  // namespace voipprobe::probe
