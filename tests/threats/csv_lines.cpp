// csv_lines on|off COLUMNS: texts from stdin (32-bit length, octets) as CSV of so many columns, as the collector writes them.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "collector/sink/line_format.hpp"

int main(int argc, char** argv) {
    using namespace voipprobe::collector;
    if (argc != 3) return 2;
    const auto format = csv_format(std::string(argv[1]) == "on");
    const int columns = std::atoi(argv[2]);
    std::string line, text;
    for (int column = 0;; ++column) {
        std::uint32_t length = 0;
        if (!std::cin.read(reinterpret_cast<char*>(&length), sizeof length)) break;
        text.resize(length);
        std::cin.read(text.data(), length);
        if (column % columns == 0) line.clear(), format->begin(line);
        format->cell(line, "x", Cell(std::string_view(text)), column % columns == 0);
        if (column % columns != columns - 1) continue;
        format->end(line);
        std::cout << line;
    }
    return 0;
}
