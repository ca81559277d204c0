// Octets of one field to a Value, by the column's type: reduced-size integers and floats (RFC 7011 §6.2),
// times, addresses, clean text, absent codes. Thread rule: pure, apart from the scratch it is given.
#pragma once

#include <deque>
#include <string>

#include "collector/session/column.hpp"
#include "collector/session/value.hpp"

namespace voipprobe::collector {

// `scratch` keeps repaired texts for as long as the values are used. `unreadable` is raised by one when the
// length does not fit the type (the value is then absent).
Value convert(const Column& column, wire::FlowProtocol protocol, wire::Bytes octets,
              std::deque<std::string>& scratch, std::uint64_t& unreadable);

}  // namespace voipprobe::collector
