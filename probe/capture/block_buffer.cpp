#include "probe/capture/block_buffer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace voipprobe::probe {

bool BlockBuffer::fill(std::size_t n) {
    if (end_ - begin_ >= n) return true;
    std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (storage_.size() < n + kBlock) storage_.resize(n + kBlock);
    while (end_ < n) {
        const ssize_t got = ::read(fd_, storage_.data() + end_, storage_.size() - end_);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            errno_ = got < 0 ? errno : 0;
            return false;
        }
        end_ += static_cast<std::size_t>(got);
        total_ += static_cast<std::uint64_t>(got);
    }
    return true;
}

}  // namespace voipprobe::probe
