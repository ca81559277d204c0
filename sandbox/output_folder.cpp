#include "sandbox/output_folder.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace voipprobe::sandbox {
namespace {

constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kRaces = 16;  // renames elsewhere that may disturb one openat2() before it is an error

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close_keeping_errno(); }
    void reset(int fd) {
        close_keeping_errno();
        fd_ = fd;
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    void close_keeping_errno() {
        const int error = errno;
        if (fd_ >= 0) ::close(fd_);
        errno = error;
    }
    int fd_;
};

bool is_name(const std::string& component) { return !component.empty() && component != "." && component != ".."; }

std::string last_of(const std::string& name) { return name.substr(name.rfind('/') + 1); }  // npos + 1 is 0

// One component after the other, none of them a link; `visit` sees each folder on the way and what comes next.
template <typename Visit>
int walk(int base, const std::string& name, int flags, mode_t mode, Visit&& visit) {
    Descriptor at(::fcntl(base, F_DUPFD_CLOEXEC, 0));
    std::size_t from = 0;
    for (std::size_t slash = 0; at && (slash = name.find('/', from)) != name.npos; from = slash + 1) {
        const std::string component = name.substr(from, slash - from);
        if (!is_name(component)) return errno = EXDEV, -1;
        if (!visit(at.get(), component)) return -1;
        at.reset(::openat(at.get(), component.c_str(), kFolder | O_NOFOLLOW));
    }
    if (!at) return -1;
    const std::string last = name.substr(from);
    if (!is_name(last)) return errno = EXDEV, -1;
    return ::openat(at.get(), last.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

}  // namespace

OutputFolder OutputFolder::of(const std::filesystem::path& file) {
    return OutputFolder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
}

int OutputFolder::base() const { return ::open(path_.c_str(), kFolder); }

int OutputFolder::beneath(int base, const std::string& name, int flags, mode_t mode) const {
    if (openat2_) {
        open_how how{};
        how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
        how.mode = (flags & O_CREAT) != 0 ? mode : 0;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        long fd = -1;
        for (int i = 0; i < kRaces && (fd = syscall(SYS_openat2, base, name.c_str(), &how, sizeof how)) < 0 && (errno == EAGAIN || errno == EINTR); ++i) {}
        // EPERM: containers whose filter is older than the call.
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    }
    return walk(base, name, flags, mode, [](int, const std::string&) { return true; });
}

int OutputFolder::parent_of(const std::string& name) const {
    Descriptor at(base());
    if (!at) return -1;
    const std::size_t slash = name.rfind('/');
    return slash == name.npos ? at.release() : beneath(at.get(), name.substr(0, slash), kFolder, 0);
}

int OutputFolder::open(const std::string& name, int flags, mode_t mode) const {
    const Descriptor at(base());
    return at ? beneath(at.get(), name, flags, mode) : -1;
}

std::FILE* OutputFolder::create(const std::string& name) const {
    Descriptor fd(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    std::FILE* const file = fd ? ::fdopen(fd.get(), "wb") : nullptr;
    if (file != nullptr) (void)fd.release();
    return file;
}

bool OutputFolder::make_folders(const std::string& name) const {
    const std::size_t slash = name.rfind('/');
    if (slash == name.npos) return true;
    const Descriptor at(base());
    if (!at) return false;
    const auto make = [](int folder, const std::string& component) {
        return ::mkdirat(folder, component.c_str(), 0777) == 0 || errno == EEXIST;
    };
    // The last one is made like those above it when something is asked for below it.
    const Descriptor made(walk(at.get(), name.substr(0, slash + 1) + "x", O_PATH, 0, make));
    return made || errno == ENOENT;  // there need not be an x
}

bool OutputFolder::rename(const std::string& from, const std::string& to) const {
    const Descriptor at(parent_of(from));
    return at && ::renameat(at.get(), last_of(from).c_str(), at.get(), last_of(to).c_str()) == 0;
}

bool OutputFolder::exists(const std::string& name) const {
    const Descriptor at(parent_of(name));
    struct stat ignored {};
    return at && ::fstatat(at.get(), last_of(name).c_str(), &ignored, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace voipprobe::sandbox
