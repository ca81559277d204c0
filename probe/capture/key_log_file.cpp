#include "probe/capture/key_log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace voipprobe::probe {

Result<std::string> KeyLogFile::read_new() {
    constexpr off_t kMost = 8 << 20;
    const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st {};
    if (fd < 0 || ::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        const int error = fd < 0 ? errno : EINVAL;
        if (fd >= 0) ::close(fd);
        return fail(ExitCode::usage, "--tls-keylog " + path_ + ": cannot be read: " + std::strerror(error));
    }
    if (st.st_ino != inode_ || st.st_size < at_) at_ = 0;
    inode_ = st.st_ino;
    std::string text(static_cast<std::size_t>(std::min(st.st_size - at_, kMost)), '\0');
    const ssize_t got = text.empty() ? 0 : ::pread(fd, text.data(), text.size(), at_);
    ::close(fd);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    at_ += static_cast<off_t>(text.size());
    return text;
}

}  // namespace voipprobe::probe
