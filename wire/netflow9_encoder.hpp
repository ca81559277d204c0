// NetFlow version 9 (RFC 3954) export: see message_encoder.hpp.
//
// Sequence number: export packets before this one (§5.1). Count: all records of the packet, templates included.
// FlowSets are padded to 4 octets with less padding than a record. All lengths are fixed, so a packed record has
// the size and offsets of its wire form: encoding is one copy and the byte order.
#pragma once

#include <unordered_map>
#include <vector>

#include "wire/message_encoder.hpp"

namespace voipprobe::wire {

class Netflow9Encoder final : public MessageEncoder {
  public:
    explicit Netflow9Encoder(const EncoderConfig& config);

    Result<void> add_template(const TemplateLayout& layout) override;
    Append append_template(std::uint16_t template_id) override;
    Append append(std::uint16_t template_id, Bytes packed) override;
    void set_boot_time(TimeNs boot_time) override { config_.boot_time = boot_time; }
    void set_max_message(std::size_t octets) override;
    bool empty() const override { return count_ == 0; }
    Bytes finish(TimeNs export_time) override;
    const EncoderStats& stats() const override { return stats_; }

  private:
    struct Swap {  // a number to reverse, at its offset in the record
        std::uint16_t offset;
        std::uint8_t octets;
    };
    struct Template {
        std::uint16_t set_id;  // of its definition: 0 template, 1 options template
        std::size_t length = 0;
        std::vector<Swap> swaps;
        std::vector<std::uint8_t> definition;  // template record, without set header
    };

    Template* find(std::uint16_t id);
    // Octets that `length` more octets in set `set_id` would take; opens the set when `open`.
    bool fits(std::uint16_t set_id, std::size_t length) const;
    std::uint8_t* open(std::uint16_t set_id, std::size_t length);
    void close_set();

    EncoderConfig config_;
    std::size_t least_message_ = 0;  // what the largest template or record needs
    std::unordered_map<std::uint16_t, Template> templates_;
    Template* last_template_ = nullptr;  // records come in runs of one template
    std::uint16_t last_id_ = 0;
    std::vector<std::uint8_t> message_;
    std::size_t used_ = 0;
    std::size_t set_at_ = 0;  // 0: no set open
    std::uint16_t set_id_ = 0;
    std::size_t set_unit_ = 0;  // record length of the open set
    std::uint16_t count_ = 0;
    std::uint32_t sequence_ = 0;
    EncoderStats stats_;
};

}  // namespace voipprobe::wire
