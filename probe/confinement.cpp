#include "probe/confinement.hpp"

#include <algorithm>
#include <filesystem>

#include "wire/address.hpp"

namespace voipprobe::probe {
namespace {

// A file that may be replaced by another of its name: the folder it is in.
std::string folder_of(const std::string& file) {
    const std::string parent = std::filesystem::path(file).parent_path().string();
    return parent.empty() ? "." : parent;
}

}  // namespace

sandbox::Needs needs_of(const config::ProbeConfig& config, const std::vector<Input>& inputs,
                        const std::vector<Destination>& destinations, const std::vector<std::string>& hep,
                        const std::string& config_file) {
    sandbox::Needs out;
    out.user = config.user;
    out.confine = config.sandbox;
    out.system_log = !config.syslog.empty();
    for (const Input& i : inputs) {
        const bool listener = i.live && i.name.starts_with("hep://");
        out.accept |= listener;
        out.reopen_interfaces |= i.live && !listener && config.reopen;
        if (!i.live && i.name != "-") out.readable.push_back(i.name);
    }
    for (const Destination& d : destinations) {
        const bool network = d.transport != Transport::none && d.transport != Transport::file;
        if (d.transport == Transport::file)
            out.writable.push_back(folder_of(d.host));  // it is renamed at the end
        out.connect |= network;
        out.look_up_names |= network && !wire::IpAddress::parse(d.host);
    }
    out.connect |= !hep.empty();
    out.look_up_names |= !hep.empty();
    if (!config.dump_dir.empty()) out.writable.push_back(config.dump_dir);
    if (!config.tls_keylog.empty()) out.readable.push_back(folder_of(config.tls_keylog));
    if (!config_file.empty()) out.readable.push_back(folder_of(config_file));
    if (!config.pid_file.empty() && config.user.empty())
        out.writable.push_back(folder_of(config.pid_file));  // it is removed at the end
    const std::string& spec =
        config.template_spec;  // SIGHUP checks the whole configuration, with its template file
    if (spec.starts_with('@'))
        out.readable.push_back(folder_of(spec.substr(1)));
    else if (spec.find('/') != spec.npos && spec.find('%') == spec.npos)
        out.readable.push_back(folder_of(spec));
    return out;
}

}  // namespace voipprobe::probe
