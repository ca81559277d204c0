// voipcollector --rescore FILE --what-if SPEC: stored rows of streams.csv, scored again.
// Columns and their order stay; r_factor, mos_lq, mos_cq, mos_lqo_est, mos_scale, mos_common and mos_basis are made anew
// from the row's own figures, codec too when the what-if names one; mos_min_10s is emptied when anything was changed
// (the intervals are not in the file). Rows of video, text and other media, and rows whose score came from another
// exporter (mos_basis `exporter`), stay as they are. Thread rule: pure.
#pragma once

#include <string>
#include <string_view>

#include "collector/join/scoring.hpp"
#include "quality/what_if.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

struct Rescored {
    std::string csv;
    std::size_t rows = 0;
    std::size_t damaged = 0;  // rows with another number of cells than the header; left out
};

// Errors: ExitCode::damaged_input when the text is no streams.csv.
Result<Rescored> rescore_streams(std::string_view csv, const quality::WhatIf& what_if, const ScoringOptions& options);

// Reads the file and writes the rows to stdout, what was done to stderr.
Result<void> rescore_file(const std::string& path, const std::string& what_if, const ScoringOptions& options);

}  // namespace voipprobe::collector
