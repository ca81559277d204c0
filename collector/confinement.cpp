#include "collector/confinement.hpp"

#include <algorithm>
#include <filesystem>

#include "wire/address.hpp"

namespace voipprobe::collector {
namespace {

std::string folder_of(const std::string& file) {
    const std::string parent = std::filesystem::path(file).parent_path().string();
    return parent.empty() ? "." : parent;
}

// HOST of ipfix:udp://HOST:PORT
bool names_a_host(const std::string& target) {
    const std::size_t begin = target.find("://") + 3, colon = target.rfind(':');
    std::string host = target.substr(begin, colon > begin ? colon - begin : target.npos);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return !wire::IpAddress::parse(host);
}

}  // namespace

sandbox::Needs needs_of(const config::CollectorConfig& config, const std::string& config_file) {
    sandbox::Needs out;
    out.user = config.user;
    out.confine = config.sandbox;
    out.accept = std::any_of(config.listen.begin(), config.listen.end(), [](const config::ListenAddress& a) {
        return a.protocol != config::ListenProtocol::udp;
    });
    out.writable.push_back(config.output);
    if (!config.state.empty()) out.writable.push_back(config.state);
    for (const std::string& sink : config.sinks) {
        const std::string target = sink.substr(std::min(sink.find(':'), sink.size() - 1) + 1);
        if (sink.starts_with("sqlite:")) {
            out.writable.push_back(folder_of(target));  // its journal is beside it
        } else if (!sink.starts_with("ipfix:")) {
            out.writable.push_back(target);
        } else if (target.starts_with("file:")) {
            out.writable.push_back(folder_of(target.substr(5)));  // it is renamed at the end
        } else {
            out.connect = true;
            out.look_up_names |= names_a_host(target);
        }
    }
    for (const std::string& file : config.read)
        if (file != "-") out.readable.push_back(file);
    if (!config_file.empty()) out.readable.push_back(folder_of(config_file));
    return out;
}

}  // namespace voipprobe::collector
