// Parsers of the two capture file formats, pure: from a buffer's octets to packets.
//   pcap:   draft-ietf-opsawg-pcap (magic a1b2c3d4 us, a1b23c4d ns, both byte orders)
//   pcapng: draft-ietf-opsawg-pcapng (SHB, IDB, EPB, SPB, obsolete packet block; DSB of TLS; the rest is skipped)
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probe/capture/packet.hpp"

namespace voipprobe::probe {

// Largest packet believed (libpcap's MAXIMUM_SNAPLEN); a longer one is damage.
inline constexpr std::uint32_t kMaxCaptured = 262'144;
inline constexpr std::uint32_t kMaxBlock = 16U << 20;  // pcapng block
inline constexpr std::size_t kMaxInterfaces = 65'536;

enum class ParseStep : std::uint8_t { packet, skipped, need_more, damaged };

struct ParseResult {
    ParseStep step = ParseStep::need_more;
    std::size_t need = 0;     // need_more: octets that must be available
    std::size_t consume = 0;  // packet, skipped: octets used
    const char* reason = "";  // damaged
};

class PcapFormat {
  public:
    static constexpr std::size_t kHeader = 24;
    // nullopt: not a pcap file.
    static std::optional<PcapFormat> parse_header(wire::Bytes header);
    ParseResult next(wire::Bytes data, RawPacket& out) const { return is_usual() ? next_as<true>(data, out) : next_as<false>(data, out); }
    // Version 2.4 in this machine's octet order: next_as<true>() does.
    bool is_usual() const { return !swapped_ && minor_ > 3; }
    template <bool kUsual>
    [[gnu::always_inline]] ParseResult next_as(wire::Bytes data, RawPacket& out) const {
        const auto u32 = [this](const std::uint8_t* p) {
            std::uint32_t v;
            std::memcpy(&v, p, 4);
            return !kUsual && swapped_ ? __builtin_bswap32(v) : v;
        };
        if (data.size() < 16) return {ParseStep::need_more, 16, 0, ""};
        std::uint32_t captured = u32(data.data() + 8), length = u32(data.data() + 12);
        if (!kUsual && minor_ <= 3 && (minor_ < 3 || captured > length)) std::swap(captured, length);
        if (captured > kMaxCaptured)
            return {ParseStep::damaged, 0, 0, "a packet claims more than 262144 captured octets"};
        if (data.size() < 16U + captured) return {ParseStep::need_more, 16U + captured, 0, ""};
        // A damaged fraction, "-1 us", must not put the packet an hour into the future.
        const wire::TimeNs fraction = std::min<wire::TimeNs>(wire::TimeNs{u32(data.data() + 4)} * unit_, wire::kSecond - unit_);
        out.time = wire::TimeNs{u32(data.data())} * wire::kSecond + fraction;
        out.data = data.subspan(16, captured);
        out.wire_length = std::max(length, captured);
        out.link_type = link_type_;
        return {ParseStep::packet, 0, 16U + captured, ""};
    }

  private:
    std::uint32_t u32(const std::uint8_t* p) const {
        std::uint32_t v;
        std::memcpy(&v, p, 4);
        return swapped_ ? __builtin_bswap32(v) : v;
    }
    bool swapped_ = false;
    std::uint16_t minor_ = 4;  // of the version: before 2.4 the two lengths stood the other way round, in 2.3 not always
    wire::TimeNs unit_ = 1000;  // of the fraction, ns
    std::uint16_t link_type_ = 1;
};

class PcapngFormat {
  public:
    static bool recognises(wire::Bytes data);  // section header block with a byte-order magic
    ParseResult next(wire::Bytes data, RawPacket& out);
    // TLS key log lines of decryption secrets blocks read since the last call; at most 1 MiB is kept.
    std::string take_secrets() { return std::exchange(secrets_, {}); }

  private:
    void secrets_block(wire::Bytes body);
    struct Interface {
        std::uint16_t link_type = 1;
        std::uint32_t snaplen = 0;
        std::uint64_t units_per_second = 1'000'000;
        std::int64_t offset_seconds = 0;
    };
    std::uint16_t u16(const std::uint8_t* p) const;
    std::uint32_t u32(const std::uint8_t* p) const;
    std::uint64_t u64(const std::uint8_t* p) const;
    ParseResult section(wire::Bytes data);
    const char* interface_block(wire::Bytes body);
    const char* packet_block(wire::Bytes body, std::uint32_t type, RawPacket& out, bool& is_packet);
    static wire::TimeNs to_time(std::uint64_t ticks, const Interface& i);

    bool swapped_ = false;
    bool in_section_ = false;
    std::vector<Interface> interfaces_;
    std::string secrets_;
};

}  // namespace voipprobe::probe
