// The element table in the forms that other collectors read (templates/interop/, docs/interop.md): every element that is
// not IANA's. `pen` stands for our own elements' enterprise number (--pen). Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "templates/element.hpp"

namespace voipprobe::templates {

struct InteropFile {
    std::string name;  // below templates/interop/
    std::string text;
};
std::vector<InteropFile> interop_files(std::uint32_t pen = kOwnPen);

}  // namespace voipprobe::templates
