#include "collector/sink/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace voipprobe::collector {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFlushAt = 64 * 1024;
constexpr std::size_t kMaxWaiting = 16U << 20;  // lines kept while the disk is full

std::string stamp(std::chrono::system_clock::time_point t) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(t);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> b{};
    return {b.data(), std::strftime(b.data(), b.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

std::chrono::system_clock::time_point modified(int fd) {
    struct stat st {};
    if (fstat(fd, &st) != 0) return std::chrono::system_clock::now();
    return std::chrono::system_clock::from_time_t(st.st_mtime);
}

// Octets up to and including the last line end.
std::uint64_t whole_lines(int fd, std::uint64_t size) {
    std::array<char, 4096> block{};
    while (size > 0) {
        const std::size_t n = std::min<std::uint64_t>(size, block.size());
        const ssize_t got = pread(fd, block.data(), n, static_cast<off_t>(size - n));
        if (got != static_cast<ssize_t>(n)) return 0;
        for (std::size_t i = n; i-- > 0;)
            if (block[i] == '\n') return size - n + i + 1;
        size -= n;
    }
    return 0;
}

}  // namespace

PartFile::PartFile(fs::path directory, std::string name, std::string extension, std::string header)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      extension_(std::move(extension)),
      header_(std::move(header)) {}

PartFile::~PartFile() { close(); }

fs::path PartFile::part_path() const { return directory_ / (name_ + extension_ + ".part"); }
fs::path PartFile::final_path() const { return directory_ / (name_ + extension_); }

fs::path PartFile::dated_path(std::chrono::system_clock::time_point t) const {
    const std::string base = name_ + "-" + stamp(t);
    fs::path path = directory_ / (base + extension_);
    std::error_code ignored;
    for (int i = 2; fs::exists(path, ignored) && i < 10000; ++i)
        path = directory_ / (base + "-" + std::to_string(i) + extension_);
    return path;
}

void PartFile::fail_with(std::string what, int error) {
    last_error_ = std::move(what) + ": " + std::strerror(error);
}

Result<void> PartFile::open() {
    if (is_open()) return {};
    const std::string path = part_path().string();
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) return fail(ExitCode::failure, "cannot write " + path + ": " + std::strerror(errno));
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd_);
        fd_ = -1;
        return fail(ExitCode::failure,
                    path + " is being written by another collector; give this one its own directory");
    }
    committed_ = 0;
    opened_ = std::chrono::system_clock::now();
    return recover();
}

Result<void> PartFile::recover() {
    const off_t size = lseek(fd_, 0, SEEK_END);
    const std::uint64_t whole = size > 0 ? whole_lines(fd_, static_cast<std::uint64_t>(size)) : 0;
    if (whole > 0) {
        std::string head(header_.size(), '\0');
        const ssize_t got = pread(fd_, head.data(), head.size(), 0);
        const bool same =
            got == static_cast<ssize_t>(head.size()) && head == header_ && whole >= header_.size();
        if (ftruncate(fd_, static_cast<off_t>(whole)) != 0)
            fail_with("cannot cut " + part_path().string(), errno);
        if (same) {
            committed_ = whole;
            return {};
        }
        std::error_code error;  // written by another version: keep it, start anew
        fs::rename(part_path(), dated_path(modified(fd_)), error);
        ::close(fd_);
        fd_ = -1;
        if (error)
            return fail(ExitCode::failure, "cannot rename " + part_path().string() + ": " + error.message());
        return open();
    }
    if (ftruncate(fd_, 0) != 0) fail_with("cannot cut " + part_path().string(), errno);
    buffer_ = header_ + buffer_;
    return {};
}

void PartFile::append(std::string_view line) {
    if (!is_open())
        if (auto opened = open(); !opened) last_error_ = opened.error().message;
    if (buffer_.size() + line.size() > kMaxWaiting) {
        ++dropped_lines_;
        return;
    }
    buffer_ += line;
    if (buffer_.size() >= kFlushAt) write_out();
}

void PartFile::flush() {
    if (!buffer_.empty()) write_out();
}

// All or nothing: what a full disk took of the lines is cut off again.
void PartFile::write_out() {
    if (!is_open() && !open()) return;
    std::size_t done = 0;
    while (done < buffer_.size()) {
        const ssize_t n =
            pwrite(fd_, buffer_.data() + done, buffer_.size() - done, static_cast<off_t>(committed_ + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            fail_with("cannot write " + part_path().string(), n < 0 ? errno : ENOSPC);
            if (ftruncate(fd_, static_cast<off_t>(committed_)) != 0)
                fail_with("cannot cut " + part_path().string(), errno);
            return;
        }
        done += static_cast<std::size_t>(n);
    }
    committed_ += done;
    buffer_.clear();
    last_error_.clear();
}

bool PartFile::close(bool rotated) {
    if (!is_open() && buffer_.empty()) return true;
    flush();
    const bool whole = buffer_.empty();
    if (!whole) {
        dropped_lines_ += static_cast<std::uint64_t>(std::count(buffer_.begin(), buffer_.end(), '\n'));
        buffer_.clear();
    }
    if (!is_open()) return false;
    if (fsync(fd_) != 0 && errno != EINVAL) fail_with("cannot sync " + part_path().string(), errno);
    std::error_code error;
    if (rotated) {
        fs::rename(part_path(), dated_path(opened_), error);
    } else {
        const int old = ::open(final_path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (old >= 0) {
            std::error_code aside;
            fs::rename(final_path(), dated_path(modified(old)), aside);
            ::close(old);
        }
        fs::rename(part_path(), final_path(), error);
    }
    if (error) last_error_ = "cannot rename " + part_path().string() + ": " + error.message();
    ::close(fd_);
    fd_ = -1;
    committed_ = 0;
    return whole && !error;
}

}  // namespace voipprobe::collector
