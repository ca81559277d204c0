// Writes the files that derive from templates/elements.def, or compares them with what is there.
//   iegen ROOT          writes docs/elements.md, docs/elements.json and templates/interop/ below ROOT
//   iegen --check ROOT  exits with 1 and names the files that differ
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "templates/element_listing.hpp"
#include "templates/interop_definitions.hpp"

namespace {

struct Generated {
    std::string path;
    std::string text;
};

std::vector<Generated> generate() {
    namespace t = voipprobe::templates;
    std::vector<Generated> out{{"docs/elements.md", t::elements_markdown()}, {"docs/elements.json", t::list_elements_json()}};
    for (const t::InteropFile& f : t::interop_files()) out.push_back({"templates/interop/" + f.name, f.text});
    return out;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << text;
    return out.good();
}

// The JSON is written by hand; a real parser says whether it is JSON.
bool is_json(const std::string& text) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    return parsed.is_array() ? parsed.size() == voipprobe::templates::kElementCount : parsed.is_object();
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool check = !arguments.empty() && arguments.front() == "--check";
    if (arguments.size() != (check ? 2U : 1U)) {
        std::fprintf(stderr, "usage: iegen [--check] ROOT\n");
        return 2;
    }
    const std::filesystem::path root = arguments.back();
    int status = 0;
    for (const Generated& g : generate()) {
        if (g.path.ends_with(".json") && !is_json(g.text)) {
            std::fprintf(stderr, "iegen: %s would not be JSON\n", g.path.c_str());
            return 1;
        }
        if (read(root / g.path) == g.text) continue;
        if (check) {
            std::fprintf(stderr, "iegen: %s is out of step with templates/elements.def; build the target regenerate\n", g.path.c_str());
            status = 1;
        } else if (!write(root / g.path, g.text)) {
            std::fprintf(stderr, "iegen: cannot write %s\n", g.path.c_str());
            status = 1;
        } else {
            std::printf("wrote %s\n", g.path.c_str());
        }
    }
    return status;
}
