// docs/rfc7011.md names a test for every MUST; the tests it names exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = VOIPPROBE_SOURCE_DIR;

std::string text_of(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> unit_tests() {
    std::set<std::string> out;
    const std::regex test(R"re(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))re");
    for (const auto& e : fs::recursive_directory_iterator(kRoot / "tests" / "unit")) {
        if (e.path().extension() != ".cpp") continue;
        const std::string text = text_of(e.path());
        for (auto it = std::sregex_iterator(text.begin(), text.end(), test); it != std::sregex_iterator(); ++it)
            out.insert((*it)[1].str() + "." + (*it)[2].str());
    }
    return out;
}

// interop/tshark, transport/tls, cases/plain, fuzz/flow_message
bool is_program_test(const std::string& name) {
    const std::size_t slash = name.find('/');
    const std::string kind = name.substr(0, slash), what = name.substr(slash + 1);
    if (kind == "cases") return fs::exists(kRoot / "tests" / "cases" / what / "case.conf");
    if (kind == "fuzz") return fs::exists(kRoot / "tests" / "fuzz" / ("fuzz_" + what + ".cpp"));
    const std::string list = text_of(kRoot / "tests" / "interop" / "CMakeLists.txt");
    const bool scenario = std::regex_search(list, std::regex("foreach\\([^)]*\\b" + what + "\\b"));
    return scenario && list.find("NAME " + kind + "/") != list.npos;
}

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
        const auto first = cell.find_first_not_of(' ');
        out.push_back(first == cell.npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
    return out;
}

TEST(Conformance, everyMustHasItsTests) {
    const std::set<std::string> known = unit_tests();
    const auto exists = [&](const std::string& test) { return known.contains(test) || (test.find('/') != test.npos && is_program_test(test)); };
    std::ifstream in(kRoot / "docs" / "rfc7011.md");
    std::size_t musts = 0;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| ") || line.starts_with("| § ") || line.starts_with("| heading ")) continue;
        const auto row = cells(line);
        if (row.size() == 2) {
            EXPECT_TRUE(exists(row[1])) << row[0] << ": no test " << row[1];
            continue;
        }
        ASSERT_EQ(row.size(), 6U) << line;
        ++musts;
        const bool declared = row[3].starts_with("declared: not done");
        EXPECT_TRUE(declared || row[3] == "done") << line;
        if (!declared) EXPECT_TRUE(exists(row[4])) << "§ " << row[0] << ": no test " << row[4];
        EXPECT_TRUE(exists(row[5])) << "§ " << row[0] << ": no test " << row[5];
    }
    EXPECT_GE(musts, 60U);
}

}  // namespace
