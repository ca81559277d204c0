// Runs a fuzz target over stored inputs: each argument is a file or a folder of files. A missing folder is an
// empty corpus. Prints the number of inputs so that a test log shows what was replayed.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {
std::size_t replay(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());  // exact size, so that ASan sees an overrun
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    return 1;
}
}  // namespace

int main(int argc, char** argv) {
    std::size_t inputs = 0;
    for (int i = 1; i < argc; ++i) {
        const std::filesystem::path path(argv[i]);
        if (std::filesystem::is_regular_file(path)) inputs += replay(path);
        if (!std::filesystem::is_directory(path)) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
            if (entry.is_regular_file()) inputs += replay(entry.path());
    }
    std::printf("replayed %zu inputs\n", inputs);
    return 0;
}
