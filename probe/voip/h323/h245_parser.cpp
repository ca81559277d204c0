// Logical channels of H.245: OpenLogicalChannel and its answer.
#include "probe/voip/h323/h323_message.hpp"
#include "probe/voip/h323/per_reader.hpp"

namespace voipprobe::probe {
namespace {

// ---- elements ------------------------------------------------------------------------------------------------

void skip_non_standard(PerReader& in) {
    // NonStandardIdentifier of H.245: CHOICE without extensions { object, h221NonStandard without extensions }.
    if (!in.bit()) {
        in.octet_string();
    } else {
        in.integer(0, 255);
        in.integer(0, 255);
        in.integer(0, 65'535);
    }
    in.octet_string();
}

wire::Endpoint ip_and_port(PerReader& in, std::size_t octets) {
    wire::Endpoint e;
    const auto p = in.sequence(0);
    const wire::Bytes ip = in.octets(octets);
    if (!ip.empty()) e.address = octets == 4 ? wire::IpAddress::from_v4_bytes(ip.data()) : wire::IpAddress::from_v6_bytes(ip.data());
    e.port = static_cast<std::uint16_t>(in.integer(0, 65'535));
    in.skip_extensions(p.extended);
    return e;
}

wire::Endpoint transport_address(PerReader& in) {
    const std::uint32_t cast = in.choice(2);
    if (cast >= 2) return in.open_type(), wire::Endpoint{};
    if (cast == 1) {  // multicast: read, and of no use
        const std::uint32_t kind = in.choice(2);
        if (kind == 0) ip_and_port(in, 4);
        else if (kind == 1) ip_and_port(in, 16);
        else in.open_type();
        return {};
    }
    switch (in.choice(5)) {
        case 0: return ip_and_port(in, 4);
        case 1: {
            const auto p = in.sequence(0);
            in.octets(6 + 4);
            in.octets(2);
            in.skip_extensions(p.extended);
            return {};
        }
        case 2: return ip_and_port(in, 16);
        case 3: in.octets(16); return {};
        case 4: in.fail(); return {};  // source route
        default: in.open_type(); return {};
    }
}

// ---- what is in a channel ------------------------------------------------------------------------------------

struct AudioRow {
    std::uint8_t rtp_type;
    const char* name;
};
// AudioCapability, root: 1 to 13.
constexpr AudioRow kAudio[14] = {{255, ""}, {8, "PCMA"}, {8, "PCMA"}, {0, "PCMU"}, {0, "PCMU"}, {9, "G722"}, {9, "G722"},
                                 {9, "G722"}, {4, "G723"}, {15, "G728"}, {18, "G729"}, {18, "G729"}, {14, "MPA"}, {14, "MPA"}};

void name(H245Channel& c, const char* codec, std::uint32_t clock, std::uint8_t type) {
    c.codec = codec;
    c.clock_rate = clock;
    if (type != 255) c.payload_type = type;
}

void audio(PerReader& in, H245Channel& c) {
    c.kind = H245MediaKind::audio;
    const std::uint32_t kind = in.choice(14);
    if (kind == 0) return skip_non_standard(in);
    if (kind < 14) {
        const AudioRow& row = kAudio[kind];
        if (kind < 12) name(c, row.name, 8000, row.rtp_type);
        if (kind == 8) {  // g7231: frames, silence suppression
            in.integer(1, 256);
            in.bit();
        } else if (kind == 12 || kind == 13) {  // MPEG
            const auto p = in.sequence(0);
            in.bits(kind == 12 ? 8 : 20);
            in.integer(1, kind == 12 ? 448 : 1130);
            in.skip_extensions(p.extended);
            name(c, "MPA", 90'000, 14);
        } else {
            in.integer(1, 256);
        }
        return;
    }
    in.open_type();
    switch (kind) {
        case 14:
        case 15:
        case 21: return name(c, "G729", 8000, 18);
        case 16: return name(c, "G723", 8000, 4);
        case 17: return name(c, "GSM", 8000, 3);
        case 19: return name(c, "GSM-EFR", 8000, 255);
        default: return;  // generic: named by an identifier that is not read
    }
}

// INTEGER(1..most) OPTIONAL, as many as there are bits in the preamble.
void video(PerReader& in, H245Channel& c) {
    c.kind = H245MediaKind::video;
    switch (in.choice(5)) {
        case 0: return skip_non_standard(in);
        case 1: {  // h261
            const auto p = in.sequence(2);
            for (std::uint32_t i = 0; i < 2; ++i)
                if (p.has(i)) in.integer(1, 4);
            in.bit();
            in.integer(1, 19'200);
            in.bit();
            in.skip_extensions(p.extended);
            return name(c, "H261", 90'000, 31);
        }
        case 3: {  // h263
            const auto p = in.sequence(7);
            for (std::uint32_t i = 0; i < 5; ++i)
                if (p.has(i)) in.integer(1, 32);
            in.integer(1, 192'400);
            in.bits(5);
            if (p.has(5)) in.integer(0, 524'287);
            if (p.has(6)) in.integer(0, 65'535);
            in.skip_extensions(p.extended);
            return name(c, "H263", 90'000, 34);
        }
        case 5: in.open_type(); return;  // generic: H.264 and others, the payload type tells
        case 6: in.open_type(); return;
        default: in.fail();  // H.262, MPEG-1
    }
}

void data_type(PerReader& in, H245Channel& c) {
    switch (const std::uint32_t kind = in.choice(6)) {
        case 0: return skip_non_standard(in);
        case 1: return;  // nullData
        case 2: return video(in, c);
        case 3: return audio(in, c);
        case 4:
        case 5: c.kind = H245MediaKind::data; return in.fail();  // not read
        default: {
            const wire::Bytes value = in.open_type();
            if (kind != 7) return;
            // h235Media: encrypted; its media type is behind the algorithms, which are not read
            c.encrypted = true;
            (void)value;
        }
    }
}

void h2250_parameters(wire::Bytes open, H245Channel& c) {
    PerReader in(open);
    const auto p = in.sequence(10);
    if (p.has(0)) {
        const std::size_t n = in.length();
        for (std::size_t i = 0; i < n && !in.failed(); ++i) skip_non_standard(in);
    }
    c.session = static_cast<std::uint8_t>(in.integer(0, 255));
    if (p.has(1)) in.integer(1, 255);
    if (p.has(2)) c.media = transport_address(in);
    if (p.has(3)) in.bit();
    if (p.has(4)) transport_address(in);
    if (p.has(5)) in.bit();
    if (p.has(6)) in.bit();
    if (p.has(7)) {  // TerminalLabel
        const auto label = in.sequence(0);
        in.integer(0, 192);
        in.integer(0, 192);
        in.skip_extensions(label.extended);
    }
    if (p.has(8)) {
        const std::uint32_t type = in.integer(96, 127);
        if (!in.failed()) c.payload_type = static_cast<std::uint8_t>(type);
    }
    if (in.failed()) c.media = {};
}

// The multiplex parameters of a direction with `root` alternatives before the marker; h2250 is the first extension.
void multiplex(PerReader& in, std::uint32_t root, H245Channel& c) {
    const std::uint32_t kind = in.choice(root);
    if (kind < root) return in.fail();  // H.222, H.223, V.76: not of H.323
    const wire::Bytes value = in.open_type();
    if (kind == root) h2250_parameters(value, c);
}

bool open_channel(PerReader& in, H245Channel& c) {
    const auto p = in.sequence(1);
    c.number = static_cast<std::uint16_t>(in.integer(1, 65'535));
    const auto forward = in.sequence(1);
    if (forward.has(0)) in.integer(0, 65'535);
    data_type(in, c);
    const bool null = c.kind == H245MediaKind::none && !c.encrypted;
    multiplex(in, 3, c);
    in.skip_extensions(forward.extended);
    if (in.failed()) return false;
    if (p.has(0)) {
        const auto reverse = in.sequence(1);
        H245Channel r;
        data_type(in, r);
        if (reverse.has(0)) multiplex(in, 2, r);
        if (in.failed()) return false;
        if (null) {
            r.number = c.number;
            r.reverse = true;
            c = std::move(r);
        }
    }
    return true;
}

void ack_parameters(PerReader& in, H245Channel& c) {
    const auto p = in.sequence(5);
    if (p.has(0)) {
        const std::size_t n = in.length();
        for (std::size_t i = 0; i < n && !in.failed(); ++i) skip_non_standard(in);
    }
    if (p.has(1)) c.session = static_cast<std::uint8_t>(in.integer(1, 255));
    if (p.has(2)) c.media = transport_address(in);
    if (p.has(3)) transport_address(in);
    if (p.has(4)) {
        const std::uint32_t type = in.integer(96, 127);
        if (!in.failed()) c.payload_type = static_cast<std::uint8_t>(type);
    }
    if (in.failed()) c.media = {};
}

bool open_ack(PerReader& in, H245Channel& c) {
    const auto p = in.sequence(1);
    c.number = static_cast<std::uint16_t>(in.integer(1, 65'535));
    if (p.has(0)) {
        const auto reverse = in.sequence(2);
        in.integer(1, 65'535);
        if (reverse.has(0)) in.integer(0, 65'535);
        if (reverse.has(1)) multiplex(in, 1, c);
        in.skip_extensions(reverse.extended);
    }
    if (in.failed()) return false;
    in.extensions(p.extended, [&](std::uint32_t i, wire::Bytes value) {
        if (i != 1) return;
        PerReader inner(value);
        if (inner.choice(1) == 0) ack_parameters(inner, c);
    });
    return true;
}

}  // namespace

bool parse_h245_channel(wire::Bytes octets, H245Channel& out) {
    out = H245Channel{};
    PerReader in(octets);
    return open_channel(in, out);
}

bool parse_h245(wire::Bytes payload, H245Message& out) {
    out = H245Message{};
    if (payload.empty()) return false;
    PerReader in(payload);
    const std::uint32_t direction = in.choice(4);
    if (direction == 0) {  // request
        const std::uint32_t kind = in.choice(11);
        if (kind == 3) {
            out.kind = H245Kind::open;
            return open_channel(in, out.channel);
        }
        if (kind == 4) {
            out.kind = H245Kind::close;
            in.sequence(0);
            out.channel.number = static_cast<std::uint16_t>(in.integer(1, 65'535));
        }
    } else if (direction == 1) {  // response
        const std::uint32_t kind = in.choice(19);
        if (kind == 5) {
            out.kind = H245Kind::open_ack;
            return open_ack(in, out.channel);
        }
        if (kind == 6) {
            out.kind = H245Kind::open_reject;
            in.sequence(0);
            out.channel.number = static_cast<std::uint16_t>(in.integer(1, 65'535));
        }
    } else if (direction == 2) {  // command: nonStandard, maintenanceLoopOff, sendTCS, encryption, flowControl, endSession ...
        if (in.choice(7) == 5) out.kind = H245Kind::end_session;
    } else if (direction > 3) {
        return false;
    }
    return !in.failed();
}

}  // namespace voipprobe::probe
