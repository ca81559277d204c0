// What calls promised about something that identifies media (an endpoint, an SSRC, an ICE ufrag), bounded: a map of
// short lists. First writer wins; a full list refuses newcomers, unless they are vouched for and another is not. Keyed hash: strangers choose the keys.
// Thread rule: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "probe/flow/node_octets.hpp"
#include "probe/voip/rtp/rtp_stream.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

struct MediaPromise {
    std::uint32_t call = 0;  // call index
    std::uint32_t serial = 0;
    Side owner = Side::none;  // who receives at this endpoint, or who sends with this SSRC, or whose ufrag it is
    std::uint8_t line = 0;    // index of the m= line
    // How the endpoint is known: sdp (c= and m=), nat (guessed behind a NAT), ice (candidate, or STUN on the path);
    // none: RTCP only (a=rtcp).
    StreamMatch rule = StreamMatch::sdp;
    bool vouched = false;     // the message came from the very address it names
    std::uint16_t zone = 0;   // --flow-key: where the SDP was seen
    wire::TimeNs since = 0;
};

template <typename Key, typename Hash>
class PromiseMap {
  public:
    static constexpr std::size_t kPerKey = 8;
    enum class Added : std::uint8_t { refused, known, better, added };

    PromiseMap(std::size_t max_keys, Hash hash) : max_keys_(max_keys), map_(0, hash) {}

    // An existing promise of the same call is kept, but a surer rule replaces a weaker one.
    Added add(const Key& key, const MediaPromise& promise) {
        if (map_.size() >= max_keys_ && !map_.contains(key)) return Added::refused;
        std::vector<MediaPromise>& list = map_[key];
        for (MediaPromise& p : list) {
            if (p.call != promise.call || p.serial != promise.serial) continue;
            if (strength(promise.rule) <= strength(p.rule)) return Added::known;
            const wire::TimeNs since = p.since;
            p = promise;
            p.since = since;
            return Added::better;
        }
        if (list.size() == kPerKey) {
            // Who names an address it does not send from may not keep its owner out.
            const auto stranger = std::find_if(list.rbegin(), list.rend(), [](const MediaPromise& p) { return !p.vouched; });
            if (!promise.vouched || stranger == list.rend()) return Added::refused;
            *stranger = promise;
            return Added::added;
        }
        list.reserve(list.size() + 1);
        list.push_back(promise);
        most_ = std::max(most_, map_.size());
        return Added::added;
    }
    void remove(const Key& key, std::uint32_t call) {
        const auto it = map_.find(key);
        if (it == map_.end()) return;
        std::erase_if(it->second, [call](const MediaPromise& p) { return p.call == call; });
        if (it->second.empty()) map_.erase(it);
    }
    template <typename Visit>
    void for_each(const Key& key, Visit&& visit) const {
        const auto it = map_.find(key);
        if (it == map_.end()) return;
        for (const MediaPromise& p : it->second) visit(p);
    }
    bool contains(const Key& key) const { return map_.contains(key); }
    bool empty() const { return map_.empty(); }
    std::size_t size() const { return map_.size(); }
    std::size_t most() const { return most_; }  // keys at a time
    std::size_t memory_octets() const {         // with that many, each promised once
        return most_ * (node_octets<std::pair<const Key, std::vector<MediaPromise>>>() + sizeof(MediaPromise));
    }

  private:
    static int strength(StreamMatch rule) {
        switch (rule) {
            case StreamMatch::sdp: return 3;
            case StreamMatch::ice: return 2;
            case StreamMatch::nat: return 1;
            default: return 0;
        }
    }
    std::size_t max_keys_;
    std::size_t most_ = 0;
    std::unordered_map<Key, std::vector<MediaPromise>, Hash> map_;
};

}  // namespace voipprobe::probe
