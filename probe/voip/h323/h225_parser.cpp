// Q.931 (§4) with H.225.0's user-user element, and RAS.
#include <algorithm>

#include "probe/voip/h323/h323_message.hpp"
#include "probe/voip/h323/per_reader.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint8_t kQ931 = 0x08;
constexpr std::uint8_t kCauseElement = 0x08, kDisplayElement = 0x28, kCallingElement = 0x6c, kCalledElement = 0x70, kUserElement = 0x7e;
constexpr std::uint8_t kX208 = 0x05;  // protocol discriminator of the user-user element
constexpr std::uint32_t kInConf = 10;  // ReleaseCompleteReason
constexpr std::size_t kMaxAlias = 96;
constexpr std::size_t kMostAliases = 32;

// ---- common elements of H.225.0 ------------------------------------------------------------------------------

void skip_h221(PerReader& in) {
    const auto p = in.sequence(0);
    in.integer(0, 255);
    in.integer(0, 255);
    in.integer(0, 65'535);
    in.skip_extensions(p.extended);
}

void skip_non_standard(PerReader& in) {
    switch (in.choice(2)) {
        case 0: in.octet_string(); break;  // OBJECT IDENTIFIER
        case 1: skip_h221(in); break;
        default: in.open_type();
    }
    in.octet_string();
}

wire::Endpoint transport_address(PerReader& in) {
    wire::Endpoint e;
    switch (in.choice(7)) {
        case 0:
        case 1: {
            // ipSourceRoute goes on with its route: nobody sends it.
            const wire::Bytes ip = in.octets(4);
            if (!ip.empty()) e.address = wire::IpAddress::from_v4_bytes(ip.data());
            e.port = static_cast<std::uint16_t>(in.integer(0, 65'535));
            break;
        }
        case 3: {
            const auto p = in.sequence(0);
            const wire::Bytes ip = in.octets(16);
            if (!ip.empty()) e.address = wire::IpAddress::from_v6_bytes(ip.data());
            e.port = static_cast<std::uint16_t>(in.integer(0, 65'535));
            in.skip_extensions(p.extended);
            break;
        }
        case 2: in.octets(12); break;
        case 4: in.octets(16); break;
        case 5: in.octets(in.integer(1, 20)); break;
        case 6: skip_non_standard(in); break;
        default: in.open_type();
    }
    if (in.failed()) e = {};
    return e;
}

// IA5String (FROM "0123456789#*,"): 4 bits each, in the order of the characters.
std::string digits(PerReader& in) {
    const std::size_t n = in.integer(1, 128);
    in.align();
    std::string out;
    for (std::size_t i = 0; i < n && !in.failed(); ++i) out += "#*,0123456789???"[in.bits(4)];
    return out;
}

std::string ia5(wire::Bytes b) { return std::string(wire::as_text(b.first(std::min(b.size(), kMaxAlias)))); }

// BMPString: only what is ASCII or Latin as UTF-8, the rest as it is in UTF-8 too.
std::string bmp(wire::Bytes b) {
    std::string out;
    for (std::size_t i = 0; i + 1 < b.size() && out.size() < kMaxAlias; i += 2) {
        const std::uint16_t c = wire::load_be16(b.data() + i);
        if (c == 0) continue;
        if (c < 0x80) {
            out += static_cast<char>(c);
        } else if (c < 0x800) {
            out += static_cast<char>(0xc0 | c >> 6);
            out += static_cast<char>(0x80 | (c & 0x3f));
        } else {
            out += static_cast<char>(0xe0 | c >> 12);
            out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
            out += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return out;
}

std::string party_number(PerReader in) {
    switch (in.choice(5)) {
        case 0:
            if (in.choice(6) >= 6) in.open_type();
            return digits(in);
        case 3:
            if (in.choice(6) >= 6) in.open_type();
            return digits(in);
        default: return {};
    }
}

// Empty: of a kind that names nobody.
std::string alias(PerReader& in) {
    const std::uint32_t kind = in.choice(2);
    if (kind == 0) return digits(in);
    if (kind == 1) {
        const std::size_t n = in.integer(1, 256);
        return bmp(in.octets(2 * n));
    }
    const wire::Bytes value = in.open_type();
    PerReader inner(value);
    switch (kind) {
        case 2:    // url-ID
        case 4: {  // email-ID
            const std::size_t n = inner.integer(1, 512);
            return ia5(inner.octets(n));
        }
        case 5: return party_number(inner);
        default: return {};
    }
}

std::vector<std::string> aliases(PerReader& in) {
    std::vector<std::string> out;
    const std::size_t n = in.length();
    for (std::size_t i = 0; i < n && !in.failed(); ++i) {
        std::string a = alias(in);
        if (!a.empty() && !in.failed() && out.size() < kMostAliases) out.push_back(std::move(a));
    }
    return out;
}

void skip_vendor(PerReader& in) {
    const auto p = in.sequence(2);
    skip_h221(in);
    if (p.has(0)) in.octets(in.integer(1, 256));
    if (p.has(1)) in.octets(in.integer(1, 256));
    in.skip_extensions(p.extended);
}

// One optional non-standard parameter, an extension marker: what many elements are.
void skip_small(PerReader& in) {
    const auto p = in.sequence(1);
    if (p.has(0)) skip_non_standard(in);
    in.skip_extensions(p.extended);
}

void skip_gateway(PerReader& in) {
    const auto p = in.sequence(2);
    if (p.has(0)) {
        const std::size_t n = in.length();
        for (std::size_t i = 0; i < n && !in.failed(); ++i) {
            const std::uint32_t kind = in.choice(9);
            if (kind == 0) skip_non_standard(in);
            else if (kind < 9) skip_small(in);
            else in.open_type();
        }
    }
    if (p.has(1)) skip_non_standard(in);
    in.skip_extensions(p.extended);
}

void skip_endpoint_type(PerReader& in) {
    const auto p = in.sequence(6);
    if (p.has(0)) skip_non_standard(in);
    if (p.has(1)) skip_vendor(in);
    if (p.has(2)) skip_small(in);  // gatekeeper
    if (p.has(3)) skip_gateway(in);
    if (p.has(4)) skip_small(in);  // mcu
    if (p.has(5)) skip_small(in);  // terminal
    in.bits(2);                    // mc, undefinedNode
    in.skip_extensions(p.extended);
}

H323Id identifier(PerReader& in) {
    H323Id id{};
    const wire::Bytes b = in.octets(16);
    if (!b.empty()) std::copy(b.begin(), b.end(), id.begin());
    return id;
}

H323Id call_identifier(wire::Bytes open) {
    PerReader in(open);
    in.sequence(0);
    return identifier(in);
}

void fast_start(wire::Bytes open, std::vector<H245Channel>& out) {
    PerReader in(open);
    const std::size_t n = in.length();
    for (std::size_t i = 0; i < n && !in.failed() && out.size() < Q931Message::kMost; ++i) {
        H245Channel c;
        const wire::Bytes octets = in.octet_string();
        if (!octets.empty() && parse_h245_channel(octets, c)) out.push_back(std::move(c));
    }
}

void skip_q_series(PerReader& in) {
    const auto p = in.sequence(0);
    in.bits(7);
    const auto q954 = in.sequence(0);
    in.bits(2);
    in.skip_extensions(q954.extended);
    in.skip_extensions(p.extended);
}

// ---- the messages of call signalling ---------------------------------------------------------------------------

void setup(PerReader& in, Q931Message& m) {
    const auto p = in.sequence(7);
    in.octet_string();  // protocolIdentifier
    if (p.has(0)) m.h245_address = transport_address(in);
    if (p.has(1)) m.source_aliases = aliases(in);
    skip_endpoint_type(in);
    if (p.has(2)) m.destination_aliases = aliases(in);
    if (p.has(3)) transport_address(in);
    if (p.has(4)) aliases(in);
    if (p.has(5)) {
        const std::size_t n = in.length();
        for (std::size_t i = 0; i < n && !in.failed(); ++i) in.integer(0, 65'535);
    }
    in.bit();  // activeMC
    m.conference = identifier(in);
    if (in.choice(3) >= 3) in.open_type();  // conferenceGoal
    if (p.has(6)) skip_q_series(in);
    if (in.choice(4) >= 4) in.open_type();  // callType
    m.understood = !in.failed();
    in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i == 2) m.call_identifier = call_identifier(value);
        else if (i == 6) fast_start(value, m.fast_start);
    });
}

// CallProceeding, Alerting: the address is behind the endpoint type; Connect: before it, and a conference follows.
void response(PerReader& in, Q931Message& m, bool connect) {
    const auto p = in.sequence(1);
    in.octet_string();
    if (connect && p.has(0)) m.h245_address = transport_address(in);
    skip_endpoint_type(in);
    if (!connect && p.has(0)) m.h245_address = transport_address(in);
    if (connect) m.conference = identifier(in);
    m.understood = !in.failed();
    in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i == 0) m.call_identifier = call_identifier(value);
        else if (i == 4) fast_start(value, m.fast_start);
    });
}

void progress(PerReader& in, Q931Message& m) {
    const auto p = in.sequence(5);
    in.octet_string();
    skip_endpoint_type(in);
    if (p.has(0)) m.h245_address = transport_address(in);
    const auto id = in.sequence(0);
    m.call_identifier = identifier(in);
    in.skip_extensions(id.extended);
    m.understood = !in.failed();
    if (p.has(1) || p.has(2) || p.has(3) || !p.has(4)) return;  // tokens are not read, nor what is behind them
    const std::size_t n = in.length();
    for (std::size_t i = 0; i < n && !in.failed() && m.fast_start.size() < Q931Message::kMost; ++i) {
        H245Channel c;
        if (parse_h245_channel(in.octet_string(), c)) m.fast_start.push_back(std::move(c));
    }
}

void release_complete(PerReader& in, Q931Message& m) {
    const auto p = in.sequence(1);
    in.octet_string();
    if (p.has(0)) {
        const std::uint32_t reason = in.choice(12);
        if (reason >= 12) in.open_type();
        m.busy = reason == kInConf && !in.failed();
    }
    m.understood = !in.failed();
    in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i == 0) m.call_identifier = call_identifier(value);
    });
}

