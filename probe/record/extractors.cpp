#include "probe/record/extract_detail.hpp"
#include "probe/record/extract_interval.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::array<Extractor, templates::kElementCount> kExtractors{
#define ELEMENT(NAME, ...) &extract<templates::ElementId::NAME>,
#define ALIAS(...)
#include "templates/elements.def"
#undef ELEMENT
#undef ALIAS
};

}  // namespace

Extractor extractor_of(templates::ElementId id) { return kExtractors[static_cast<std::size_t>(id)]; }

}  // namespace voipprobe::probe
