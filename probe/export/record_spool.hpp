// Packed records on their way into a stream, bounded in octets: those not sent yet, and behind them a window of those
// sent last, which a broken connection may have lost. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "wire/bytes.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

class RecordSpool {
  public:
    struct Entry {
        std::uint32_t template_index = 0;
        bool counted = false;  // it was sent before
        wire::TimeNs time = 0;
        std::vector<std::uint8_t> packed;
    };

    // `most`: octets of everything; `window`: octets of sent records that are kept.
    RecordSpool(std::size_t most, std::size_t window) : most_(most), window_(window) {}

    // False: no room; nothing was kept.
    bool push(std::size_t template_index, wire::Bytes packed, wire::TimeNs time) {
        if (waiting_octets_ + cost(packed.size()) > most_) return false;
        entries_.push_back({static_cast<std::uint32_t>(template_index), false, time, {packed.begin(), packed.end()}});
        waiting_octets_ += cost(packed.size());
        return true;
    }

    bool empty() const { return sent_ == entries_.size(); }
    std::size_t waiting() const { return entries_.size() - sent_; }
    std::size_t waiting_octets() const { return waiting_octets_; }
    Entry& next() { return entries_[sent_]; }
    // next() was sent.
    void advance() {
        const std::size_t octets = cost(entries_[sent_].packed.size());
        ++sent_;
        waiting_octets_ -= octets;
        sent_octets_ += octets;
        while (sent_octets_ > window_ && sent_ > 0) {
            sent_octets_ -= cost(entries_.front().packed.size());
            entries_.pop_front();
            --sent_;
        }
    }
    // The last `records` sent, or as many as the window holds, are to be sent again. Returns how many are not there.
    std::size_t rewind(std::size_t records) {
        while (records > 0 && sent_ > 0) {
            --sent_;
            --records;
            const std::size_t octets = cost(entries_[sent_].packed.size());
            waiting_octets_ += octets;
            sent_octets_ -= octets;
        }
        return records;
    }
    void rewind_window() { rewind(sent_); }

  private:
    static std::size_t cost(std::size_t packed) { return packed + sizeof(Entry) + 16; }

    std::size_t most_;
    std::size_t window_;
    std::deque<Entry> entries_;
    std::size_t sent_ = 0;  // entries before this one
    std::size_t waiting_octets_ = 0;
    std::size_t sent_octets_ = 0;
};

}  // namespace voipprobe::probe
