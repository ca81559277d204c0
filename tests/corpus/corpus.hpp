// Real captures with ground truth, when VOIPPROBE_CORPUS names their folder; tests say so when they skip.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace voipprobe::test {

using Row = std::map<std::string, std::string>;

inline std::optional<std::filesystem::path> corpus() {
    const char* p = std::getenv("VOIPPROBE_CORPUS");
    if (p == nullptr || !std::filesystem::is_directory(p)) return std::nullopt;
    return p;
}

// RFC 4180 fields of one line (no embedded line ends in these files).
inline std::vector<std::string> split_csv(const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') out.back() += c, ++i;
        else if (c == '"') quoted = !quoted;
        else if (c == ',' && !quoted) out.emplace_back();
        else if (c != '\r') out.back() += c;
    }
    return out;
}

inline std::vector<Row> read_csv(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::string line;
    std::vector<Row> rows;
    if (!std::getline(in, line)) return rows;
    const std::vector<std::string> header = split_csv(line);
    while (std::getline(in, line)) {
        const std::vector<std::string> fields = split_csv(line);
        Row row;
        for (std::size_t i = 0; i < header.size() && i < fields.size(); ++i) row[header[i]] = fields[i];
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace voipprobe::test
