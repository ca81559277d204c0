// What a confined process may not do. Each test enters the sandbox in a child of its own and tries.
#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::sandbox {
namespace {

// What `body` says went wrong in a child that has entered the sandbox; empty: nothing.
std::string in_child(const Needs& needs, const std::function<std::string()>& body) {
    int ends[2];
    if (pipe(ends) != 0) return "no pipe";
    const pid_t child = fork();
    if (child == 0) {
        const auto entered = enter(needs);
        std::string said = entered ? body() : entered.error().message;
        (void)!write(ends[1], said.data(), said.size());
        _exit(0);
    }
    close(ends[1]);
    std::string said;
    char block[512];
    for (ssize_t n = 0; (n = read(ends[0], block, sizeof block)) > 0;) said.append(block, static_cast<std::size_t>(n));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) said += "the child was killed by signal " + std::to_string(WTERMSIG(status));
    return said;
}

class SandboxTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!filters_system_calls()) GTEST_SKIP() << "sanitizers need calls that the filter refuses";
    }
    // Adds a line when the call that just returned `result` was let through, or failed for another reason.
    static void must_fail(std::string& said, const char* what, long result, int with = EPERM) {
        if (result >= 0) said += std::string(what) + " was let through; ";
        else if (errno != with) said += std::string(what) + ": " + std::strerror(errno) + "; ";
    }
    static void must_work(std::string& said, const char* what, long result) {
        if (result < 0) said += std::string(what) + ": " + std::strerror(errno) + "; ";
    }
    test::ScratchFolder scratch_;
};

