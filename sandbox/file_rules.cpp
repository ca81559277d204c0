// Landlock (kernel 5.13 on): nothing outside the named folders can be opened, made, renamed or removed. Files
// that are open already stay usable. The constants are the kernel's, of landlock(7); Debian 12's header ends
// at ABI 2.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sandbox/sandbox.hpp"

namespace voipprobe::sandbox {
namespace {

constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kVersionQuery = 1;
constexpr int kPathBeneath = 1;

enum Right : std::uint64_t {
    execute = 1U << 0,
    write_file = 1U << 1,
    read_file = 1U << 2,
    read_folder = 1U << 3,
    remove_folder = 1U << 4,
    remove_file = 1U << 5,
    make_folder = 1U << 7,
    make_file = 1U << 8,
    up_to_abi_1 = (1U << 13) - 1,
    refer = 1U << 13,     // ABI 2
    truncate = 1U << 14,  // ABI 3
    ioctl_dev = 1U << 15  // ABI 5
};
constexpr std::uint64_t kFileRights = execute | write_file | read_file | truncate | ioctl_dev;

struct Ruleset {
    std::uint64_t handled_files = 0;
};
struct __attribute__((packed)) PathRule {
    std::uint64_t allowed = 0;
    std::int32_t parent = -1;
};

std::uint64_t handled(long abi) {
    std::uint64_t rights = up_to_abi_1;
    if (abi >= 2) rights |= refer;
    if (abi >= 3) rights |= truncate;
    if (abi >= 5) rights |= ioctl_dev;
    return rights;
}

// What is not there cannot be opened later either, unless it lies below a folder that is.
void allow(int ruleset, const std::string& path, std::uint64_t rights) {
    const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    struct stat s {};
    if (fstat(fd, &s) == 0) {
        PathRule rule{S_ISDIR(s.st_mode) ? rights : rights & kFileRights, fd};
        syscall(kAddRule, ruleset, kPathBeneath, &rule, 0);
    }
    ::close(fd);
}

}  // namespace

bool restrict_files(const Needs& needs, std::string& warning) {
    const long abi = syscall(kCreateRuleset, nullptr, 0, kVersionQuery);
    if (abi < 1) {
        warning = "sandbox: this kernel has no Landlock; only file permissions say which files can be opened";
        return false;
    }
    const Ruleset attributes{handled(abi)};
    const int ruleset = static_cast<int>(syscall(kCreateRuleset, &attributes, sizeof attributes, 0));
    if (ruleset < 0) {
        warning = std::string("sandbox: Landlock: ") + std::strerror(errno);
        return false;
    }
    const std::uint64_t read = read_file | read_folder;
    const std::uint64_t write =
        (read | write_file | remove_folder | remove_file | make_folder | make_file | truncate | refer) &
        attributes.handled_files;
    for (const std::string& folder : needs.writable) allow(ruleset, folder, write);
    for (const std::string& path : needs.readable) allow(ruleset, path, read);
    for (const char* always :
         {"/etc/localtime", "/usr/share/zoneinfo", "/usr/share/libfixbuf", "/dev/urandom"})
        allow(ruleset, always, read);
    allow(ruleset, "/dev/null", read_file | write_file);
    if (needs.connect)  // certificate authorities are looked up one by one
        for (const char* certificates :
             {"/etc/ssl", "/usr/lib/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"})
            allow(ruleset, certificates, read);
    if (needs.look_up_names)  // the folder: resolv.conf and hosts are replaced, not written to
        for (const char* names : {"/etc", "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
                                  "/usr/lib", "/lib", "/lib64"})
            allow(ruleset, names, read);
    if (needs.reopen_interfaces)
        for (const char* interfaces : {"/sys/class/net", "/sys/devices", "/proc/net"})
            allow(ruleset, interfaces, read);
    const bool done = syscall(kRestrictSelf, ruleset, 0) == 0;
    if (!done) warning = std::string("sandbox: Landlock: ") + std::strerror(errno);
    ::close(ruleset);
    return done;
}

}  // namespace voipprobe::sandbox
