#include "wire/netflow9_encoder.hpp"

#include <algorithm>
#include <string>

namespace voipprobe::wire {
namespace {

constexpr std::uint16_t kVersion = 9;          // RFC 3954 §5.1
constexpr std::size_t kHeader = 20;
constexpr std::size_t kSetHeader = 4;          // §5.3
constexpr std::size_t kMostPadding = 3;
constexpr std::uint16_t kTemplateSet = 0;      // §5.2
constexpr std::uint16_t kOptionsTemplateSet = 1;  // §6.1

void store16(std::uint8_t* p, std::uint32_t v) {
    p[0] = static_cast<std::uint8_t>(v >> 8);
    p[1] = static_cast<std::uint8_t>(v);
}
void store32(std::uint8_t* p, std::uint32_t v) {
    const std::uint32_t big = __builtin_bswap32(v);
    std::memcpy(p, &big, sizeof big);
}

template <typename T>
void reverse(std::uint8_t* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
    if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
    if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
    std::memcpy(p, &v, sizeof v);
}

bool is_number(FieldType t) {
    switch (t) {
        case FieldType::unsigned_int:
        case FieldType::float64:
        case FieldType::boolean:
        case FieldType::seconds:
        case FieldType::milliseconds:
        case FieldType::microseconds: return true;
        default: return false;
    }
}

std::size_t padding_of(std::size_t used, std::size_t unit) {
    const std::size_t padding = (4 - used % 4) % 4;
    return padding < unit ? padding : 0;  // RFC 3954 §5.3: a collector must not take padding for a record
}

}  // namespace

Netflow9Encoder::Netflow9Encoder(const EncoderConfig& config)
    : config_(config), message_(config.max_message), used_(kHeader) {}

Result<void> Netflow9Encoder::add_template(const TemplateLayout& layout) {
    const std::string what = "NetFlow v9 template " + std::to_string(layout.id);
    if (layout.id < 256 || layout.fields.empty() || layout.scope_count > layout.fields.size())
        return fail(ExitCode::usage, what + ": bad id or no field");
    Template t;
    t.set_id = layout.scope_count > 0 ? kOptionsTemplateSet : kTemplateSet;
    ByteWriter w(t.definition);
    w.u16(layout.id);
    if (layout.scope_count > 0) {
        w.u16(static_cast<std::uint16_t>(4 * layout.scope_count));
        w.u16(static_cast<std::uint16_t>(4 * (layout.fields.size() - layout.scope_count)));
    } else {
        w.u16(static_cast<std::uint16_t>(layout.fields.size()));
    }
    for (const FieldLayout& f : layout.fields) {
        if (f.length == kVariable || f.length == 0)
            return fail(ExitCode::usage, what + ": field " + f.name + " has no fixed length");
        if (is_number(f.type) && f.length != 1 && f.length != 2 && f.length != 4 && f.length != 8)
            return fail(ExitCode::usage, what + ": field " + f.name + " is a number of odd length");
        if (is_number(f.type) && f.length > 1)
            t.swaps.push_back({static_cast<std::uint16_t>(t.length), static_cast<std::uint8_t>(f.length)});
        t.length += f.length;
        w.u16(f.v9);
        w.u16(f.length);
    }
    const std::size_t largest = std::max(t.length, t.definition.size());
    if (kHeader + kSetHeader + largest + kMostPadding > config_.max_message)
        return fail(ExitCode::usage, what + ": a record takes " + std::to_string(t.length) +
                                         " octets and does not fit a message of " + std::to_string(config_.max_message) +
                                         "; use fewer fields, -V 10, or a larger -m");
    least_message_ = std::max(least_message_, kHeader + kSetHeader + largest + kMostPadding);
    if (!templates_.emplace(layout.id, std::move(t)).second) return fail(ExitCode::usage, what + ": id used twice");
    last_template_ = nullptr;
    return {};
}

Netflow9Encoder::Template* Netflow9Encoder::find(std::uint16_t id) {
    if (last_template_ != nullptr && last_id_ == id) return last_template_;
    const auto it = templates_.find(id);
    if (it == templates_.end()) return nullptr;
    last_id_ = id;
    last_template_ = &it->second;
    return last_template_;
}

bool Netflow9Encoder::fits(std::uint16_t set_id, std::size_t length) const {
    std::size_t end = used_ + length;
    if (set_at_ == 0 || set_id_ != set_id) end += kSetHeader + (set_at_ == 0 ? 0 : padding_of(used_, set_unit_));
    return end + kMostPadding <= config_.max_message;
}

std::uint8_t* Netflow9Encoder::open(std::uint16_t set_id, std::size_t length) {
    if (set_at_ == 0 || set_id_ != set_id) {
        close_set();
        set_at_ = used_;
        set_id_ = set_id;
        set_unit_ = length;
        store16(&message_[used_], set_id);
        used_ += kSetHeader;
    }
    set_unit_ = std::min(set_unit_, length);
    std::uint8_t* at = &message_[used_];
    used_ += length;
    ++count_;
    return at;
}

void Netflow9Encoder::close_set() {
    if (set_at_ == 0) return;
    const std::size_t padding = padding_of(used_, set_unit_);
    std::fill_n(message_.begin() + static_cast<std::ptrdiff_t>(used_), padding, std::uint8_t{0});
    used_ += padding;
    store16(&message_[set_at_ + 2], static_cast<std::uint32_t>(used_ - set_at_));
    set_at_ = 0;
}

void Netflow9Encoder::set_max_message(std::size_t octets) {
    config_.max_message = std::clamp(octets, least_message_, std::max(least_message_, message_.size()));
}

Append Netflow9Encoder::append_template(std::uint16_t template_id) {
    const Template* t = find(template_id);
    if (t == nullptr) {
        ++stats_.refused;
        return Append::refused;
    }
    if (!fits(t->set_id, t->definition.size())) return Append::full;
    std::memcpy(open(t->set_id, t->definition.size()), t->definition.data(), t->definition.size());
    ++stats_.templates;
    return Append::added;
}

Append Netflow9Encoder::append(std::uint16_t template_id, Bytes packed) {
    const Template* t = find(template_id);
    if (t == nullptr || packed.size() != t->length) {
        ++stats_.refused;
        return Append::refused;
    }
    if (!fits(template_id, t->length)) return Append::full;
    std::uint8_t* at = open(template_id, t->length);
    std::memcpy(at, packed.data(), t->length);
    for (const Swap s : t->swaps) {
        std::uint8_t* p = at + s.offset;
        switch (s.octets) {
            case 2: reverse<std::uint16_t>(p); break;
            case 4: reverse<std::uint32_t>(p); break;
            default: reverse<std::uint64_t>(p); break;
        }
    }
    ++stats_.records;
    return Append::added;
}

Bytes Netflow9Encoder::finish(TimeNs export_time) {
    if (empty()) return {};
    close_set();
    const std::uint32_t seconds = header_seconds(export_time);
    const std::int64_t uptime = std::int64_t{seconds} * 1000 - config_.boot_time / kMillisecond;
    store16(message_.data(), kVersion);
    store16(&message_[2], count_);
    store32(&message_[4], static_cast<std::uint32_t>(uptime));
    store32(&message_[8], seconds);
    store32(&message_[12], sequence_++);
    store32(&message_[16], config_.domain);
    const Bytes out(message_.data(), used_);
    ++stats_.messages;
    stats_.octets += used_;
    used_ = kHeader;
    count_ = 0;
    return out;
}

Result<std::unique_ptr<MessageEncoder>> make_netflow9_encoder(const EncoderConfig& config) {
    if (config.max_message < 576 || config.max_message > 65535)
        return fail(ExitCode::usage, "-m: message size " + std::to_string(config.max_message) + " is not in 576..65535");
    return std::make_unique<Netflow9Encoder>(config);
}

}  // namespace voipprobe::wire
