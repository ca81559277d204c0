// H.323 messages for tests: an aligned PER writer (X.691) and what H.225.0 and H.245 make of it.
#pragma once

#include <algorithm>

#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test::h323 {

class Per {
  public:
    Per& bits(std::uint64_t v, std::size_t n) {
        for (std::size_t i = n; i-- > 0; ++count_) {
            if (count_ % 8 == 0) out_.push_back(0);
            if ((v >> i & 1U) != 0) out_.back() = static_cast<std::uint8_t>(out_.back() | 0x80 >> count_ % 8);
        }
        return *this;
    }
    Per& align() {
        count_ = out_.size() * 8;
        return *this;
    }
    Per& raw(const Octets& o) {
        align();
        out_ = out_ + o;
        return align();
    }
    Per& length(std::size_t n) {
        align();
        if (n < 128) return bits(n, 8);
        return bits(0x8000 | n, 16);
    }
    Per& string(const Octets& o) { return length(o.size()).raw(o); }
    Per& u16(std::uint32_t v) { return align().bits(v, 16); }
    // Extension additions: `all` of them, the given ones present.
    Per& extensions(std::size_t all, const std::vector<std::pair<std::size_t, Octets>>& present) {
        bits(0, 1).bits(all - 1, 6);
        for (std::size_t i = 0; i < all; ++i)
            bits(std::any_of(present.begin(), present.end(), [&](const auto& p) { return p.first == i; }) ? 1 : 0, 1);
        for (const auto& p : present) string(p.second);
        return *this;
    }
    Octets done() const { return out_.empty() ? Octets(1) : out_; }

  private:
    Octets out_;
    std::size_t count_ = 0;
};

inline const Octets kProtocol = hex({0x00, 0x08, 0x91, 0x4a, 0x00, 0x06});
inline const Octets kCall = hex({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});

struct At {
    const char* address;
    std::uint16_t port;
};
inline Octets v4(const char* a) {
    const wire::IpAddress address = ip(a);
    return Octets(address.octets.begin() + 12, address.octets.end());
}
// H.225.0's TransportAddress.
inline Per& h225_address(Per& p, const At& a) { return p.bits(0, 1).bits(0, 3).raw(v4(a.address)).u16(a.port); }
// H.245's: unicastAddress iPAddress.
inline Per& h245_address(Per& p, const At& a) { return p.bits(0, 1).bits(0, 1).bits(0, 1).bits(0, 3).bits(0, 1).raw(v4(a.address)).u16(a.port); }

inline Per& digits(Per& p, std::string_view text) {
    p.bits(0, 1).bits(0, 1).bits(text.size() - 1, 7).align();
    for (const char c : text) p.bits(std::string_view("#*,0123456789").find(c), 4);
    return p;
}
inline Per& h323_name(Per& p, std::string_view text) {
    p.bits(0, 1).bits(1, 1).align().bits(text.size() - 1, 8);
    for (const char c : text) p.bits(static_cast<std::uint8_t>(c), 16);
    return p;
}
inline Per& terminal(Per& p) { return p.bits(0, 1).bits(1, 6).bits(0, 2).bits(0, 2); }  // terminal, no mc

// G.711 A-law 20 ms, or with `reverse` what the sender wants to receive at `media`.
inline Octets channel(std::uint16_t number, const At* media, bool reverse, int g711 = 1) {
    const auto audio = [&](Per& p) { p.bits(0, 1).bits(3, 3).bits(0, 1).bits(static_cast<std::uint64_t>(g711), 4).align().bits(19, 8); };
    Per h2250;
    h2250.bits(0, 1).bits(media != nullptr ? 0x80 : 0, 10).align().bits(1, 8);  // session 1
    if (media != nullptr) h245_address(h2250, *media);
    Per p;
    p.bits(0, 1).bits(reverse ? 1 : 0, 1).u16(number - 1U);
    p.bits(0, 1).bits(0, 1);
    if (reverse) p.bits(0, 1).bits(1, 3);  // nullData
    else audio(p);
    // multiplexParameters: extension h2250LogicalChannelParameters (0), none (1)
    if (reverse) p.bits(1, 1).bits(0, 1).bits(1, 6).string(hex({0}));
    else p.bits(1, 1).bits(0, 1).bits(0, 6).string(h2250.done());
    if (reverse) {
        p.bits(0, 1).bits(1, 1);
        audio(p);
        p.bits(1, 1).bits(0, 1).bits(0, 6).string(h2250.done());
    }
    return p.done();
}
inline Octets sequence_of(const std::vector<Octets>& list) {
    Per p;
    p.length(list.size());
    for (const Octets& o : list) p.string(o);
    return p.done();
}
inline Octets call_identifier() { return Per().bits(0, 1).raw(kCall).done(); }


