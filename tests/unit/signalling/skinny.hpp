// Skinny messages for tests. What tshark says of them: docs/calls.md, "Other protocols".
#pragma once

#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

// A message under construction; little-endian words.
class Skinny {
  public:
    explicit Skinny(std::uint32_t version, std::uint32_t id) : version_(version), id_(id) {}
    Skinny& word(std::uint32_t v) {
        for (int i = 0; i < 4; ++i) body_.push_back(static_cast<std::uint8_t>(v >> 8 * i));
        return *this;
    }
    Skinny& words(std::initializer_list<std::uint32_t> list) {
        for (const std::uint32_t v : list) word(v);
        return *this;
    }
    Skinny& text(std::string_view s, std::size_t size) {
        Octets o = octets_of(s);
        o.resize(size);
        body_ = body_ + o;
        return *this;
    }
    Skinny& terminated(std::string_view s) { return text(s, s.size() + 1); }
    Skinny& address(const char* a, std::uint32_t port) {
        const wire::IpAddress address = ip(a);
        if (version_ >= 17) word(address.is_v4() ? 0 : 1);
        Octets o(16);
        if (address.is_v4()) std::copy(address.octets.begin() + 12, address.octets.end(), o.begin());
        else std::copy(address.octets.begin(), address.octets.end(), o.begin());
        if (version_ < 17) o.resize(4);
        body_ = body_ + o;
        return word(port);
    }
    Octets octets() const {
        Skinny head(0, 0);
        head.words({static_cast<std::uint32_t>(body_.size() + 4), version_, id_});
        return head.body_ + body_;
    }

  private:
    std::uint32_t version_, id_;
    Octets body_;
};

namespace skinny {

inline Octets call_state(std::uint32_t v, std::uint32_t state, std::uint32_t reference) {
    return Skinny(v, 0x111).words({state, 1, reference, 0, 4, 0}).octets();
}
inline Octets call_info(std::uint32_t v, std::uint32_t reference, bool outbound, std::string_view calling, std::string_view called,
                        std::string_view calling_name, std::string_view called_name) {
    const std::uint32_t type = outbound ? 2 : 1;
    if (v < 17)
        return Skinny(v, 0x8f).text(calling_name, 40).text(calling, 24).text(called_name, 40).text(called, 24)
            .words({1, reference, type}).text("", 24 * 6 + 40 * 2).words({0, 0, 1, 0, 0}).octets();
    Skinny m(v, 0x14a);
    m.words({1, reference, type, 0, 0, 1, 0, 0}).terminated(calling).terminated("").terminated(called);
    for (int i = 0; i < 6; ++i) m.terminated("");
    m.terminated(calling_name).terminated(called_name);
    for (int i = 0; i < 4; ++i) m.terminated("");
    return m.octets();
}
inline Octets dialed(std::uint32_t v, std::string_view number, std::uint32_t reference) {
    return Skinny(v, 0x11d).text(number, v >= 18 ? 25 : 24).words({1, reference}).text("", v >= 18 ? 3 : 0).octets();
}
inline Octets open_receive(std::uint32_t v, std::uint32_t reference, std::uint32_t token, std::uint32_t payload) {
    Skinny m(v, 0x105);
    m.words({reference, token, 20, payload, 0, 0, reference, 0, 0}).text("", 32);
    m.words({0, 0, 0, 0, v >= 17 ? 101U : 0U, 10, 0, 0});
    if (v >= 17) m.address("192.0.2.99", 4000).word(0);
    return m.octets();
}
inline Octets open_receive_ack(std::uint32_t v, const char* address, std::uint32_t port, std::uint32_t token, std::uint32_t reference) {
    Skinny m(v, 0x22);
    m.word(0).address(address, port).word(token);
    if (v >= 17) m.word(reference);
    return m.octets();
}
inline Octets start_media(std::uint32_t v, std::uint32_t conference, std::uint32_t reference, const char* address,
                          std::uint32_t port, std::uint32_t payload) {
    Skinny m(v, 0x8a);
    m.words({conference, 77}).address(address, port).words({20, payload, 184, 0, 0, 0, reference, 0, 0}).text("", 32);
    return m.words({0, 0, 0, 0, v >= 17 ? 101U : 0U, 10, 0, 0}).octets();
}
inline Octets statistics(std::uint32_t v, std::uint32_t reference, std::uint32_t received, std::uint32_t lost, std::uint32_t jitter,
                         std::string_view text = {}) {
    Skinny m(v, 0x23);
    m.text("1000", v >= 18 ? 28 : 24).words({reference, 0, 100, 16000, received, received * 160, lost, jitter, 3});
    if (!text.empty()) m.word(static_cast<std::uint32_t>(text.size())).text(text, 600);
    return m.octets();
}
inline Octets soft_key(std::uint32_t v, std::uint32_t key, std::uint32_t reference) { return Skinny(v, 0x26).words({key, 1, reference}).octets(); }
inline Octets phone_on_hook(std::uint32_t v, std::uint32_t reference) { return Skinny(v, 0x07).words({1, reference}).octets(); }

}  // namespace skinny
}  // namespace voipprobe::test
