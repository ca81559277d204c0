// Builds IPFIX and NetFlow v9 messages octet by octet, independently of the encoders under wire/.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "templates/element.hpp"
#include "wire/bytes.hpp"
#include "wire/flow_message.hpp"
#include "wire/layout.hpp"
#include "wire/time.hpp"

namespace voipprobe::test {

using Octets = std::vector<std::uint8_t>;
using templates::ElementId;
using wire::FlowProtocol;

// One field value in natural form; absent() sends the element's absent code.
struct FieldValue {
    ElementId id;
    std::uint64_t number = 0;
    double real = 0;
    std::string text = {};
    bool absent = false;
};

inline FieldValue num(ElementId id, std::uint64_t v) { return {id, v}; }
inline FieldValue txt(ElementId id, std::string s) { return {id, 0, 0, std::move(s)}; }
inline FieldValue real(ElementId id, double v) { return {id, 0, v}; }
inline FieldValue none(ElementId id) { return {id, 0, 0, {}, true}; }

inline void put_field(wire::ByteWriter& out, FlowProtocol protocol, const FieldValue& v) {
    const templates::Element& e = templates::element(v.id);
    const bool ipfix = protocol == FlowProtocol::ipfix;
    switch (e.type) {
        case wire::FieldType::string:
            if (ipfix) {
                if (v.text.size() < 255) {
                    out.u8(static_cast<std::uint8_t>(v.text.size()));
                } else {
                    out.u8(255);
                    out.u16(static_cast<std::uint16_t>(v.text.size()));
                }
                out.text(v.text);
            } else {
                const std::string cut = v.text.substr(0, e.length);
                out.text(cut);
                out.zeros(e.length - cut.size());
            }
            return;
        case wire::FieldType::float64:
            out.u64(
                std::bit_cast<std::uint64_t>(v.absent ? std::numeric_limits<double>::quiet_NaN() : v.real));
            return;
        case wire::FieldType::octets:
        case wire::FieldType::ipv6: {
            std::string octets = v.text;
            octets.resize(e.length, '\0');
            out.text(octets);
            return;
        }
        case wire::FieldType::microseconds:
            out.u64(v.number == 0 ? 0 : ipfix ? wire::microseconds_to_ntp(v.number) : v.number);
            return;
        default:
            out.uint(v.absent && e.absent == templates::Absent::ones ? UINT64_MAX : v.number, e.length);
    }
}

inline Octets record(FlowProtocol protocol, const std::vector<FieldValue>& values) {
    Octets out;
    wire::ByteWriter w(out);
    for (const FieldValue& v : values) put_field(w, protocol, v);
    return out;
}

inline Octets template_record(FlowProtocol protocol, std::uint16_t id,
                              const std::vector<FieldValue>& fields) {
    Octets out;
    wire::ByteWriter w(out);
    w.u16(id);
    w.u16(static_cast<std::uint16_t>(fields.size()));
    for (const FieldValue& f : fields) {
        const templates::Element& e = templates::element(f.id);
        const bool ipfix = protocol == FlowProtocol::ipfix;
        const std::uint16_t length = ipfix && e.type == wire::FieldType::string ? wire::kVariable : e.length;
        if (ipfix && e.pen != 0) {
            w.u16(static_cast<std::uint16_t>(e.number | 0x8000));
            w.u16(length);
            w.u32(e.pen);
        } else {
            w.u16(ipfix ? e.number : e.v9());
            w.u16(length);
        }
    }
    return out;
}

inline Octets set(std::uint16_t id, const Octets& body) {
    Octets out;
    wire::ByteWriter w(out);
    w.u16(id);
    w.u16(static_cast<std::uint16_t>(body.size() + 4));
    w.bytes(body);
    return out;
}

inline Octets operator+(Octets a, const Octets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

inline Octets message(FlowProtocol protocol, const Octets& sets, std::uint32_t sequence,
                      std::uint32_t export_seconds, std::uint32_t domain = 1) {
    Octets out;
    wire::ByteWriter w(out);
    if (protocol == FlowProtocol::ipfix) {
        w.u16(10);
        w.u16(static_cast<std::uint16_t>(16 + sets.size()));
    } else {
        w.u16(9);
        w.u16(1);
        w.u32(1000);  // uptime
    }
    w.u32(export_seconds);
    w.u32(sequence);
    w.u32(domain);
    w.bytes(sets);
    return out;
}

inline std::uint16_t template_set_id(FlowProtocol p) { return p == FlowProtocol::ipfix ? 2 : 0; }

}  // namespace voipprobe::test
