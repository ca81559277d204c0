// The steps of decoding, internal to probe/decode: each takes the octets of one layer and goes on inwards.
#pragma once

#include "probe/decode/decode.hpp"
#include "probe/decode/tunnel_ports.hpp"

namespace voipprobe::probe {

enum class Layer : std::uint8_t { ethernet, ethertype, ppp, ip };

struct Nesting {
    int depth = 0;            // headers around this one
    int* guesses = nullptr;   // left for the whole packet: layers tried at several places must not multiply
    Nesting deeper() const { return {depth + 1, guesses}; }
};
inline constexpr int kMaxGuesses = 64;

// What a tunnel header carries.
struct Carried {
    Layer layer = Layer::ip;
    std::uint16_t ethertype = 0;  // Layer::ethertype
    wire::Bytes data;
    TunnelType type = TunnelType::none;
    std::uint32_t id = 0;
    bool has_id = false;
    bool symmetric_id = false;    // the same id in both directions: it can tell flows apart
};

// Link layers: VLAN tags, MPLS, PPPoE, PPP down to IP.
DropReason decode_layer(Layer layer, std::uint16_t ethertype, wire::Bytes data, PacketView& view, Nesting n);
DropReason decode_ip(wire::Bytes data, PacketView& view, Nesting n);

// Decodes what a tunnel carries into `view`, which stays as it is when that fails (any result but none and
// depth_limit).
DropReason enter(const Carried& carried, PacketView& view, Nesting n);

// A UDP payload or IP payload (protocol `view.protocol`) that a tunnel may have made; not_ip when it is none.
bool is_tunnel_protocol(std::uint8_t protocol);
DropReason enter_udp_tunnel(wire::Bytes payload, PacketView& view, Nesting n);
DropReason enter_ip_tunnel(wire::Bytes payload, PacketView& view, Nesting n);

// Is this an IP packet, an Ethernet frame with one? Strict, for places where a header only might be: IPv4 with a
// right checksum, lengths that fit.
bool plausible_ip(wire::Bytes data);
bool plausible_ethernet(wire::Bytes data);

}  // namespace voipprobe::probe
