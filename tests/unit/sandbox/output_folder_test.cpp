// Links that somebody planted below the folder of outputs: refused by openat2 and without it.
#include "sandbox/output_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::sandbox {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class OutputFolderTest : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        fs::create_directory(inside_);
        fs::create_directory(outside_);
        std::ofstream(outside_ / "secret") << "as it was";
        if (!GetParam()) folder_.without_openat2();
    }
    void refused(const std::string& name) const {
        const int fd = folder_.open(name, O_WRONLY | O_CREAT | O_TRUNC);
        const int error = errno;
        EXPECT_LT(fd, 0) << name;
        EXPECT_TRUE(error == ELOOP || error == EXDEV || error == ENOTDIR) << name << ": " << std::strerror(error);
        if (fd >= 0) ::close(fd);
        EXPECT_EQ(folder_.create(name), nullptr) << name;
    }
    test::ScratchFolder scratch_;
    fs::path inside_ = scratch_.path() / "inside", outside_ = scratch_.path() / "outside";
    OutputFolder folder_{inside_};
};

INSTANTIATE_TEST_SUITE_P(WithAndWithoutOpenat2, OutputFolderTest, testing::Bool());

TEST_P(OutputFolderTest, WritesFilesAndFoldersBelowIt) {
    ASSERT_TRUE(folder_.make_folders("2026/11/22/a.csv"));
    ASSERT_TRUE(folder_.make_folders("2026/11/22/a.csv")) << "they may be there";
    std::FILE* const f = folder_.create("2026/11/22/a.csv.temp");
    ASSERT_NE(f, nullptr) << std::strerror(errno);
    std::fputs("rows\n", f);
    std::fclose(f);
    EXPECT_FALSE(folder_.exists("2026/11/22/a.csv"));
    EXPECT_TRUE(folder_.rename("2026/11/22/a.csv.temp", "2026/11/22/a.csv"));
    EXPECT_TRUE(folder_.exists("2026/11/22/a.csv"));
    EXPECT_EQ(content(inside_ / "2026/11/22/a.csv"), "rows\n");
    EXPECT_FALSE(folder_.rename("nothing", "x"));
    EXPECT_FALSE(OutputFolder(scratch_.path() / "missing").make_folders("a/b"));
    EXPECT_LT(OutputFolder(scratch_.path() / "missing").open("a", O_RDONLY), 0);
}

TEST_P(OutputFolderTest, FollowsNoPlantedLink) {
    fs::create_symlink(outside_ / "secret", inside_ / "calls.csv.part");
    fs::create_symlink("../outside/secret", inside_ / "relative");
    fs::create_symlink(outside_, inside_ / "2026");
    fs::create_symlink(outside_ / "made", inside_ / "dangling");
    for (const char* name : {"calls.csv.part", "relative", "2026/secret", "2026/new", "dangling"}) refused(name);
    EXPECT_FALSE(folder_.make_folders("2026/11/x"));
    EXPECT_FALSE(folder_.make_folders("dangling/11/x"));
    EXPECT_FALSE(folder_.rename("2026/secret", "2026/moved"));
    EXPECT_FALSE(folder_.exists("2026/secret")) << "it is not below";
    EXPECT_TRUE(folder_.exists("dangling")) << "a name that is taken";
    EXPECT_EQ(content(outside_ / "secret"), "as it was");
    EXPECT_EQ(std::distance(fs::directory_iterator(outside_), {}), 1);
}

TEST_P(OutputFolderTest, NamesDoNotClimb) {
    for (const char* name : {"../outside/secret", "/etc/hostname", "x/../../outside/secret", ".."}) {
        EXPECT_LT(folder_.open(name, O_WRONLY), 0) << name;
    }
    EXPECT_FALSE(folder_.make_folders("../outside/made/x"));
    EXPECT_FALSE(fs::exists(outside_ / "made"));
    EXPECT_EQ(content(outside_ / "secret"), "as it was");
}

// Whoever started the program may have named the folder through a link.
TEST_P(OutputFolderTest, TheFolderItselfMayBeALink) {
    fs::create_directory_symlink(inside_, scratch_.path() / "link");
    OutputFolder linked(scratch_.path() / "link");
    if (!GetParam()) linked.without_openat2();
    const int fd = linked.open("a", O_WRONLY | O_CREAT);
    ASSERT_GE(fd, 0) << std::strerror(errno);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ::close(fd);
    EXPECT_TRUE(fs::exists(inside_ / "a"));
}

// A link that is renamed over is replaced, not followed.
TEST_P(OutputFolderTest, RenamingReplacesALink) {
    fs::create_symlink(outside_ / "secret", inside_ / "calls.csv");
    std::FILE* const f = folder_.create("calls.csv.part");
    ASSERT_NE(f, nullptr);
    std::fputs("rows\n", f);
    std::fclose(f);
    EXPECT_TRUE(folder_.rename("calls.csv.part", "calls.csv"));
    EXPECT_FALSE(fs::is_symlink(inside_ / "calls.csv"));
    EXPECT_EQ(content(outside_ / "secret"), "as it was");
}

TEST(OutputFolderOf, AFileOfTheCommandLine) {
    EXPECT_EQ(OutputFolder::of("x.ipfix").path(), ".");
    EXPECT_EQ(OutputFolder::of("/a/b/x.ipfix").path(), "/a/b");
}

}  // namespace
}  // namespace voipprobe::sandbox
