// The folder that outputs go to. Who started the program named it, and may have named it through links; below it
// nothing is followed: a link that somebody planted there (or a folder that became one) is an error, never a way out.
// openat2(2) where the kernel has it, else one component after the other. Thread rule: none needed, it holds a path
// only. Errors: as of the system call, in errno.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace voipprobe::sandbox {

class OutputFolder {
  public:
    explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {}
    // The folder of a file that the command line names, and the file's name in it.
    static OutputFolder of(const std::filesystem::path& file);

    // Names below are relative: "calls.csv.part", "2026/11/22/04_22-call.csv".
    // As open(2), close-on-exec; -1 and errno (ELOOP, EXDEV, ENOTDIR: there was a link in the way).
    int open(const std::string& name, int flags, mode_t mode = 0644) const;
    // To be written from its beginning; nullptr and errno.
    std::FILE* create(const std::string& name) const;
    // Makes the folders above `name`.
    bool make_folders(const std::string& name) const;
    // Replaces `to`, be it a link; both in the same folder below this one.
    bool rename(const std::string& from, const std::string& to) const;
    // Anything of that name, be it a link to nowhere.
    bool exists(const std::string& name) const;

    const std::filesystem::path& path() const { return path_; }
    // For tests: as on a kernel before 5.6.
    void without_openat2() { openat2_ = false; }

  private:
    int base() const;
    int beneath(int base, const std::string& name, int flags, mode_t mode) const;
    int parent_of(const std::string& name) const;

    std::filesystem::path path_;
    bool openat2_ = true;
};

}  // namespace voipprobe::sandbox
