// A bounded map that forgets what was used longest ago, in O(1). Two segments: newcomers are on probation,
// and a flood of newcomers can only push out newcomers; promote() moves an entry to the protected part (the
// segmented LRU of Karedla, Love, Wherry, "Caching Strategies to Improve Disk System Performance", 1994).
// Thread rule: one thread. References stay valid until the entry is erased.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace voipprobe::collector {

template <typename Key, typename T, typename Hash = std::hash<Key>>
class SegmentedLru {
  public:
    using OnEvict = std::function<void(const Key&, T&)>;

    SegmentedLru(std::size_t capacity, std::size_t protected_capacity, OnEvict on_evict)
        : capacity_(capacity), protected_capacity_(protected_capacity), on_evict_(std::move(on_evict)) {}

    // The entry, marked as just used; nullptr when there is none.
    T* find(const Key& key) {
        const auto it = map_.find(key);
        if (it == map_.end()) return nullptr;
        auto& list = it->second->is_protected ? protected_ : probation_;
        list.splice(list.begin(), list, it->second);
        return &it->second->value;
    }

    // A new entry on probation; the least recently used entry goes when the table is full.
    T& insert(const Key& key, T value) {
        while (map_.size() >= capacity_) evict_one();
        probation_.push_front(Entry{key, std::move(value), false});
        map_[key] = probation_.begin();
        return probation_.front().value;
    }

    void promote(const Key& key) {
        const auto it = map_.find(key);
        if (it == map_.end() || it->second->is_protected) return;
        if (protected_.size() >= protected_capacity_) {
            protected_.back().is_protected = false;
            probation_.splice(probation_.begin(), protected_, std::prev(protected_.end()));
        }
        it->second->is_protected = true;
        protected_.splice(protected_.begin(), probation_, it->second);
    }

    bool erase(const Key& key) {
        const auto it = map_.find(key);
        if (it == map_.end()) return false;
        (it->second->is_protected ? protected_ : probation_).erase(it->second);
        map_.erase(it);
        return true;
    }

    // Forgets the least recently used entry, newcomers first; the owner is told. False when nothing is left.
    bool evict_one() { return evict_back(probation_) || evict_back(protected_); }
    // The same within one segment, and never the entry `keep` (it is in use).
    bool evict_newcomer_but(const Key& keep) {
        return back_is(probation_, keep) ? false : evict_back(probation_);
    }
    bool evict_one_but(const Key& keep) {
        return evict_newcomer_but(keep) || (back_is(protected_, keep) ? false : evict_back(protected_));
    }

    template <typename F>
    void for_each(F&& f) {
        for (Entry& e : protected_) f(e.key, e.value);
        for (Entry& e : probation_) f(e.key, e.value);
    }

    std::size_t size() const { return map_.size(); }
    void clear() { map_.clear(), probation_.clear(), protected_.clear(); }

  private:
    struct Entry {
        Key key;
        T value;
        bool is_protected;
    };

    using List = std::list<Entry>;
    static bool back_is(const List& list, const Key& key) { return !list.empty() && list.back().key == key; }
    bool evict_back(List& list) {
        if (list.empty()) return false;
        Entry& last = list.back();
        if (on_evict_) on_evict_(last.key, last.value);
        map_.erase(last.key);
        list.pop_back();
        return true;
    }

    std::size_t capacity_;
    std::size_t protected_capacity_;
    OnEvict on_evict_;
    List probation_;
    List protected_;
    std::unordered_map<Key, typename List::iterator, Hash> map_;
};

}  // namespace voipprobe::collector
