// pcapng's blocks in both byte orders: times, interfaces, packets, secrets, and the reason for each block that lies.
#include <gtest/gtest.h>

#include "probe/capture/capture_format.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {
namespace {

using probe::ParseStep;
using probe::PcapFormat;
using probe::PcapngFormat;

// Writes words in either byte order.
class Blocks {
  public:
    explicit Blocks(bool big) : big_(big) {}
    Octets u16(std::size_t v) const { return number(v, 2); }
    Octets u32(std::size_t v) const { return number(v, 4); }
    Octets u64(std::uint64_t v) const { return big_ ? u32(v >> 32) + u32(v & 0xffffffff) : u32(v & 0xffffffff) + u32(v >> 32); }
    Octets block(std::uint32_t type, Octets body) const {
        body.resize((body.size() + 3) / 4 * 4);
        return u32(type) + u32(body.size() + 12) + body + u32(body.size() + 12);
    }
    Octets section() const { return block(0x0a0d0d0a, u32(0x1a2b3c4d) + u16(1) + u16(0) + Octets(8, 0xff)); }
    Octets interface(std::uint32_t snaplen, const Octets& options = {}) const { return block(1, u16(101) + u16(0) + u32(snaplen) + options); }
    Octets option(std::uint16_t code, Octets value) const {
        const std::size_t n = value.size();
        value.resize((n + 3) / 4 * 4);
        return u16(code) + u16(n) + value;
    }
    Octets packet(std::uint64_t ticks, const Octets& data, std::uint32_t interface = 0, std::uint32_t type = 6, std::uint32_t wire_length = 900) const {
        const Octets head = type == 6 ? u32(interface) : u16(interface) + u16(0);
        return block(type, head + u32(ticks >> 32) + u32(ticks & 0xffffffff) + u32(data.size()) + u32(wire_length) + data);
    }
    Octets simple(std::uint32_t length, const Octets& data) const { return block(3, u32(length) + data); }

