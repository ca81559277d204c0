#include "config/option_value.hpp"

#include <algorithm>
#include <charconv>

#include "wire/text.hpp"

namespace voipprobe::config {
namespace {

tl::unexpected<Error> usage(std::string_view text, const std::string& why) {
    return fail(ExitCode::usage, "'" + wire::clean_text(wire::cap_text(text, 80)) + "' " + why);
}

}  // namespace

Result<std::uint32_t> parse_number(std::string_view text, std::uint32_t least, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        return usage(text, "is not a whole number in " + std::to_string(least) + ".." + std::to_string(most));
    return value;
}

Result<bool> parse_switch(std::string_view text) {
    for (const std::string_view yes : {"on", "true", "yes", "1"})
        if (text == yes) return true;
    for (const std::string_view no : {"off", "false", "no", "0"})
        if (text == no) return false;
    return usage(text, "is neither on nor off");
}

Result<std::size_t> parse_word(std::string_view text, std::span<const std::string_view> words) {
    const auto found = std::find(words.begin(), words.end(), text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    std::string known;
    for (const std::string_view w : words) known += (known.empty() ? "" : ", ") + std::string(w);
    return usage(text, "is not one of " + known);
}

}  // namespace voipprobe::config
