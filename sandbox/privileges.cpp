// User and capabilities (capabilities(7)).
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "sandbox/sandbox.hpp"

namespace voipprobe::sandbox {
namespace {

struct Identity {
    uid_t user = 0;
    gid_t group = 0;
    std::string name;  // empty for a bare number that the system does not know
};

std::optional<unsigned> number(const std::string& s) {
    unsigned n = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (error != std::errc() || end != s.data() + s.size()) return std::nullopt;
    return n;
}

Result<Identity> find(const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string user = text.substr(0, colon);
    Identity out;
    const auto id = number(user);
    if (const passwd* entry =
            id ? getpwuid(*id)
               : getpwnam(user.c_str())) {  // NOLINT(concurrency-mt-unsafe): before any thread
        out = {entry->pw_uid, entry->pw_gid, entry->pw_name};
    } else if (id) {
        out = {*id, *id, {}};
    } else {
        return fail(ExitCode::usage, "--user: there is no user '" + user + "'");
    }
    if (colon == text.npos) return out;
    const std::string group = text.substr(colon + 1);
    if (const auto gid = number(group))
        out.group = *gid;
    else if (const auto* entry = getgrnam(group.c_str()))
        out.group = entry->gr_gid;  // NOLINT(concurrency-mt-unsafe)
    else
        return fail(ExitCode::usage, "--user: there is no group '" + group + "'");
    return out;
}

Result<void> failed(const char* what) {
    return fail(ExitCode::failure, std::string("sandbox: ") + what + ": " + std::strerror(errno));
}

using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

bool read_sets(Sets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(SYS_capget, &header, sets.data()) == 0;
}

bool write_sets(const Sets& sets) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    return syscall(SYS_capset, &header, sets.data()) == 0;
}

std::uint32_t bit(unsigned capability) { return 1U << capability % 32; }

}  // namespace

Result<void> become(const std::string& user, bool keep_net_raw, bool keep_file_override) {
    const uid_t now = geteuid();
    // What no program started from here could get back either. Needs CAP_SETPCAP, which root has and loses
    // below.
    for (unsigned c = 0; c < 64 && prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; ++c)
        prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
    if (!user.empty()) {
        const auto wanted = find(user);
        if (!wanted) return tl::unexpected<Error>(wanted.error());
        if (wanted->user != now || wanted->group != getegid()) {
            if (now != 0)
                return fail(ExitCode::usage, "--user " + user + ": only root can become another user");
            if (keep_net_raw && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed("keeping CAP_NET_RAW");
            const bool grouped = wanted->name.empty() ? setgroups(0, nullptr) == 0
                                                      : initgroups(wanted->name.c_str(), wanted->group) == 0;
            if (!grouped) return failed("groups");
            if (setresgid(wanted->group, wanted->group, wanted->group) != 0) return failed("group");
            if (setresuid(wanted->user, wanted->user, wanted->user) != 0) return failed("user");
            if (wanted->user != 0 && setuid(0) == 0)
                return fail(ExitCode::failure, "sandbox: root could be regained");
        }
    }
    Sets held{}, kept{};
    if (!read_sets(held)) return failed("capabilities");
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    std::uint32_t wanted = keep_net_raw ? bit(CAP_NET_RAW) : 0;
    if (keep_file_override) wanted |= bit(CAP_DAC_OVERRIDE);
    kept[0].effective = kept[0].permitted = held[0].permitted & wanted;
    if (!write_sets(kept)) return failed("capabilities");
    return {};
}

}  // namespace voipprobe::sandbox