void facility(PerReader& in, Q931Message& m) {
    const auto p = in.sequence(3);
    in.octet_string();
    if (p.has(0)) transport_address(in);
    if (p.has(1)) aliases(in);
    if (p.has(2)) m.conference = identifier(in);
    if (in.choice(4) >= 4) in.open_type();
    m.understood = !in.failed();
    in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i == 0) m.call_identifier = call_identifier(value);
        else if (i == 7) fast_start(value, m.fast_start);
        else if (i == 6) {
            PerReader inner(value);
            m.h245_address = transport_address(inner);
        }
    });
}

void tunnelled(wire::Bytes open, Q931Message& m) {
    PerReader in(open);
    const std::size_t n = in.length();
    for (std::size_t i = 0; i < n && !in.failed() && m.h245.size() < Q931Message::kMost; ++i) {
        const wire::Bytes octets = in.octet_string();
        if (!in.failed() && !octets.empty()) m.h245.push_back(octets);
    }
}

void user_information(wire::Bytes octets, Q931Message& m) {
    PerReader in(octets);
    m.has_h225 = true;
    in.sequence(1);                // H323-UserInformation: extension, user-data
    const auto pdu = in.sequence(1);  // H323-UU-PDU: extension, nonStandardData
    const std::uint32_t body = in.choice(7);
    if (body >= 7) {  // progress, empty, status ...
        const wire::Bytes value = in.open_type();
        PerReader inner(value);
        if (body == 7) progress(inner, m);
        else m.understood = !in.failed();
    } else {
        switch (body) {
            case 0: setup(in, m); break;
            case 1: response(in, m, false); break;
            case 2: response(in, m, true); break;
            case 3: response(in, m, false); break;
            case 4: {  // information
                const auto p = in.sequence(0);
                in.octet_string();
                m.understood = !in.failed();
                in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
                    if (i == 0) m.call_identifier = call_identifier(value);
                    else if (i == 3) fast_start(value, m.fast_start);
                });
                break;
            }
            case 5: release_complete(in, m); break;
            default: facility(in, m);
        }
    }
    if (pdu.has(0)) skip_non_standard(in);
    in.extensions(pdu.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i == 2) tunnelled(value, m);
    });
}

