// What a program may still do once everything is open: another user, no capabilities, a list of system calls
// (seccomp) and of folders (Landlock). What each step takes away, and what stays: docs/reliability.md. Thread
// rule: enter() once, before the program's first thread; threads made later inherit all of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/result.hpp"

namespace voipprobe::sandbox {

struct Needs {
    std::string user;                   // NAME, NAME:GROUP or a number; empty: stays who it is
    bool confine = true;                // false: only `user` is done (--sandbox off)
    bool reopen_interfaces = false;     // keeps CAP_NET_RAW and packet sockets
    bool connect = false;               // may open sockets of IPv4 and IPv6
    bool accept = false;                // takes TCP connections
    bool look_up_names = false;         // reads what name resolution reads
    bool system_log = false;            // may connect to syslog again
    std::vector<std::string> writable;  // folders, with everything below
    std::vector<std::string> readable;  // files, and folders with everything below
};

struct Entered {
    bool system_calls = false;          // the filter is in force
    bool files = false;                 // the folders are
    std::vector<std::string> warnings;  // what this kernel or build does not do
};

// Errors: usage for a user that does not exist or may not be become; failure when rights could not be given
// up. A kernel without seccomp or Landlock is a warning, not an error.
Result<Entered> enter(const Needs& needs);

// False in builds with a sanitizer or for coverage: their run time needs calls and files that no filter of ours should allow.
bool filters_system_calls();

// The steps of enter(), in its order.
Result<void> become(const std::string& user, bool keep_net_raw, bool keep_file_override);
bool restrict_files(const Needs& needs, std::string& warning);
bool restrict_system_calls(const Needs& needs, std::string& warning);

}  // namespace voipprobe::sandbox
