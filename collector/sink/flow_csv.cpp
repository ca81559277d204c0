#include "collector/sink/flow_csv.hpp"

#include <array>
#include <charconv>

#include "collector/sink/columns.hpp"
#include "wire/csv_text.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {
namespace {

// Room for any cell that is not text: 45 octets of an IPv6 address, 27 of a time, 20 of a number.
using Room = std::array<char, 64>;

char* put_number(char* at, std::uint64_t v) { return std::to_chars(at, at + 20, v).ptr; }

char* put_octet(char* at, std::uint8_t v) {
    if (v >= 100) *at++ = static_cast<char>('0' + v / 100);
    if (v >= 10) *at++ = static_cast<char>('0' + v / 10 % 10);
    *at++ = static_cast<char>('0' + v % 10);
    return at;
}

char* put_ipv4(char* at, wire::Bytes octets) {
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) *at++ = '.';
        at = put_octet(at, octets[i]);
    }
    return at;
}

char* put_time(char* at, std::uint64_t microseconds) {
    wire::write_iso_time(static_cast<wire::TimeNs>(microseconds * 1000), at);
    return at + wire::kIsoTimeLength;
}

constexpr std::size_t kShortHex = 16;  // a RECORD_ID
char* put_hex(char* at, wire::Bytes octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::uint8_t o : octets) {
        *at++ = digits[o >> 4];
        *at++ = digits[o & 15];
    }
    return at;
}

bool is_uptime(const Column& c) {
    using templates::ElementId;
    return c.element != nullptr && (c.element->id == ElementId::FIRST_SWITCHED || c.element->id == ElementId::LAST_SWITCHED);
}

void append_rare(std::string& line, const Record& record, std::size_t i, bool guard) {
    const Cell cell = flow_cell(record, i);
    if (const auto* text = std::get_if<std::string_view>(&cell)) wire::append_csv_text(line, *text, guard);
    else append_plain(line, cell);
}

}  // namespace

void append_flow_csv(std::string& line, const Record& record, bool guard) {
    const auto values = record.values();
    Room room;
    for (std::size_t i = 0; i < values.size(); ++i) {
        char* at = room.data();
        if (i > 0) *at++ = ',';
        const Value& v = values[i];
        bool rare = false;
        switch (v.kind()) {
            case ValueKind::absent: break;
            case ValueKind::number: {
                const std::uint64_t n = *v.as_number();
                std::optional<std::uint64_t> moment;
                if (is_uptime(record.layout().columns[i])) moment = record.time_of_uptime(n);
                at = moment ? put_time(at, *moment) : put_number(at, n);
                break;
            }
            case ValueKind::time: at = put_time(at, *v.as_time()); break;
            case ValueKind::address:
                if (v.address_octets().size() == 4) at = put_ipv4(at, v.address_octets());
                else rare = true;
                break;
            case ValueKind::octets: {
                const wire::Bytes octets = v.as_octets();
                if (octets.size() <= kShortHex && record.layout().columns[i].type != wire::FieldType::mac) at = put_hex(at, octets);
                else rare = true;
                break;
            }
            case ValueKind::text: break;
            default: rare = true;
        }
        line.append(room.data(), static_cast<std::size_t>(at - room.data()));
        if (v.kind() == ValueKind::text) wire::append_csv_text(line, v.as_text(), guard);
        if (rare) append_rare(line, record, i, guard);
    }
    line += '\n';
}

}  // namespace voipprobe::collector
