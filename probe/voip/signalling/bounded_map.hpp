// A map of at most `capacity` entries: a newcomer takes the place of the entry used longest ago (counted).
// Keys are chosen by strangers, so the hash is keyed. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace voipprobe::probe {

template <typename Key, typename Value, typename Hash>
class BoundedMap {
  public:
    BoundedMap(std::size_t capacity, Hash hash) : capacity_(capacity), index_(0, hash) {}

    // nullptr when there is none; otherwise it now is the one used last. Valid until the next insert or erase.
    Value* find(const Key& key) {
        const auto it = index_.find(key);
        if (it == index_.end()) return nullptr;
        order_.splice(order_.begin(), order_, it->second);
        return &it->second->second;
    }
    Value& insert(const Key& key, Value value) {
        if (Value* known = find(key)) return *known = std::move(value);
        if (index_.size() >= capacity_) {
            ++evicted_;
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(key, std::move(value));
        index_.emplace(key, order_.begin());
        return order_.front().second;
    }
    void erase(const Key& key) {
        const auto it = index_.find(key);
        if (it == index_.end()) return;
        order_.erase(it->second);
        index_.erase(it);
    }
    std::size_t size() const { return index_.size(); }
    bool empty() const { return index_.empty(); }
    std::uint64_t evicted() const { return evicted_; }

  private:
    using Order = std::list<std::pair<Key, Value>>;
    std::size_t capacity_;
    Order order_;  // the one used last first
    std::unordered_map<Key, typename Order::iterator, Hash> index_;
    std::uint64_t evicted_ = 0;
};

}  // namespace voipprobe::probe
