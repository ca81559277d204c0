// A file that readers only ever see whole: lines go to `NAME.EXT.part`, whole lines in every write, and the
// file is renamed to `NAME.EXT` when it is closed. A `.part` that a killed run left is cut after its last
// whole line and continued when its header is the same, else set aside under a dated name; a finished file of
// an earlier run is set aside the same way, never overwritten. A full disk tears no line: the file is cut
// back, lines wait in memory (bounded, then counted as dropped) and go out when there is room. No link below
// the folder is followed. Units: sizes in octets. Thread rule: one thread. Errors: open() reports; later failures are counted and named once in
// last_error().
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "sandbox/output_folder.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

class PartFile {
  public:
    // `header` is the first line, with its line end; empty for formats without one.
    PartFile(std::filesystem::path directory, std::string name, std::string extension, std::string header);
    ~PartFile();
    PartFile(const PartFile&) = delete;
    PartFile& operator=(const PartFile&) = delete;

    Result<void> open();
    bool is_open() const { return fd_ >= 0; }

    void append(std::string_view line);  // with its line end
    void flush();
    // Flushes and renames to NAME.EXT, or to NAME-YYYYMMDDTHHMMSSZ.EXT when it is one of a rotation.
    bool close(bool rotated = false);

    std::uint64_t size() const { return committed_ + buffer_.size(); }
    bool has_rows() const { return size() > header_.size(); }
    std::chrono::system_clock::time_point opened() const { return opened_; }
    std::uint64_t dropped_lines() const { return dropped_lines_; }
    const std::string& last_error() const { return last_error_; }

  private:
    std::string part_name() const { return name_ + extension_ + ".part"; }
    std::string final_name() const { return name_ + extension_; }
    std::string dated_name(std::chrono::system_clock::time_point t) const;
    std::string path_of(const std::string& name) const { return (folder_.path() / name).string(); }
    bool rename(const std::string& to);
    Result<void> recover();
    void write_out();
    void fail_with(std::string what, int error);

    sandbox::OutputFolder folder_;
    std::string name_, extension_, header_;
    int fd_ = -1;
    std::uint64_t committed_ = 0;  // octets of whole lines in the file
    std::string buffer_;
    std::uint64_t dropped_lines_ = 0;
    std::string last_error_;
    std::chrono::system_clock::time_point opened_;
};

}  // namespace voipprobe::collector
