// How media finds its call: which endpoint, SSRC and ICE ufrag was promised by which call's SDP. Bounded; each keeps
// at most kPerEndpoint promises, so that a flood of SDP naming one address cannot grow it. Keyed hash.
// Sources: RFC 8866 (c=, m=), RFC 8839 (a=candidate, a=ice-ufrag), RFC 5576 (a=ssrc), RFC 3605 (a=rtcp).
// Thread rule: one owner (shared between workers by the pipeline).
#pragma once

#include <string_view>

#include "probe/voip/promise_map.hpp"
#include "wire/address.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

class MediaTable {
  public:
    static constexpr std::size_t kPerEndpoint = 8;

    MediaTable(std::size_t max_endpoints, wire::SipKey key)
        : key_(key),
          endpoints_(max_endpoints, EndpointHash{key}),
          images_(max_endpoints, EndpointHash{key}),
          ssrcs_(max_endpoints, NameHash{key}),
          ufrags_(max_endpoints, NameHash{key}) {}

    // Each returns true when the call now holds one promise more and must remove it when it ends.
    bool add(const wire::Endpoint& at, const MediaPromise& promise) { return note(endpoints_.add(at, promise)); }
    // Where T.38 over UDPTL goes: not RTP, so no stream is looked up anew for it.
    bool add_image(const wire::Endpoint& at, const MediaPromise& promise) {
        const auto added = images_.add(at, promise);
        if (added == Endpoints::Added::refused) ++refused_;
        return added == Endpoints::Added::added;
    }
    bool add_ssrc(std::uint32_t ssrc, const MediaPromise& promise) { return note(ssrcs_.add(ssrc, promise)); }
    bool add_ufrag(std::uint64_t ufrag, const MediaPromise& promise) { return note(ufrags_.add(ufrag, promise)); }
    void remove(const wire::Endpoint& at, std::uint32_t call) { endpoints_.remove(at, call); }
    void remove_image(const wire::Endpoint& at, std::uint32_t call) { images_.remove(at, call); }
    void remove_ssrc(std::uint32_t ssrc, std::uint32_t call) { ssrcs_.remove(ssrc, call); }
    void remove_ufrag(std::uint64_t ufrag, std::uint32_t call) { ufrags_.remove(ufrag, call); }

    template <typename Visit>
    void for_each(const wire::Endpoint& at, Visit&& visit) const { endpoints_.for_each(at, visit); }
    template <typename Visit>
    void for_each_image(const wire::Endpoint& at, Visit&& visit) const { images_.for_each(at, visit); }
    template <typename Visit>
    void for_each_ssrc(std::uint32_t ssrc, Visit&& visit) const { ssrcs_.for_each(ssrc, visit); }
    template <typename Visit>
    void for_each_ufrag(std::uint64_t ufrag, Visit&& visit) const { ufrags_.for_each(ufrag, visit); }

    bool knows(const wire::Endpoint& at) const { return endpoints_.contains(at); }
    bool has_images() const { return !images_.empty(); }
    bool has_ufrags() const { return !ufrags_.empty(); }
    bool has_ssrcs() const { return !ssrcs_.empty(); }
    std::uint64_t ufrag_key(std::string_view ufrag) const { return wire::siphash13(key_, wire::as_bytes(ufrag)); }
    // Changes with every added promise: streams that may still find a better call look again when it differs.
    std::uint32_t generation() const { return generation_; }
    std::size_t size() const { return endpoints_.size(); }
    std::size_t most() const { return endpoints_.most(); }
    std::size_t memory_octets() const {
        return endpoints_.memory_octets() + images_.memory_octets() + ssrcs_.memory_octets() + ufrags_.memory_octets();
    }
    std::uint64_t refused() const { return refused_; }

  private:
    struct EndpointHash {
        wire::SipKey key;
        std::size_t operator()(const wire::Endpoint& e) const {
            return wire::siphash13<3>(key, {wire::load_le64(e.address.octets.data()),
                                            wire::load_le64(e.address.octets.data() + 8), e.port});
        }
    };
    struct NameHash {
        wire::SipKey key;
        std::size_t operator()(std::uint64_t v) const { return wire::siphash13<1>(key, {v}); }
    };
    using Endpoints = PromiseMap<wire::Endpoint, EndpointHash>;
    using Names = PromiseMap<std::uint64_t, NameHash>;
    static_assert(Endpoints::kPerKey == kPerEndpoint);

    template <typename Added>
    bool note(Added a) {
        if (a == Added::refused) ++refused_;
        if (a == Added::added || a == Added::better) ++generation_;
        return a == Added::added;
    }

    wire::SipKey key_;
    Endpoints endpoints_;
    Endpoints images_;
    Names ssrcs_;   // by SSRC
    Names ufrags_;  // by ufrag_key
    std::uint32_t generation_ = 1;
    std::uint64_t refused_ = 0;
};

}  // namespace voipprobe::probe
