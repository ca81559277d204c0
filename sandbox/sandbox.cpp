#include "sandbox/sandbox.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace voipprobe::sandbox {
namespace {

// sudo in somebody's home: without CAP_DAC_OVERRIDE root could not make files there any more.
bool writes_into_foreign_folders(const Needs& needs) {
    return std::any_of(needs.writable.begin(), needs.writable.end(), [](const std::string& folder) {
        struct stat s {};
        return stat(folder.c_str(), &s) == 0 && s.st_uid != 0;
    });
}

}  // namespace

bool filters_system_calls() {
#if defined(VP_UNCONFINED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
    return true;
#endif
}

Result<Entered> enter(const Needs& needs) {
    Entered out;
    if (!needs.confine && needs.user.empty()) return out;
    const bool stays_root = geteuid() == 0 && needs.user.empty();
    const bool keep_raw = needs.reopen_interfaces;
    if (auto done = become(needs.user, keep_raw, stays_root && writes_into_foreign_folders(needs)); !done)
        return tl::unexpected<Error>(done.error());
    if (!needs.confine) return out;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(ExitCode::failure, std::string("sandbox: no_new_privs: ") + std::strerror(errno));
    if (!filters_system_calls()) return out;
    std::string warning;
    out.files = restrict_files(needs, warning);
    if (!warning.empty()) out.warnings.push_back(std::exchange(warning, {}));
    out.system_calls = restrict_system_calls(needs, warning);
    if (!warning.empty()) out.warnings.push_back(warning);
    return out;
}

}  // namespace voipprobe::sandbox
