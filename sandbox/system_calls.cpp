// The list of system calls (seccomp(2), libseccomp). Everything else fails with EPERM: a wrong turn of a
// library is an error that is handled and logged, not the end of the program. What starts programs, looks
// into others, mounts, loads or changes identity is not on any list.
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "sandbox/sandbox.hpp"

namespace voipprobe::sandbox {
namespace {

constexpr int kAlways[] = {
    // memory and threads
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    // signals to itself, time, who am I
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrandom),
    // files; which ones is Landlock's business
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rmdir),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(pipe2),
    SCMP_SYS(umask),
    // waiting, and sockets that are open
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
};

// FIONREAD, FIONBIO, SIOCOUTQ, TCGETS, TIOCGWINSZ; with interfaces what libpcap asks (SIOCGIF...,
// SIOCETHTOOL, SIOCGSTAMP).
constexpr unsigned long kIoctls[] = {0x541B, 0x5421, 0x5411, 0x5401, 0x5413};
constexpr unsigned long kInterfaceIoctls[] = {0x8933, 0x8910, 0x8913, 0x8921, 0x8927,
                                              0x8946, 0x8906, 0x8907, 0x89b1, 0x8b01};

class Filter {
  public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {}
    explicit operator bool() const { return context_ != nullptr; }

    void allow(int call) { add(SCMP_ACT_ALLOW, call); }
    template <typename... Compare>
    void allow_if(int call, Compare... compare) {
        add(SCMP_ACT_ALLOW, call, compare...);
    }
    void answer(int call, int error) { add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call); }
    int load() {
        if (error_ != 0) return error_;
        seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE,
                         2);  // a binary tree of the calls, not a list
        return seccomp_load(context_.get());
    }

  private:
    template <typename... Compare>
    void add(std::uint32_t action, int call, Compare... compare) {
        const int done = seccomp_rule_add(context_.get(), action, call, sizeof...(compare), compare...);
        if (done != 0 && error_ == 0) error_ = done;
    }
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
    int error_ = 0;
};

void allow_memory(Filter& f) {
    // Code is mapped from files (a resolver's plug-in), never made: no page is both writable and executable,
    // or becomes executable.
    f.allow_if(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    f.allow_if(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC));
    f.allow_if(SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // Threads, not processes. clone3's arguments lie in memory where no filter sees them: glibc then asks for
    // clone.
    f.allow_if(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    f.answer(SCMP_SYS(clone3), ENOSYS);
    f.allow_if(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));  // abort()
    f.allow_if(SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0));  // reading limits
    f.allow_if(SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
}

void allow_family(Filter& f, unsigned family, unsigned type) {
    f.allow_if(SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, type));
}

void allow_sockets(Filter& f, const Needs& needs) {
    if (needs.connect) {
        for (const unsigned family : {AF_INET, AF_INET6})
            for (const unsigned type : {SOCK_STREAM, SOCK_DGRAM}) allow_family(f, family, type);
        allow_family(f, AF_NETLINK, SOCK_RAW);  // getaddrinfo asks for our addresses
    }
    if (needs.connect || needs.system_log)
        for (const unsigned type : {SOCK_STREAM, SOCK_DGRAM}) allow_family(f, AF_UNIX, type);
    if (needs.reopen_interfaces) {
        allow_family(f, AF_PACKET, SOCK_RAW);
        allow_family(f, AF_PACKET, SOCK_DGRAM);
        allow_family(f, AF_NETLINK, SOCK_RAW);
        for (const unsigned family : {AF_INET, AF_UNIX})
            allow_family(f, family, SOCK_DGRAM);  // if_nametoindex
        for (const unsigned long request : kInterfaceIoctls)
            f.allow_if(SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, request));
    }
    if (needs.connect || needs.system_log || needs.reopen_interfaces) f.allow(SCMP_SYS(connect));
    if (needs.connect || needs.reopen_interfaces) f.allow(SCMP_SYS(bind));
    if (needs.accept) {
        f.allow(SCMP_SYS(accept));
        f.allow(SCMP_SYS(accept4));
    }
}

}  // namespace

bool restrict_system_calls(const Needs& needs, std::string& warning) {
    Filter filter;
    if (!filter) {
        warning = "sandbox: seccomp: out of memory";
        return false;
    }
    for (const int call : kAlways) filter.allow(call);
    for (const unsigned long request : kIoctls)
        filter.allow_if(SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, request));
    allow_memory(filter);
    allow_sockets(filter, needs);
    const int error = filter.load();
    if (error != 0) warning = std::string("sandbox: seccomp: ") + std::strerror(-error);
    return error == 0;
}

}  // namespace voipprobe::sandbox
