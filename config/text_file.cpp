#include "config/text_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace voipprobe::config {
namespace {
constexpr std::uintmax_t kLargest = 1 << 20;
}

std::optional<std::string> read_text_file(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) > kLargest || error)
        return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace voipprobe::config
