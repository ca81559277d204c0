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
}  // namespace

std::string_view drop_name(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].name; }
std::string_view drop_sentence(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].sentence; }
bool drop_is_damage(DropReason reason) { return kRows[static_cast<std::size_t>(reason)].damage; }

}  // namespace voipprobe::probe