// ---- Q.931 ---------------------------------------------------------------------------------------------------

// Octets with the highest bit clear are continued by the next one (§4.5).
std::size_t group(wire::Bytes v, std::size_t at) {
    while (at < v.size() && (v[at] & 0x80) == 0) ++at;
    return at + 1;
}

std::string number_of(wire::Bytes v) {
    const std::size_t at = group(v, 0);
    std::string out;
    for (std::size_t i = at; i < v.size() && out.size() < kMaxAlias; ++i) out += static_cast<char>(v[i] & 0x7f);
    return out;
}

void element(std::uint8_t id, wire::Bytes v, Q931Message& m) {
    switch (id) {
        case kCauseElement: {
            const std::size_t at = group(v, 0);
            if (at < v.size()) m.cause = static_cast<std::uint8_t>(v[at] & 0x7f);
            return;
        }
        case kDisplayElement: m.display = std::string(wire::as_text(v.first(std::min(v.size(), kMaxAlias)))); return;
        case kCallingElement: m.calling = number_of(v); return;
        case kCalledElement: m.called = number_of(v); return;
        case kUserElement:
            if (!v.empty() && v[0] == kX208) user_information(v.subspan(1), m);
            return;
        default: return;
    }
}

bool known(std::uint8_t type) {
    constexpr std::array<std::uint8_t, 14> kTypes{0x01, 0x02, 0x03, 0x05, 0x07, 0x0d, 0x0f, 0x45, 0x4d, 0x5a, 0x62, 0x6e, 0x75, 0x7d};
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end() || type == 0x7b;
}

}  // namespace

