// When a flow began and ended, in whichever clock its template has: microseconds since 1970.
#pragma once

#include <array>

#include "collector/join/facts.hpp"

namespace voipprobe::collector {

inline Count flow_time(const Record& r, bool first) {
    using enum templates::ElementId;
    for (const templates::ElementId id :
         first ? std::array{FLOW_START_MICROSECONDS, FLOW_START_MILLISECONDS, FLOW_START_SEC}
               : std::array{FLOW_END_MICROSECONDS, FLOW_END_MILLISECONDS, FLOW_END_SEC})
        if (const auto t = r[id].as_time()) return t;
    const auto uptime = r[first ? FIRST_SWITCHED : LAST_SWITCHED].as_number();
    return uptime ? r.time_of_uptime(*uptime) : std::nullopt;
}

}  // namespace voipprobe::collector
