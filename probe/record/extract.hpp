// One extractor per element of templates/elements.def: EXTRACT(NAME) { return Value ...; } with `s` the record
// source. The primary template is deleted, so an element without its line does not compile.
#pragma once

#include "probe/record/record_source.hpp"
#include "probe/record/value.hpp"
#include "templates/element.hpp"

namespace voipprobe::probe {

template <templates::ElementId Id>
Value extract(const RecordSource& s) = delete;

#define EXTRACT(NAME) \
    template <>       \
    inline Value extract<templates::ElementId::NAME>([[maybe_unused]] const RecordSource& s)
// A probe that only listens to packets cannot know these; they are sent as absent.
#define NOT_MEASURED(NAME) \
    EXTRACT(NAME) { return {}; }

using Extractor = Value (*)(const RecordSource&);
Extractor extractor_of(templates::ElementId id);

}  // namespace voipprobe::probe