bool looks_like_q931(wire::Bytes payload) {
    return payload.size() >= 5 && payload[0] == kQ931 && payload[1] == 2 && known(payload[4]);
}

bool parse_q931(wire::Bytes payload, Q931Message& out) {
    if (!looks_like_q931(payload)) return false;
    out = Q931Message{};
    wire::ByteReader in(payload);
    in.skip(2);
    const std::uint16_t reference = in.u16();
    out.from_originator = (reference & 0x8000) == 0;
    out.call_reference = reference & 0x7fff;
    out.type = static_cast<Q931Type>(in.u8());
    while (in.remaining() >= 2) {
        const std::uint8_t id = in.u8();
        if ((id & 0x80) != 0) continue;  // an element of one octet
        const std::size_t length = id == kUserElement ? in.u16() : in.u8();
        const wire::Bytes value = in.take(length);
        if (in.failed()) break;
        element(id, value, out);
    }
    return true;
}

// ---- RAS -----------------------------------------------------------------------------------------------------

bool parse_ras(wire::Bytes datagram, RasMessage& out) {
    out = RasMessage{};
    if (datagram.size() < 4 || (datagram[0] & 0x80) != 0) return false;  // extensions carry nothing that is read
    PerReader in(datagram);
    const std::uint32_t index = in.choice(25);
    if (index >= 25) return false;
    out.index = static_cast<std::uint8_t>(index);
    switch (index) {
        case 3: {  // registrationRequest
            const auto p = in.sequence(3);
            out.sequence = static_cast<std::uint16_t>(in.integer(1, 65'535));
            in.octet_string();
            if (p.has(0)) skip_non_standard(in);
            in.bit();
            for (int list = 0; list < 2; ++list) {
                const std::size_t n = in.length();
                for (std::size_t i = 0; i < n && !in.failed(); ++i) transport_address(in);
            }
            skip_endpoint_type(in);
            if (p.has(1)) out.aliases = aliases(in);
            out.type = RasType::registration_request;
            break;
        }
        case 4: {  // registrationConfirm
            const auto p = in.sequence(3);
            out.sequence = static_cast<std::uint16_t>(in.integer(1, 65'535));
            in.octet_string();
            if (p.has(0)) skip_non_standard(in);
            const std::size_t n = in.length();
            for (std::size_t i = 0; i < n && !in.failed(); ++i) transport_address(in);
            if (p.has(1)) out.aliases = aliases(in);
            out.type = RasType::registration_confirm;
            break;
        }
        case 9: {  // admissionRequest
            const auto p = in.sequence(7);
            out.sequence = static_cast<std::uint16_t>(in.integer(1, 65'535));
            if (in.choice(4) >= 4) in.open_type();                 // callType
            if (p.has(0) && in.choice(2) >= 2) in.open_type();     // callModel
            in.octets(2 * std::size_t{in.integer(1, 128)});        // endpointIdentifier
            if (p.has(1)) out.destinations = aliases(in);
            if (p.has(2)) transport_address(in);
            if (p.has(3)) aliases(in);
            out.aliases = aliases(in);
            if (p.has(4)) transport_address(in);
            in.integer(0, 4'294'967'295);  // bandWidth
            in.integer(0, 65'535);         // callReferenceValue
            if (p.has(5)) skip_non_standard(in);
            if (p.has(6)) skip_q_series(in);
            out.conference = identifier(in);
            out.type = RasType::admission_request;
            break;
        }
        default: return false;
    }
    return !in.failed();
}

}  // namespace voipprobe::probe
