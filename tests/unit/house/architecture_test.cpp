// The walls of docs/architecture.md: which folder may include which, and which headers stay in few files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = VOIPPROBE_SOURCE_DIR;

struct Include {
    std::string file, target;
};

std::vector<Include> includes() {
    std::vector<Include> all;
    const std::regex quoted(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
    for (const char* top : {"wire", "templates", "quality", "config", "sandbox", "probe", "collector"}) {
        for (const auto& e : fs::recursive_directory_iterator(kRoot / top)) {
            const std::string extension = e.path().extension().string();
            if (extension != ".cpp" && extension != ".hpp") continue;
            std::ifstream in(e.path());
            std::smatch m;
            for (std::string line; std::getline(in, line);)
                if (std::regex_search(line, m, quoted)) all.push_back({fs::relative(e.path(), kRoot).string(), m[1]});
        }
    }
    return all;
}

// The room of a path: the longest of these prefixes.
std::string room(const std::string& path) {
    static const std::vector<std::string> rooms{"wire/", "templates/", "quality/", "config/", "sandbox/",
                                                "probe/capture/", "probe/export/", "probe/decode/", "probe/flow/",
                                                "probe/voip/", "probe/record/", "probe/",
                                                "collector/session/", "collector/join/", "collector/receive/",
                                                "collector/sink/", "collector/"};
    std::string best;
    for (const std::string& r : rooms)
        if (path.starts_with(r) && r.size() > best.size()) best = r;
    return best;
}

TEST(Architecture, RoomsIncludeOnlyWhatTheyMay) {
    const std::set<std::string> core{"wire/", "templates/", "quality/"};
    std::map<std::string, std::set<std::string>> may{
        {"wire/", {}},
        {"templates/", {"wire/"}},
        {"quality/", {"wire/"}},
        {"config/", {"templates/", "wire/"}},
        {"sandbox/", {"wire/"}},
        {"probe/decode/", {"wire/", "probe/capture/packet.hpp", "probe/flow/hash_index.hpp", "probe/flow/reserved_array.hpp"}},
        {"probe/flow/", {"wire/", "probe/decode/"}},
        {"probe/voip/", {"wire/", "templates/", "quality/", "probe/decode/", "probe/flow/"}},
        {"probe/record/", {"wire/", "templates/", "quality/", "probe/decode/", "probe/flow/", "probe/voip/"}},
        {"collector/session/", core},
        {"collector/join/", {"wire/", "templates/", "quality/", "collector/session/"}},
    };
    for (const Include& i : includes()) {
        const std::string from = room(i.file), to = room(i.target);
        if (to.empty() || from == to) continue;
        const auto rule = may.find(from);
        if (rule == may.end()) {  // rooms with I/O may use everything of their own program and below
            EXPECT_FALSE(from.starts_with("probe/") && to.starts_with("collector/")) << i.file << " includes " << i.target;
            EXPECT_FALSE(from.starts_with("collector/") && to.starts_with("probe/")) << i.file << " includes " << i.target;
            continue;
        }
        const bool allowed = rule->second.contains(to) || rule->second.contains(i.target);
        EXPECT_TRUE(allowed) << i.file << " includes " << i.target << ": " << from << " may not use " << to;
    }
}

TEST(Architecture, CoreRoomsDoNoInputOutputAndReadNoClock) {
    const std::set<std::string> forbidden{"fstream", "iostream", "chrono", "ctime", "thread", "mutex", "unistd.h",
                                          "fcntl.h", "sys/socket.h", "pcap/pcap.h", "config/log.hpp", "wire/asio.hpp"};
    for (const Include& i : includes()) {
        const std::string from = room(i.file);
        const bool core = from == "probe/decode/" || from == "probe/flow/" || from == "probe/voip/" ||
                          from == "probe/record/" || from == "collector/session/" || from == "collector/join/" ||
                          from == "quality/";
        if (core) EXPECT_FALSE(forbidden.contains(i.target)) << i.file << " includes " << i.target;
    }
}

TEST(Architecture, LibfixbufStaysInItsFiles) {
    for (const Include& i : includes())
        if (i.target.starts_with("fixbuf/"))
            EXPECT_TRUE(i.file.starts_with("wire/fixbuf_") || i.file == "wire/ipfix_encoder.cpp") << i.file;
}

TEST(Architecture, HeavyHeadersStayInFewFiles) {
    std::map<std::string, std::set<std::string>> users;
    for (const Include& i : includes())
        for (const char* heavy : {"CLI/CLI.hpp", "wire/asio.hpp", "spdlog/spdlog.h", "yaml-cpp/yaml.h"})
            if (i.target == heavy) users[heavy].insert(i.file);
    for (const auto& [header, files] : users) EXPECT_LE(files.size(), 6U) << header;
}

TEST(Architecture, RoomsStaySmall) {
    for (const char* top : {"wire", "templates", "quality", "config", "sandbox", "probe", "collector", "tools"}) {
        for (const auto& e : fs::recursive_directory_iterator(kRoot / top)) {
            const std::string extension = e.path().extension().string();
            if (extension != ".cpp" && extension != ".hpp") continue;
            std::ifstream in(e.path());
            const auto lines = std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n');
            EXPECT_LE(lines, 500) << e.path() << ": a file does one thing";
        }
    }
}

// Tests run side by side: a file of a fixed name is another test's file sooner or later.
TEST(Architecture, TestsWriteOnlyIntoScratchFolders) {
    const std::regex shared("TempDir\\(|temp_directory_path\\(");
    for (const auto& e : fs::recursive_directory_iterator(kRoot / "tests")) {
        const std::string name = fs::relative(e.path(), kRoot).string();
        if (e.path().extension() != ".cpp" && e.path().extension() != ".hpp") continue;
        if (name.ends_with("scratch_folder.hpp") || name.ends_with("architecture_test.cpp")) continue;
        std::ifstream in(e.path());
        std::smatch m;
        for (std::string line; std::getline(in, line);)
            EXPECT_FALSE(std::regex_search(line, m, shared)) << name << ": use tests/unit/support/scratch_folder.hpp";
    }
}

}  // namespace
