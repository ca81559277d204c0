#include "config/yaml_document.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace voipprobe::config {
namespace {

constexpr std::size_t kMaxFile = 128U << 10;  // yaml-cpp takes up to 250 octets of memory for each one of the file

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t up = row[j];
            row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = up;
        }
    }
    return row.back();
}

tl::unexpected<Error> at(const std::string& name, int line, const std::string& what) {
    return fail(ExitCode::usage, name + ":" + std::to_string(line) + ": " + what);
}

int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

Result<std::vector<std::string>> values_of(const YAML::Node& node, const std::string& name,
                                           const std::string& key, int line) {
    std::vector<std::string> out;
    if (node.IsNull()) return out;
    if (node.IsScalar()) {
        out.push_back(node.Scalar());
        return out;
    }
    if (!node.IsSequence())
        return at(name, line, "'" + key + "' takes a value or a list of values, not a mapping");
    for (const YAML::Node& item : node) {
        if (!item.IsScalar()) return at(name, line_of(item), "'" + key + "' is a list of plain values");
        out.push_back(item.Scalar());
    }
    return out;
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string_view c : candidates) {
        const std::size_t d = edit_distance(word, c);
        if (d < distance) distance = d, best = c;
    }
    return best;
}

Result<std::vector<YamlSetting>> parse_yaml_settings(const std::string& text, const std::string& name,
                                                     const std::vector<std::string_view>& known_keys) {
    if (text.size() > kMaxFile) return fail(ExitCode::usage, name + ": larger than 128 KiB");
    YAML::Node root;
    try {
        root = YAML::Load(text);
    } catch (const YAML::Exception& e) {
        return at(name, std::max(e.mark.line, 0) + 1, e.msg);
    }
    std::vector<YamlSetting> out;
    if (root.IsNull()) return out;
    if (!root.IsMap()) return at(name, line_of(root), "expected lines of the form 'option: value'");
    std::set<std::string> seen;
    for (const auto& entry : root) {
        const int line = line_of(entry.first);
        if (!entry.first.IsScalar()) return at(name, line, "an option name must be plain text");
        YamlSetting s{entry.first.Scalar(), {}, line};
        if (std::find(known_keys.begin(), known_keys.end(), s.key) == known_keys.end()) {
            const std::string_view hint = nearest(s.key, known_keys);
            return at(name, line,
                      "unknown option '" + s.key + "'" +
                          (hint.empty() ? "" : "; did you mean '" + std::string(hint) + "'?"));
        }
        if (!seen.insert(s.key).second) return at(name, line, "'" + s.key + "' is given twice");
        auto values = values_of(entry.second, name, s.key, line);
        if (!values) return tl::unexpected(values.error());
        s.values = std::move(*values);
        out.push_back(std::move(s));
    }
    return out;
}

Result<std::vector<YamlSetting>> read_yaml_settings(const std::string& path,
                                                    const std::vector<std::string_view>& known_keys) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(ExitCode::usage, "cannot read the configuration file " + path);
    std::string text(kMaxFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_yaml_settings(text, path, known_keys);
}

}  // namespace voipprobe::config
