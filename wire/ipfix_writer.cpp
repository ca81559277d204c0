#include "wire/ipfix_writer.hpp"

#include <algorithm>

#include "wire/flow_message.hpp"

namespace voipprobe::wire {
namespace {

constexpr std::uint16_t kTemplateSet = 2;  // RFC 7011 §3.3.2
constexpr std::uint16_t kEnterpriseBit = 0x8000;

}  // namespace

void put_variable(ByteWriter& out, Bytes value) {
    const auto n = static_cast<std::uint16_t>(std::min<std::size_t>(value.size(), 65535));
    if (n < 255) {
        out.u8(static_cast<std::uint8_t>(n));
    } else {
        out.u8(255);
        out.u16(n);
    }
    out.bytes(value.first(n));
}

IpfixWriter::IpfixWriter(std::uint32_t domain, std::size_t max_message, Send send)
    : domain_(domain), max_message_(max_message), send_(std::move(send)) {
    restart();
}

void IpfixWriter::restart() {
    templates_.clear();
    next_id_ = 256;
    sequence_ = records_ = 0;
    set_at_ = 0;
    message_.assign(kIpfixHeaderLength, 0);
}

void IpfixWriter::close_set() {
    if (set_at_ == 0) return;
    ByteWriter(message_).patch16(set_at_ + 2, static_cast<std::uint16_t>(message_.size() - set_at_));
    set_at_ = 0;
}

void IpfixWriter::open_set(std::uint16_t id) {
    if (set_at_ != 0 && set_id_ == id) return;
    close_set();
    set_at_ = message_.size();
    set_id_ = id;
    ByteWriter w(message_);
    w.u16(id);
    w.u16(0);
}

bool IpfixWriter::has_room(std::uint16_t set, std::size_t length) {
    const std::size_t needed = length + kSetHeaderLength;
    if (kIpfixHeaderLength + needed > max_message_) return false;
    const bool same = set_at_ != 0 && set_id_ == set;
    if (message_.size() + (same ? length : needed) > max_message_) flush();
    return true;
}

bool IpfixWriter::define(std::uint16_t id, const std::vector<WrittenField>& fields) {
    std::size_t length = 4;
    for (const WrittenField& f : fields) length += f.pen == 0 ? 4 : 8;
    if (!has_room(kTemplateSet, length)) return false;
    open_set(kTemplateSet);
    ByteWriter w(message_);
    w.u16(id);
    w.u16(static_cast<std::uint16_t>(fields.size()));
    for (const WrittenField& f : fields) {
        w.u16(static_cast<std::uint16_t>(f.number | (f.pen != 0 ? kEnterpriseBit : 0)));
        w.u16(f.length);
        if (f.pen != 0) w.u32(f.pen);
    }
    return true;
}

std::uint16_t IpfixWriter::template_for(const std::vector<WrittenField>& fields) {
    if (const auto known = templates_.find(fields); known != templates_.end()) return known->second;
    if (next_id_ > 65535 || fields.empty()) return 0;
    const auto id = static_cast<std::uint16_t>(next_id_);
    if (!define(id, fields)) return 0;
    ++next_id_;
    templates_.emplace(fields, id);
    return id;
}

bool IpfixWriter::append(std::uint16_t template_id, Bytes record, std::uint32_t export_seconds) {
    export_seconds_ = std::max(export_seconds_, export_seconds);
    if (!has_room(template_id, record.size())) return false;
    open_set(template_id);
    message_.insert(message_.end(), record.begin(), record.end());
    ++records_;
    return true;
}

void IpfixWriter::repeat_templates() {
    flush();
    for (const auto& [fields, id] : templates_) define(id, fields);
    flush();
}

void IpfixWriter::flush() {
    close_set();
    if (message_.size() == kIpfixHeaderLength) return;
    std::vector<std::uint8_t> header;
    ByteWriter w(header);
    w.u16(10);
    w.u16(static_cast<std::uint16_t>(message_.size()));
    w.u32(export_seconds_);
    w.u32(sequence_);
    w.u32(domain_);
    std::copy(header.begin(), header.end(), message_.begin());
    sequence_ += records_;
    const std::size_t records = records_;
    records_ = 0;
    std::vector<std::uint8_t> done;
    done.swap(message_);
    message_.assign(kIpfixHeaderLength, 0);
    send_(done, records);
}

}  // namespace voipprobe::wire
