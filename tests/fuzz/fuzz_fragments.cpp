// A script of fragments into a small reassembly table. 6 octets each: family, "more" and which of 4 datagrams; offset;
// length; time step; what follows is their data, repeated as needed. Bounds must hold, and what becomes whole must
// consist of octets that were sent for that place.
#include <cstdlib>
#include <set>
#include <vector>

#include "probe/decode/fragment_table.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t steps = std::min<std::size_t>(data[0] + 1U, (size - 1) / 6);
    const wire::Bytes script(data + 1, steps * 6);
    const wire::Bytes pool(data + 1 + steps * 6, size - 1 - steps * 6);
    std::vector<std::uint8_t> content(2048 + 16);  // 255 * 8 octets from offset 7, and 7 more
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = pool.empty() ? static_cast<std::uint8_t>(i) : pool[i % pool.size()];

    const probe::FragmentLimits limits{3, 16 * 256, wire::kSecond};
    std::uint64_t frames = 0, gone = 0;
    probe::FragmentTable table(limits, {1, 2}, [&](probe::Datagram& d) { gone += d.all_frames; });
    wire::TimeNs now = 0;
    for (std::size_t s = 0; s < steps; ++s) {
        const std::uint8_t* op = &script[s * 6];
        probe::PacketView v;
        v.ip_version = (op[0] & 1) != 0 ? 6 : 4;
        v.src = (op[0] & 1) != 0 ? wire::IpAddress::from_v6_bytes(content.data()) : wire::IpAddress::v4(1);
        v.part.more = (op[0] & 2) != 0;
        v.part.id = op[0] >> 2 & 3;
        v.part.offset = static_cast<std::uint16_t>((op[1] << 8 | op[2]) & ~7);
        v.part.length = static_cast<std::uint32_t>(op[3] * 8);
        if ((op[0] & 0x80) != 0) v.part.length += op[4] & 7;
        v.part.next_header = 17;
        v.part.data = wire::Bytes(content).subspan(op[4] & 7, v.part.length);
        if ((op[0] & 0x40) != 0) v.part.data = v.part.data.first(v.part.data.size() / 2);
        v.fragment = true;
        v.ip_length = v.part.length + 20;
        now += wire::TimeNs{op[5]} * wire::kMillisecond * 4;
        v.time = now;
        ++frames;
        const auto added = table.add(v, 0);
        if (table.datagrams() > limits.datagrams || table.octets_in_use() > limits.octets) std::abort();
        if (added.step != probe::FragmentTable::Step::whole) continue;
        const wire::Bytes whole = table.octets(added.datagram);
        if (whole.empty() || whole.size() > 65'535) std::abort();
        volatile std::uint8_t sum = 0;
        for (const std::uint8_t o : whole) sum = static_cast<std::uint8_t>(sum + o);
    }
    table.finish();
    if (gone != frames || table.datagrams() != 0 || table.octets_in_use() != 0) std::abort();
    return 0;
}
