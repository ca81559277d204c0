// The *.tmpl files of this folder, compiled in (CMakeLists.txt writes bundled_templates.inc from them).
#include <array>

#include "templates/template_spec.hpp"

namespace voipprobe::templates {
namespace {

constexpr auto kBundled = std::to_array<BundledTemplate>({
#include "bundled_templates.inc"
});

}  // namespace

std::span<const BundledTemplate> bundled_templates() { return kBundled; }

const BundledTemplate* find_bundled_template(std::string_view name) {
    for (const BundledTemplate& t : kBundled)
        if (t.name == name) return &t;
    return nullptr;
}

}  // namespace voipprobe::templates
