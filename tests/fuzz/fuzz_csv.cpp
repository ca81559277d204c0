// Cells of any content, divided by 0xff, written as CSV and read back: the same cells. And any text as CSV: the reader ends.
#include <cstdlib>

#include "wire/csv_text.hpp"
#include "wire/text.hpp"

using namespace voipprobe::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string all(reinterpret_cast<const char*>(data), size);
    std::vector<std::string> cells, read;
    for (std::size_t at = 0; at <= all.size();) {
        const std::size_t end = std::min(all.find('\xff', at), all.size());
        cells.push_back(all.substr(at, end - at));
        at = end + 1;
    }
    for (const bool guard : {false, true}) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (i > 0) line += ',';
            append_csv_text(line, cells[i], guard);
        }
        line += '\n';
        std::string_view rest = line;
        if (!next_csv_record(rest, read) || !rest.empty() || read.size() != cells.size()) std::abort();
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool guarded = guard && looks_like_formula(cells[i]);
            if (read[i] != (guarded ? "'" + cells[i] : cells[i])) std::abort();
            if (guard && looks_like_formula(read[i])) std::abort();
        }
    }
    std::string_view text = all;
    std::size_t records = 0;
    while (next_csv_record(text, read)) ++records;
    if (records > all.size()) std::abort();
    const std::string clean = clean_text(all);
    if (!is_clean_text(clean) || clean_text(clean) != clean || !is_clean_text(cap_text(clean, 7))) std::abort();
    return 0;
}
