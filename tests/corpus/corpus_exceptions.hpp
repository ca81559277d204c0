// Where a capture's truth and ours differ, one line each, with the reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/probe/collecting_sink.hpp"

namespace voipprobe::test {

struct Exception {
    std::string_view file;
    std::string_view what;  // prefix of the stream, the Call-ID, "invented", "calls" or "file"
    std::string_view reason;
};

inline const std::vector<Exception>& exceptions() {
    static const std::vector<Exception> list{
#include "tests/corpus/corpus_exceptions.inc"
    };
    return list;
}

inline bool is_excepted(std::string_view file, std::string_view what) {
    for (const Exception& e : exceptions())
        if (file == e.file && what.starts_with(e.what)) return true;
    return false;
}

// Decoded packets must all be in flow records (the collecting sink wants every kind).
inline std::uint64_t accounted(const probe::PipelineCounters& counters, const CollectingSink& sink) {
    return sink.flow_packets + counters.unsent_packets + counters.duplicates + counters.joined;
}

}  // namespace voipprobe::test