  private:
    Octets number(std::size_t v, std::size_t n) const {
        Octets o;
        for (std::size_t i = 0; i < n; ++i) o.push_back(static_cast<std::uint8_t>(v >> 8 * (big_ ? n - 1 - i : i)));
        return o;
    }
    bool big_;
};

struct Outcome {
    std::vector<wire::TimeNs> times;
    std::vector<std::size_t> sizes, wire_lengths;
    std::string error, secrets;
};
Outcome read(const Octets& file) {
    Outcome out;
    PcapngFormat f;
    wire::Bytes rest(file);
    while (!rest.empty()) {
        probe::RawPacket p;
        const auto r = f.next(rest, p);
        if (r.step == ParseStep::damaged) out.error = r.reason;
        if (r.step == ParseStep::need_more) out.error = "needs " + std::to_string(r.need);
        if (!out.error.empty()) break;
        if (r.step == ParseStep::packet) {
            out.times.push_back(p.time);
            out.sizes.push_back(p.data.size());
            out.wire_lengths.push_back(p.wire_length);
        }
        rest = rest.subspan(r.consume);
    }
    out.secrets = f.take_secrets();
    return out;
}

class Pcapng : public testing::TestWithParam<bool> {
  protected:
    Blocks b{GetParam()};
    const Octets data = Octets(10, 'x');
    Octets with(const Octets& blocks) const { return b.section() + blocks; }
    wire::TimeNs time_of(const Octets& options, std::uint64_t ticks) const {
        const Outcome o = read(with(b.interface(0, options) + b.packet(ticks, data)));
        EXPECT_EQ(o.error, "");
        return o.times.size() == 1 ? o.times[0] : -1;
    }
};
INSTANTIATE_TEST_SUITE_P(ByteOrders, Pcapng, testing::Bool(), [](const auto& i) { return std::string(i.param ? "big" : "little"); });

TEST_P(Pcapng, EveryKindOfPacketBlock) {
    const Outcome o = read(with(b.interface(64) + b.packet(1'000'001, data) + b.packet(2, data, 0, 2) + b.simple(10, data) + b.simple(90, Octets(64, 'y')) + b.simple(40, Octets(8, 'z')) +
                                b.packet(3, data, 0, 6, 4) + b.block(0x0bad, data)));
    EXPECT_EQ(o.error, "");
    EXPECT_EQ(o.times, (std::vector<wire::TimeNs>{1'000'001'000, 2000, 0, 0, 0, 3000})) << "simple packets have no time";
    EXPECT_EQ(o.sizes, (std::vector<std::size_t>{10, 10, 10, 64, 8, 10})) << "cut at the snaplen, or where the block ends";
    EXPECT_EQ(o.wire_lengths, (std::vector<std::size_t>{900, 900, 10, 90, 40, 10})) << "never less than what is there";
}

TEST_P(Pcapng, TimesOfEveryResolution) {
    EXPECT_EQ(time_of({}, 5), 5000);
    EXPECT_EQ(time_of(b.option(9, hex({9})) + b.option(0, {}), 5), 5);
    EXPECT_EQ(time_of(b.option(9, hex({0})), 5), 5 * wire::kSecond);
    EXPECT_EQ(time_of(b.option(9, hex({0x80 | 1})), 3), 3 * wire::kSecond / 2) << "halves";
    EXPECT_EQ(time_of(b.option(2, octets_of("eth0")) + b.option(14, b.u64(100)), 5), 100 * wire::kSecond + 5000) << "an offset";
    EXPECT_EQ(time_of(b.option(14, b.u64(~std::uint64_t{0})), 5), 0) << "before 1970";
    EXPECT_EQ(time_of(b.option(14, b.u64(9'000'000'001)), 5), 0) << "after 2262";
    EXPECT_EQ(time_of(b.option(14, b.u64(8'999'999'999)) + b.option(9, hex({0})), 5), 0) << "the sum is";
    EXPECT_EQ(time_of(b.option(9, hex({0})), 9'000'000'001), 0);
    EXPECT_EQ(time_of(b.option(9, {}) + b.option(14, b.u32(7)), 5), 5000) << "options too short are none";
    EXPECT_EQ(time_of(b.u16(9) + b.u16(400), 5), 5000) << "an option beyond the block";
    EXPECT_EQ(read(with(b.interface(0, b.option(9, hex({20}))))).error, "a time resolution that cannot be");
    EXPECT_EQ(read(with(b.interface(0, b.option(9, hex({0x80 | 64}))))).error, "a time resolution that cannot be");
}

TEST_P(Pcapng, BlocksThatLie) {
    const auto error = [&](const Octets& blocks) { return read(with(blocks)).error; };
    EXPECT_EQ(error(b.packet(1, data)), "a packet of an interface that was not described");
    EXPECT_EQ(error(b.interface(0) + b.packet(1, data, 1)), "a packet of an interface that was not described");
    EXPECT_EQ(error(b.interface(0) + b.section() + b.packet(1, data)), "a packet of an interface that was not described") << "a section forgets them";
    EXPECT_EQ(error(b.block(1, Octets(4))), "an interface description that is too short");
    EXPECT_EQ(error(b.interface(0) + b.block(6, Octets(16))), "a packet block that is too short");
    EXPECT_EQ(error(b.interface(0) + b.block(3, {})), "a packet block that is too short");
    EXPECT_EQ(error(b.interface(0) + b.block(6, b.u32(0) + Octets(8) + b.u32(99) + b.u32(99) + data)), "a packet longer than its block");
    EXPECT_EQ(error(b.interface(0) + b.block(6, b.u32(0) + Octets(8) + b.u32(300'000) + b.u32(9) + Octets(300'000))), "a packet longer than its block") << "longer than libpcap allows";
    EXPECT_EQ(error(b.u32(6) + b.u32(8) + b.u32(8)), "a block length that cannot be");
    EXPECT_EQ(error(b.u32(6) + b.u32(14) + Octets(6)), "a block length that cannot be");
    EXPECT_EQ(error(b.u32(6) + b.u32(std::size_t{32} << 20) + Octets(8)), "a block length that cannot be");
    EXPECT_EQ(error(b.u32(6) + b.u32(16) + b.u32(0) + b.u32(12)), "the two lengths of a block differ");
    EXPECT_EQ(error(b.u32(6) + b.u32(400) + Octets(8)), "needs 400");
    EXPECT_EQ(error(Octets(11)), "needs 12");
    EXPECT_EQ(error(b.u32(0x0a0d0d0a) + Octets(8)), "a section header without a byte-order magic");
    EXPECT_EQ(read(b.interface(0)).error, "a block before the section header");
}

TEST_P(Pcapng, Secrets) {
    const auto secrets = [&](std::uint32_t type, std::uint32_t length, const Octets& text) { return b.block(10, b.u32(type) + b.u32(length) + text); };
    const std::uint32_t tls = 0x544c534b;
    EXPECT_EQ(read(with(secrets(tls, 5, octets_of("CLIEN")) + secrets(tls, 2, octets_of("ab")))).secrets, "CLIEN\nab\n");
    EXPECT_EQ(read(with(secrets(0x57474b4c, 5, octets_of("wguar")) + secrets(tls, 50, octets_of("short")) + b.block(10, b.u32(tls)))).secrets, "");
    const Octets much(600'000, 'k');
    EXPECT_EQ(read(with(secrets(tls, 600'000, much) + secrets(tls, 600'000, much))).secrets.size(), 600'001U) << "a megabyte waits, no more";
}

TEST(Pcap, HeadersOfBothOrdersAndResolutions) {
    for (const auto& [magic, nanoseconds] : std::initializer_list<std::pair<Octets, bool>>{
             {hex({0xd4, 0xc3, 0xb2, 0xa1}), false}, {hex({0x4d, 0x3c, 0xb2, 0xa1}), true}, {hex({0xa1, 0xb2, 0xc3, 0xd4}), false}, {hex({0xa1, 0xb2, 0x3c, 0x4d}), true}}) {
        const Blocks b(magic[0] == 0xa1);
        const Octets header = magic + b.u16(2) + b.u16(4) + Octets(8) + b.u32(65535) + b.u32(101);
        const auto f = PcapFormat::parse_header(header);
        ASSERT_TRUE(f);
        probe::RawPacket p;
        const Octets record = b.u32(7) + b.u32(5) + b.u32(2) + b.u32(9) + hex({1, 2});
        ASSERT_EQ(f->next(record, p).step, ParseStep::packet);
        EXPECT_EQ(p.time, 7 * wire::kSecond + (nanoseconds ? 5 : 5000));
        EXPECT_EQ(p.wire_length, 9U);
        EXPECT_EQ(p.link_type, 101);
        for (std::size_t n = 0; n < record.size(); ++n) EXPECT_EQ(f->next(wire::Bytes(record).first(n), p).step, ParseStep::need_more);
        EXPECT_EQ(f->next(b.u32(7) + b.u32(5) + b.u32(262'145) + b.u32(262'145), p).step, ParseStep::damaged);
        EXPECT_FALSE(PcapFormat::parse_header(wire::Bytes(header).first(23)));
    }
    EXPECT_FALSE(PcapFormat::parse_header(Octets(24, 1)));
}

}  // namespace
}  // namespace voipprobe::test
