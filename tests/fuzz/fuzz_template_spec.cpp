// Any octets behind -T or in a template file: parse, and plan what parses. Checks that errors are one clean line
// and that a plan names only what was asked for.
#include <cstdint>
#include <cstdlib>

#include "templates/template_plan.hpp"
#include "wire/text.hpp"

using namespace voipprobe;

namespace {
void check(bool holds) {
    if (!holds) std::abort();
}

void try_text(const Result<templates::TemplateSpec>& spec) {
    if (!spec) {
        check(spec.error().code == ExitCode::usage);
        check(!spec.error().message.empty() && wire::is_clean_text(spec.error().message));
        return;
    }
    for (const std::uint8_t version : {std::uint8_t{9}, std::uint8_t{10}}) {
        templates::PlanOptions options;
        options.version = version;
        const auto plan = templates::plan_templates(*spec, options);
        if (!plan) continue;  // a section of nothing but forbidden counters
        check(!plan->templates.empty());
        for (const auto& t : plan->templates) {
            check(!t.elements.empty() && t.elements.size() == t.layout.fields.size());
            for (const auto& f : t.layout.fields) check(f.length > 0);
        }
    }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try_text(templates::parse_template_spec(text));
    try_text(templates::parse_template_text(text, "file", true));
    return 0;
}
