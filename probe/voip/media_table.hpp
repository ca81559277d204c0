// Which endpoint was promised by which call's SDP: how media finds its call. Bounded; an endpoint keeps at most
// kPerEndpoint promises, so that a flood of SDP naming one address cannot grow it. Keyed hash.
// Thread rule: one owner (shared between workers by the pipeline).
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "probe/voip/rtp/rtp_stream.hpp"
#include "wire/address.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

struct MediaPromise {
    std::uint32_t call = 0;  // call index
    std::uint32_t serial = 0;
    Side owner = Side::none;  // who receives at this endpoint
    std::uint8_t line = 0;    // index of the m= line
    wire::TimeNs since = 0;
    std::uint16_t zone = 0;   // --flow-key: where the SDP was seen
};

class MediaTable {
  public:
    static constexpr std::size_t kPerEndpoint = 8;

    MediaTable(std::size_t max_endpoints, wire::SipKey key)
        : max_endpoints_(max_endpoints), promises_(0, Hash{key}) {}

    // First writer wins: an existing promise of the same call is kept; a full endpoint refuses newcomers.
    bool add(const wire::Endpoint& at, const MediaPromise& promise);
    void remove(const wire::Endpoint& at, std::uint32_t call);
    template <typename Visit>
    void for_each(const wire::Endpoint& at, Visit&& visit) const {
        const auto it = promises_.find(at);
        if (it == promises_.end()) return;
        for (std::size_t i = 0; i < it->second.count; ++i) visit(it->second.list[i]);
    }
    bool knows(const wire::Endpoint& at) const { return promises_.contains(at); }
    // Changes with every added promise: streams without a call look again when it differs.
    std::uint32_t generation() const { return generation_; }
    std::size_t size() const { return promises_.size(); }
    std::uint64_t refused() const { return refused_; }

  private:
    struct Hash {
        wire::SipKey key;
        std::size_t operator()(const wire::Endpoint& e) const {
            return wire::siphash13<3>(key, {wire::load_le64(e.address.octets.data()),
                                            wire::load_le64(e.address.octets.data() + 8), e.port});
        }
    };
    struct Promises {
        std::array<MediaPromise, kPerEndpoint> list{};
        std::uint8_t count = 0;
    };
    std::size_t max_endpoints_;
    std::unordered_map<wire::Endpoint, Promises, Hash> promises_;
    std::uint32_t generation_ = 1;
    std::uint64_t refused_ = 0;
};

}  // namespace voipprobe::probe
