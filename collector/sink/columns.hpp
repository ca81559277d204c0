// The columns of every row kind, each spelled once: its name and what is in it (docs/usage.md, "CSV").
// Headers, cells and other sinks are made from these tables. Thread rule: built at first use, constant
// afterwards.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collector/join/rows.hpp"
#include "collector/sink/cell.hpp"

namespace voipprobe::collector {

template <typename Row>
struct RowColumn {
    std::string name;
    std::function<Cell(const Row&)> cell;
};
template <typename Row>
using Columns = std::vector<RowColumn<Row>>;

const Columns<CallRow>& call_columns(bool explain = false);  // explain: a last column of that name
const Columns<StreamRow>& stream_columns();
const Columns<MessageRow>& message_columns();
const Columns<IntervalRow>& interval_columns();
const Columns<DetailRow>& detail_columns();
const Columns<UserRow>& user_columns();

// flows: one column per field of the template, by its own name.
Cell flow_cell(const Record& record, std::size_t index);

}  // namespace voipprobe::collector
