// Text of an option to its value and back, with errors that a user understands. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "wire/result.hpp"

namespace voipprobe::config {

// A whole number in least..most.
Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t least, std::uint32_t most);
// on/off, also true/false, yes/no, 1/0.
Result<bool> parse_switch(std::string_view text);
// The index of `text` in `words`.
Result<std::size_t> parse_word(std::string_view text, std::span<const std::string_view> words);

}  // namespace voipprobe::config