inline Octets q931(int type, bool originator, const Octets& elements, const Per& uu) {
    Octets o = hex({8, 2, originator ? 0x00 : 0x80, 0x2a, type}) + elements;
    const Octets user = hex({5}) + uu.done();
    o.push_back(0x7e);
    put16(o, user.size());
    return o + user;
}
inline Octets tpkt(const Octets& content) {
    Octets o = hex({3, 0});
    put16(o, content.size() + 4);
    return o + content;
}
// What precedes the body: no user-data; extension bit of the PDU when H.245 is tunnelled.
inline Per begin(std::uint32_t body, bool tunnels) { return Per().bits(0, 1).bits(0, 1).bits(tunnels ? 1 : 0, 1).bits(0, 1).bits(0, 1).bits(body, 3); }
inline Per& end(Per& p, const std::vector<Octets>& h245) {
    if (h245.empty()) return p;
    return p.extensions(3, {{1, hex({0x80})}, {2, sequence_of(h245)}});
}

inline Octets setup(const std::vector<Octets>& fast_start, const At* h245, const std::vector<Octets>& tunnelled = {}) {
    Per p = begin(0, !tunnelled.empty());
    p.bits(1, 1).bits(h245 != nullptr ? 0x70 : 0x30, 7);  // (h245Address) sourceAddress destinationAddress
    p.string(kProtocol);
    if (h245 != nullptr) h225_address(p, *h245);
    h323_name(p.length(2), "Ann");
    digits(p, "1000");
    terminal(p);
    digits(p.length(1), "2000");
    p.bits(0, 1).raw(kCall).bits(0, 1).bits(0, 2).bits(0, 1).bits(0, 2);
    std::vector<std::pair<std::size_t, Octets>> more{{2, call_identifier()}};
    if (!fast_start.empty()) more.emplace_back(6, sequence_of(fast_start));
    p.extensions(8, more);
    end(p, tunnelled);
    return tpkt(q931(5, true, hex({0x70, 5, 0x81, '2', '0', '0', '0'}), p));
}
// kind: 1 CallProceeding, 3 Alerting (both the address behind the endpoint type), 2 Connect.
inline Octets answer(int type, std::uint32_t kind, const std::vector<Octets>& fast_start, const At* h245, const std::vector<Octets>& tunnelled = {}) {
    Per p = begin(kind, !tunnelled.empty());
    p.bits(1, 1).bits(h245 != nullptr ? 1 : 0, 1).string(kProtocol);
    if (kind == 2 && h245 != nullptr) h225_address(p, *h245);
    terminal(p);
    if (kind != 2 && h245 != nullptr) h225_address(p, *h245);
    if (kind == 2) p.raw(kCall);
    std::vector<std::pair<std::size_t, Octets>> more{{0, call_identifier()}};
    if (!fast_start.empty()) more.emplace_back(4, sequence_of(fast_start));
    p.extensions(5, more);
    end(p, tunnelled);
    return tpkt(q931(type, false, {}, p));
}
inline Octets release(bool originator, int cause) {
    Per p = begin(5, false);
    p.bits(1, 1).bits(0, 1).string(kProtocol).extensions(1, {{0, call_identifier()}});
    return tpkt(q931(0x5a, originator, hex({8, 2, 0x80, 0x80 | cause}), p));
}
inline Octets open_channel(std::uint16_t number) {
    // request, openLogicalChannel: the channel goes on in the same octet
    Per p;
    p.bits(0, 1).bits(0, 2).bits(0, 1).bits(3, 4);
    Per h2250;
    h2250.bits(0, 1).bits(0, 10).align().bits(1, 8);
    p.bits(0, 1).bits(0, 1).u16(number - 1U).bits(0, 1).bits(0, 1);
    p.bits(0, 1).bits(3, 3).bits(0, 1).bits(1, 4).align().bits(19, 8);
    p.bits(1, 1).bits(0, 1).bits(0, 6).string(h2250.done());
    return p.done();
}
inline Octets open_ack(std::uint16_t number, const At& media) {
    Per ack;
    ack.bits(0, 1);  // choice: h2250LogicalChannelAckParameters
    ack.bits(0, 1).bits(0x0c, 5).align().bits(0, 8);  // sessionID 1, mediaChannel
    h245_address(ack, media);
    Per p;
    p.bits(0, 1).bits(1, 2).bits(0, 1).bits(5, 5);
    p.bits(1, 1).bits(0, 1).u16(number - 1U).extensions(2, {{1, ack.done()}});
    return p.done();
}
inline Octets registration_request(std::uint16_t sequence, std::string_view number) {
    Per p;
    p.bits(0, 1).bits(3, 5).bits(0, 1).bits(2, 3).u16(sequence - 1U).string(kProtocol).bits(0, 1);
    h225_address(p.length(1), {"192.0.2.10", 1720});
    h225_address(p.length(1), {"192.0.2.10", 1719});
    terminal(p);
    digits(p.length(1), number);
    p.bits(0, 1).bits(0, 2).align().bits(0, 8).bits(0, 8).u16(0);  // endpointVendor
    return p.done();
}
inline Octets registration_confirm(std::uint16_t sequence) {
    Per p;
    p.bits(0, 1).bits(4, 5).bits(0, 1).bits(0, 3).u16(sequence - 1U).string(kProtocol);
    h225_address(p.length(1), {"192.0.2.1", 1720});
    p.bits(1, 7).u16('a').u16('b');  // endpointIdentifier
    return p.done();
}

}  // namespace voipprobe::test::h323
