#include "probe/inputs.hpp"

#include <net/if.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/log.hpp"
#include "probe/capture/file_source.hpp"
#include "probe/capture/hep_source.hpp"
#include "probe/capture/live_source.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

namespace fs = std::filesystem;

bool is_capture_name(const fs::path& p) {
    const std::string e = p.extension().string();
    return e == ".pcap" || e == ".pcapng" || e == ".cap";
}

// --pcap-file-list: one name a line; blank lines and # comments are skipped.
Result<void> add_listed(const std::string& path, std::vector<std::string>& names) {
    std::ifstream in(path);
    if (!in) return fail(ExitCode::usage, "--pcap-file-list " + path + ": cannot be read");
    for (std::string line; std::getline(in, line);) {
        const std::string_view name = wire::trim(line);
        if (!name.empty() && name.front() != '#') names.emplace_back(name);
    }
    return {};
}

// nProbe's "-i eth0,eth1", unless there is a file of that name.
std::vector<std::string> parted(const std::string& name) {
    std::error_code ignored;
    std::vector<std::string> out;
    if (name.find(',') == name.npos || fs::exists(name, ignored)) return {name};
    for (std::size_t at = 0; at <= name.size();) {
        const std::size_t comma = std::min(name.find(',', at), name.size());
        if (comma > at) out.push_back(name.substr(at, comma - at));
        at = comma + 1;
    }
    return out;
}

// -f for files; interfaces have libpcap's own, in the kernel.
Result<void> filter_files(std::vector<Input>& inputs, const std::string& expression) {
    if (expression.empty() || std::all_of(inputs.begin(), inputs.end(), [](const Input& i) { return i.live; })) return {};
    const auto filter = PacketFilter::compile(expression);
    if (!filter) return tl::unexpected<Error>(filter.error());
    for (Input& i : inputs)
        if (!i.live) i.filter = *filter;
    return {};
}

}  // namespace

Result<std::vector<Input>> resolve_inputs(const config::ProbeConfig& config) {
    std::vector<Input> inputs;
    std::vector<std::string> names;
    for (const std::string& typed : config.interfaces)
        for (std::string& name : parted(typed)) names.push_back(std::move(name));
    if (!config.capture_list.empty())
        if (auto added = add_listed(config.capture_list, names); !added) return tl::unexpected<Error>(added.error());
    if (names.empty() && !config.capture_list.empty())
        return fail(ExitCode::usage, "--pcap-file-list " + config.capture_list + ": names no capture");
    if (names.empty()) {
        const auto name = default_interface();
        if (!name) return fail(ExitCode::usage, "no -i given and no default route to choose an interface by");
        log::info("no -i given: capturing on " + *name + ", the interface of the default route");
        return std::vector<Input>{{*name, true}};
    }
    for (const std::string& name : names) {
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
    if (auto filtered = filter_files(inputs, config.filter); !filtered) return tl::unexpected<Error>(filtered.error());
    return inputs;
}

Result<std::unique_ptr<FileSource>> open_file(const Input& input) {
    auto source = FileSource::open(input.name);
    if (source) (*source)->set_filter(input.filter);
    return source;
}

Result<std::unique_ptr<PacketSource>> open_input(const Input& input, const config::ProbeConfig& config) {
    const auto up = [](auto&& opened) -> Result<std::unique_ptr<PacketSource>> {
        if (!opened) return tl::unexpected<Error>(opened.error());
        return std::unique_ptr<PacketSource>(std::move(*opened));
    };
    if (!input.live) return up(open_file(input));
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
