// Flow table and timer wheel against a std::map: every octet pair is an operation. What is found, how many there are and
// when each is due must agree.
#include <cstdlib>
#include <map>

#include "probe/flow/flow_table.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

PacketView packet(unsigned n) {
    PacketView v;
    const bool v6 = (n & 1) != 0, swapped = (n & 2) != 0;
    v.ip_version = v6 ? 6 : 4;
    v.protocol = 17;
    wire::IpAddress a = wire::IpAddress::v4(0xc0000200 + (n >> 2)), b = wire::IpAddress::v4(0xc6336401);
    if (v6) a.octets[0] = b.octets[0] = 0x20;
    v.src = swapped ? b : a;
    v.dst = swapped ? a : b;
    v.src_port = swapped ? 5060 : 4000;
    v.dst_port = swapped ? 4000 : 5060;
    return v;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kMost = 40;
    struct Known {
        FlowIndex index;
        Tick due;
    };
    std::map<unsigned, Known> model;  // by packet number without its direction
    FlowTable table(kMost, {1, 2});
    const wire::TimeNs start = 1'700'000'000 * wire::kSecond;
    wire::TimeNs now = start;
    table.begin(start);
    for (std::size_t i = 0; i + 1 < size; i += 2) {
        const unsigned n = data[i + 1], flow = n & ~2U;
        const PacketView v = packet(n);
        const FlowTable::Key key = table.key_of(v);
        const auto known = model.find(flow);
        switch (data[i] & 3) {
            case 0: {
                const auto found = table.find_or_add(key, v);
                if (known != model.end()) {
                    if (found.created || found.index != known->second.index) std::abort();
                } else if (model.size() == kMost) {
                    if (found.index != 0) std::abort();
                } else {
                    if (!found.created || found.index == 0 || found.direction != 0) std::abort();
                    const Tick due = table.to_tick(now + (data[i] >> 2) * 30 * wire::kSecond);
                    table.schedule(found.index, due);
                    model[flow] = {found.index, due};
                }
                break;
            }
            case 1: {
                const auto found = table.find(key, v);
                if (found.index != (known == model.end() ? 0 : known->second.index)) std::abort();
                break;
            }
            case 2:
                if (known == model.end()) break;
                table.unlink(known->second.index);
                table.remove(known->second.index);
                model.erase(known);
                break;
            default: {
                now += wire::TimeNs{data[i] >> 2} * n * 100 * wire::kMillisecond;
                const Tick tick = table.to_tick(now);
                if (tick >= 0x70000000) return 0;  // before the table counts from a new beginning, which the model does not
                table.expire(now, [&](FlowIndex index) {
                    for (auto it = model.begin(); it != model.end(); ++it)
                        if (it->second.index == index) {
                            if (it->second.due > tick) std::abort();  // too early
                            model.erase(it);
                            table.remove(index);
                            return FlowTable::kGone;
                        }
                    std::abort();  // nobody's
                });
                for (const auto& [flow_number, k] : model)
                    if (k.due + 200 <= tick) std::abort();  // forgotten; the wheel may come by up to two slots of a second late
            }
        }
        if (table.size() != model.size()) std::abort();
    }
    return 0;
}
