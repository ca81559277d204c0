// Result<T>: how a seam reports failure. Never used per packet (there: DropReason counters).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace voipprobe {

// Exit codes of both programs (docs/usage.md, "Exit codes").
enum class ExitCode : int { ok = 0, failure = 1, usage = 2, damaged_input = 3, lost = 4, mos_missed = 5 };

// What happened, where, and what to do, in one line for a person.
struct Error {
    ExitCode code = ExitCode::failure;
    std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ExitCode code, std::string message) {
    return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace voipprobe
