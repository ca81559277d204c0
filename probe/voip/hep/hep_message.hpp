// HEP version 3, in which capture agents send what they saw (HEP3/EEP, sipcapture/HEP, rev. 37): reading, writing, and
// the packet that an agent saw. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wire/address.hpp"
#include "wire/bytes.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class HepType : std::uint8_t { sip = 1, rtp = 4, rtcp = 5, rtp_report = 34, log = 100 };  // chunk 11

struct HepMessage {
    std::uint8_t protocol = 17;  // IP protocol number; agents write 22 for SIP over TLS or WebSocket
    wire::Endpoint src, dst;
    wire::TimeNs time = 0;       // 0: none given
    HepType type = HepType::sip;
    std::uint32_t agent = 0;
    wire::Bytes payload;
    std::string_view correlation_id;
    bool compressed = false;     // the payload is (chunk 16), and not read
};

enum class HepDefect : std::uint8_t {
    none,
    no_hep,       // another magic, or HEP 1 or 2
    length,       // lengths that do not fit
    no_address,   // no source or destination, or of two families
    no_payload,
    kCount
};
std::string_view hep_defect_name(HepDefect d);

// One whole message. Unknown chunks are passed over; of one that occurs twice the first counts.
HepDefect parse_hep(wire::Bytes data, HepMessage& out);
// Octets of the message that begins here, for streams; 0: more are needed; nullopt: this is no HEP.
std::optional<std::size_t> hep_length(wire::Bytes data);
// Appends the message. Empty correlation ids are left out.
void write_hep(const HepMessage& m, std::vector<std::uint8_t>& out);

// Appends an IP packet (UDP, or TCP with one segment) with the message's addresses around `payload`; false when that is
// too long for one. Checksums are zero: nothing was on a wire.
struct TcpPlace {
    std::uint32_t sequence = 0;
    bool first = false;  // SYN: octets of the connection begin here
};
bool write_packet(const HepMessage& m, wire::Bytes payload, const TcpPlace& tcp, std::vector<std::uint8_t>& out);
// UDP as it is; whatever else carries SIP in a stream as TCP.
inline bool hep_is_datagram(const HepMessage& m) { return m.protocol == 17; }

}  // namespace voipprobe::probe
