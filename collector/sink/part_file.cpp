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
    : folder_(std::move(directory)),
      name_(std::move(name)),
      extension_(std::move(extension)),
      header_(std::move(header)) {}

PartFile::~PartFile() { close(); }

std::string PartFile::dated_name(std::chrono::system_clock::time_point t) const {
    const std::string base = name_ + "-" + stamp(t);
    std::string name = base + extension_;
    for (int i = 2; folder_.exists(name) && i < 10000; ++i) name = base + "-" + std::to_string(i) + extension_;
    return name;
}

bool PartFile::rename(const std::string& to) {
    if (folder_.rename(part_name(), to)) return true;
    fail_with("cannot rename " + path_of(part_name()), errno);
    return false;
}

void PartFile::fail_with(std::string what, int error) {
    last_error_ = std::move(what) + ": " + std::strerror(error);
}

Result<void> PartFile::open() {
    if (is_open()) return {};
    const std::string path = path_of(part_name());
    fd_ = folder_.open(part_name(), O_RDWR | O_CREAT);
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
            fail_with("cannot cut " + path_of(part_name()), errno);
        if (same) {
            committed_ = whole;
            return {};
        }
        const bool aside = rename(dated_name(modified(fd_)));  // written by another version: keep it, start anew
        ::close(fd_);
        fd_ = -1;
        if (!aside) return fail(ExitCode::failure, last_error_);
        return open();
    }
    if (ftruncate(fd_, 0) != 0) fail_with("cannot cut " + path_of(part_name()), errno);
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
            fail_with("cannot write " + path_of(part_name()), n < 0 ? errno : ENOSPC);
            if (ftruncate(fd_, static_cast<off_t>(committed_)) != 0)
                fail_with("cannot cut " + path_of(part_name()), errno);
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
    if (fsync(fd_) != 0 && errno != EINVAL) fail_with("cannot sync " + path_of(part_name()), errno);
    bool renamed = false;
    if (rotated) {
        renamed = rename(dated_name(opened_));
    } else {
        const int old = folder_.open(final_name(), O_RDONLY);
        if (old >= 0) {
            (void)folder_.rename(final_name(), dated_name(modified(old)));
            ::close(old);
        }
        renamed = rename(final_name());
    }
    ::close(fd_);
    fd_ = -1;
    committed_ = 0;
    return whole && renamed;
}

}  // namespace voipprobe::collector
