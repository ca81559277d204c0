#include "probe/decode/packet_view.hpp"

namespace voipprobe::probe {
namespace {
struct Row {
    std::string_view name;
    std::string_view sentence;
    bool damage;
};
constexpr std::array<Row, kDropReasons> kRows{{
    {"none", "decoded", false},
#define DROP(name, damaged, sentence) {#name, sentence, damaged},
#include "probe/decode/drop_reasons.def"
#undef DROP
}};
constexpr std::array<std::string_view, 13> kTunnels{"none", "mpls", "pppoe", "gre",    "nvgre", "erspan", "ip_in_ip",
                                                    "gtp_u", "vxlan", "geneve", "l2tp", "tzsp",  "pbb"};
}  // namespace

std::string_view tunnel_name(TunnelType t) { return kTunnels[static_cast<std::size_t>(t)]; }
std::string_view drop_name(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].name; }
std::string_view drop_sentence(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].sentence; }
bool drop_is_damage(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].damage; }

}  // namespace voipprobe::probe
