#include "probe/inputs.hpp"

#include <net/if.h>

#include <algorithm>
#include <filesystem>

#include "config/log.hpp"
#include "probe/capture/file_source.hpp"
#include "probe/capture/hep_source.hpp"
#include "probe/capture/live_source.hpp"

namespace voipprobe::probe {
namespace {

namespace fs = std::filesystem;

bool is_capture_name(const fs::path& p) {
    const std::string e = p.extension().string();
    return e == ".pcap" || e == ".pcapng" || e == ".cap";
}

}  // namespace

Result<std::vector<Input>> resolve_inputs(const config::ProbeConfig& config) {
    std::vector<Input> inputs;
    if (config.interfaces.empty()) {
        const auto name = default_interface();
        if (!name) return fail(ExitCode::usage, "no -i given and no default route to choose an interface by");
        log::info("no -i given: capturing on " + *name + ", the interface of the default route");
        return std::vector<Input>{{*name, true}};
    }
    for (const std::string& name : config.interfaces) {
        std::error_code ignored;
        if (name.starts_with("hep://")) {
            if (const auto url = parse_hep_url(name); !url) return tl::unexpected<Error>(url.error());
            inputs.push_back({name, true});
        } else if (name == "-") {
            inputs.push_back({name, false});
        } else if (fs::is_directory(name, ignored)) {
            std::vector<std::string> files;
            for (const auto& entry : fs::directory_iterator(name, ignored))
                if (entry.is_regular_file() && is_capture_name(entry.path())) files.push_back(entry.path().string());
            if (files.empty()) return fail(ExitCode::usage, name + ": no *.pcap, *.pcapng or *.cap in this folder");
            std::sort(files.begin(), files.end());
            for (std::string& f : files) inputs.push_back({std::move(f), false});
        } else if (fs::exists(name, ignored)) {
            inputs.push_back({name, false});
        } else if (name == "any" || if_nametoindex(name.c_str()) != 0) {
            inputs.push_back({name, true});
        } else {
            return fail(ExitCode::usage, "-i " + name + ": neither a file nor an interface; `ip link` lists the interfaces");
        }
    }
    return inputs;
}

Result<std::unique_ptr<PacketSource>> open_input(const Input& input, const config::ProbeConfig& config) {
    const auto up = [](auto&& opened) -> Result<std::unique_ptr<PacketSource>> {
        if (!opened) return tl::unexpected<Error>(opened.error());
        return std::unique_ptr<PacketSource>(std::move(*opened));
    };
    if (!input.live) {
        if (!config.filter.empty()) return fail(ExitCode::usage, "-f filters live interfaces; for a file use: tcpdump -r FILE -w OUT FILTER");
        return up(FileSource::open(input.name));
    }
    if (input.name.starts_with("hep://")) {
        const auto url = parse_hep_url(input.name);
        if (!url) return tl::unexpected<Error>(url.error());
        return up(HepSource::open(*url));
    }
    LiveConfig live;
    live.interface = input.name;
    live.filter = config.filter;
    live.snaplen = config.snaplen;
    live.ring_octets = std::size_t{config.ring_size} << 20;
    live.promiscuous = config.promiscuous;
    live.reopen = config.reopen;
    return up(LiveSource::open(live));
}

}  // namespace voipprobe::probe
