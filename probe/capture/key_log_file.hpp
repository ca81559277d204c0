// --tls-keylog: a file that programs append to while they run. What was written since the last look is read, at most 8 MiB
// at a time; a file that became shorter, or another one of its name, is read from its beginning. Thread rule: one owner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "wire/result.hpp"

namespace voipprobe::probe {

class KeyLogFile {
  public:
    explicit KeyLogFile(std::string path) : path_(std::move(path)) {}
    // Errors: cannot be read (usage). A live capture may go on: the file may come later.
    Result<std::string> read_new();

  private:
    std::string path_;
    off_t at_ = 0;
    ino_t inode_ = 0;
};

}  // namespace voipprobe::probe