TEST_F(SandboxTest, RefusesProgramsDebuggersMountsAndIdentities) {
    EXPECT_EQ(in_child({}, [] {
        std::string said;
        char* const arguments[] = {const_cast<char*>("/bin/true"), nullptr};
        must_fail(said, "execve", execve("/bin/true", arguments, arguments));
        must_fail(said, "fork", syscall(SYS_fork));
        must_fail(said, "clone of a process", syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
        must_fail(said, "ptrace", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
        must_fail(said, "process_vm_readv", syscall(SYS_process_vm_readv, getppid(), nullptr, 0UL, nullptr, 0UL, 0UL));
        must_fail(said, "mount", mount("none", "/mnt", "tmpfs", 0, nullptr));
        must_fail(said, "setuid", syscall(SYS_setuid, 0));
        must_fail(said, "unshare", syscall(SYS_unshare, 0x10000000));
        must_fail(said, "bpf", syscall(SYS_bpf, 0, nullptr, 0));
        must_fail(said, "io_uring", syscall(SYS_io_uring_setup, 1, nullptr));
        must_fail(said, "kill of another process", kill(getppid(), 0));
        must_fail(said, "chmod", chmod("/dev/null", 0666));
        must_fail(said, "TIOCSTI", syscall(SYS_ioctl, 0, 0x5412, "x"));
        return said;
    }), "");
}

TEST_F(SandboxTest, RefusesSocketsThatNobodyAskedFor) {
    EXPECT_EQ(in_child({}, [] {
        std::string said;
        must_fail(said, "raw socket", socket(AF_INET, SOCK_RAW, 1));
        must_fail(said, "packet socket", socket(AF_PACKET, SOCK_RAW, 0));
        must_fail(said, "TCP socket", socket(AF_INET, SOCK_STREAM, 0));
        must_fail(said, "UDP socket", socket(AF_INET6, SOCK_DGRAM, 0));
        must_fail(said, "unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
        must_fail(said, "listen", listen(0, 1));
        return said;
    }), "");
    Needs exporter;
    exporter.connect = true;
    EXPECT_EQ(in_child(exporter, [] {
        std::string said;
        must_work(said, "TCP socket", socket(AF_INET, SOCK_STREAM, 0));
        must_work(said, "UDP socket", socket(AF_INET6, SOCK_DGRAM, 0));
        must_fail(said, "raw socket", socket(AF_INET, SOCK_RAW, 1));
        must_fail(said, "raw IPv6 socket", socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 1));
        must_fail(said, "packet socket", socket(AF_PACKET, SOCK_RAW, 0));
        must_fail(said, "accept", accept(0, nullptr, nullptr));
        return said;
    }), "");
}

TEST_F(SandboxTest, RefusesToMakeCode) {
    EXPECT_EQ(in_child({}, [] {
        std::string said;
        void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must_fail(said, "mprotect to executable", mprotect(page, 4096, PROT_READ | PROT_EXEC));
        page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must_fail(said, "a writable and executable page", page == MAP_FAILED ? -1 : 0);
        return said;
    }), "");
}

TEST_F(SandboxTest, OpensOnlyTheNamedFolders) {
    std::string warning;
    Needs needs;
    needs.writable.push_back(scratch_.path().string());
    if (in_child({}, [] { return std::string(open("/etc/hostname", O_RDONLY) < 0 ? "closed" : "open"); }) == "open")
        GTEST_SKIP() << "this kernel has no Landlock";
    EXPECT_EQ(in_child(needs, [&] {
        std::string said;
        must_fail(said, "reading /etc/shadow", open("/etc/shadow", O_RDONLY), EACCES);
        must_fail(said, "reading /etc/passwd", open("/etc/passwd", O_RDONLY), EACCES);
        must_fail(said, "reading a process", open("/proc/self/mem", O_RDWR), EACCES);
        must_fail(said, "making a file elsewhere", open("/var/tmp/voipprobe-escape", O_CREAT | O_WRONLY, 0600), EACCES);
        must_fail(said, "a path that climbs out", open((scratch_.path() / "../../etc/passwd").c_str(), O_RDONLY), EACCES);
        must_fail(said, "a folder elsewhere", mkdir("/var/tmp/voipprobe-escape", 0700), EACCES);
        must_work(said, "a file of ours", open((scratch_ / "a").c_str(), O_CREAT | O_RDWR, 0600));
        must_work(said, "a folder of ours", mkdir((scratch_ / "d").c_str(), 0700));
        must_work(said, "renaming", rename((scratch_ / "a").c_str(), (scratch_ / "d/b").c_str()));
        must_work(said, "removing", unlink((scratch_ / "d/b").c_str()));
        must_fail(said, "a symbolic link", symlink("/etc/passwd", (scratch_ / "l").c_str()));
        must_fail(said, "renaming away", rename((scratch_ / "d").c_str(), "/var/tmp/voipprobe-escape"), EACCES);
        return said;
    }), "");
}

TEST_F(SandboxTest, LetsThreadsStart) {
    EXPECT_EQ(in_child({}, [] {
        int seen = 0;
        long stolen = 0;
        std::thread([&] {
            seen = 1;
            stolen = syscall(SYS_setuid, 0);  // threads made later are confined too
        }).join();
        return std::string(seen == 1 && stolen == -1 ? "" : "no confined thread");
    }), "");
}

TEST_F(SandboxTest, BecomesTheUserForGood) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    Needs needs;
    needs.user = "nobody";
    needs.confine = false;
    EXPECT_EQ(in_child(needs, [] {
        std::string said;
        uid_t r = 0, e = 0, s = 0;
        getresuid(&r, &e, &s);
        if (r == 0 || e == 0 || s == 0) said += "still root; ";
        if (getgroups(0, nullptr) > 1) said += "root's groups stayed; ";
        must_fail(said, "setuid(0)", setuid(0));
        must_fail(said, "raw socket", socket(AF_INET, SOCK_RAW, 1));
        must_fail(said, "reading /etc/shadow", open("/etc/shadow", O_RDONLY), EACCES);
        return said;
    }), "");
}

TEST_F(SandboxTest, KeepsNetRawOnlyToReopenInterfaces) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    for (const char* user : {"nobody", ""}) {
        Needs needs;
        needs.user = user;
        needs.reopen_interfaces = true;
        EXPECT_EQ(in_child(needs, [] {
            std::string said;
            must_work(said, "packet socket", socket(AF_PACKET, SOCK_RAW, 0));
            must_fail(said, "raw socket", socket(AF_INET, SOCK_RAW, 1));
            return said;
        }), "") << "user '" << user << "'";
        needs.reopen_interfaces = false;
        needs.connect = true;
        EXPECT_EQ(in_child(needs, [] {
            std::string said;
            must_fail(said, "packet socket", socket(AF_PACKET, SOCK_RAW, 0));
            return said;
        }), "") << "user '" << user << "'";
    }
}

TEST_F(SandboxTest, HoldsNoCapability) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    Needs needs;
    needs.readable.push_back("/proc");
    EXPECT_EQ(in_child(needs, [] {
        std::ifstream in("/proc/self/status");
        std::string said = in ? "" : "no status";
        for (std::string line; std::getline(in, line);) {
            for (const char* set : {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"})
                if (line.starts_with(set) && line.find_first_not_of("0\t ", std::strlen(set)) != line.npos) said += line + "; ";
            if (line.starts_with("NoNewPrivs:") && !line.ends_with("1")) said += line + "; ";
            if (line.starts_with("Seccomp:") && !line.ends_with("2")) said += line + "; ";
        }
        return said;
    }), "");
}

TEST_F(SandboxTest, SaysWhichUserIsMissing) {
    Needs needs;
    needs.user = "no-such-user-at-all";
    const auto done = enter(needs);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ExitCode::usage);
    EXPECT_EQ(done.error().message, "--user: there is no user 'no-such-user-at-all'");
}

TEST_F(SandboxTest, OffChangesNothing) {
    Needs needs;
    needs.confine = false;
    EXPECT_EQ(in_child(needs, [] {
        std::string said;
        must_work(said, "fork", fork() == 0 ? (_exit(0), 0) : 0);
        must_work(said, "a file", open("/etc/passwd", O_RDONLY));
        return said;
    }), "");
}

}  // namespace
}  // namespace voipprobe::sandbox
