// How much memory each table of the packet path holds, or held when it was fullest: --stats prints it. Exact for arrays;
// of node-based tables the nodes as glibc rounds them, and of calls the mean of what those that ended had on the heap.
// Thread rule: the pipeline's owner.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace voipprobe::probe {

class Pipeline;

struct TableMemory {
    std::string_view table;
    std::size_t most;    // entries at a time
    std::size_t octets;  // with all of them
};
std::vector<TableMemory> memory_of(const Pipeline& pipeline);

}  // namespace voipprobe::probe
