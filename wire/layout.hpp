// What a template looks like and how a record is handed to an encoder, for both export formats.
//
// A *packed record* is the neutral form between the probe's records and the encoders: the template's fields in
// order, without padding, each
//   unsigned_int, boolean, seconds, milliseconds, microseconds: `length` octets (1, 2, 4 or 8), host byte order;
//       microseconds are microseconds since the Unix epoch (an IPFIX encoder turns them into NTP format);
//   float64: 8 octets, host byte order;
//   ipv4, ipv6, mac, octets: `length` octets as they go on the wire;
//   string with length kVariable (IPFIX): 2 octets host-order length, then the text;
//   string with a fixed length (NetFlow v9): `length` octets, NUL padded.
// Encoders only reorder bytes; every choice (absent codes, caps, clean text) was made before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace voipprobe::wire {

enum class FieldType : std::uint8_t {
    octets,
    unsigned_int,
    float64,
    boolean,
    mac,
    string,
    seconds,
    milliseconds,
    microseconds,
    ipv4,
    ipv6
};

inline constexpr std::uint16_t kVariable = 65535;  // RFC 7011 §7

struct FieldLayout {
    std::uint32_t pen = 0;     // IPFIX enterprise number, 0 = IANA
    std::uint16_t number = 0;  // IPFIX information element id, below 0x4000
    std::uint16_t v9 = 0;      // NetFlow v9 field type
    FieldType type = FieldType::octets;
    std::uint16_t length = 0;  // octets on the wire, or kVariable
    std::string name;          // canonical name, for information models and messages

    friend bool operator==(const FieldLayout&, const FieldLayout&) = default;
};

struct TemplateLayout {
    std::uint16_t id = 0;           // template id, 256..65535
    std::uint16_t scope_count = 0;  // > 0: options template with that many scope fields first
    std::vector<FieldLayout> fields;

    friend bool operator==(const TemplateLayout&, const TemplateLayout&) = default;
};

}  // namespace voipprobe::wire
