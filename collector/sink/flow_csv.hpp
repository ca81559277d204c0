// A flow record as a CSV line, the way that most rows go: the same octets as flow_cell() and csv_format() make (a test
// compares them), without a cell in between. Thread rule: pure function.
#pragma once

#include <string>

#include "collector/session/record.hpp"

namespace voipprobe::collector {

// Appends the line with its end. `guard`: as csv_format().
void append_flow_csv(std::string& line, const Record& record, bool guard);

}  // namespace voipprobe::collector
