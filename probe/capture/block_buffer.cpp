#include "probe/capture/block_buffer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace voipprobe::probe {

// What is left goes to the front, of another storage if somebody holds this one.
void BlockBuffer::move_rest(std::size_t room) {
    const std::uint8_t* const rest = storage_->data() + begin_;
    std::shared_ptr<Storage> held;
    if (storage_.use_count() > 1) {
        const auto is_free = [](const auto& s) { return s.use_count() == 1; };
        const auto other = std::find_if(others_.begin(), others_.end(), is_free);
        if (other != others_.end()) {
            held = std::exchange(storage_, std::exchange(*other, nullptr));
            *other = held;
        } else {
            others_.push_back(held = std::exchange(storage_, std::make_shared<Storage>(2 * kBlock)));
        }
        if (storage_->size() < end_ - begin_) storage_->resize(end_ - begin_);
    }
    std::memmove(storage_->data(), rest, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (storage_->size() < room) storage_->resize(room);
}

bool BlockBuffer::fill(std::size_t n) {
    if (end_ - begin_ >= n) return true;
    move_rest(n + kBlock);
    Storage& storage = *storage_;
    while (end_ < n) {
        const ssize_t got = ::read(fd_, storage.data() + end_, storage.size() - end_);
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
