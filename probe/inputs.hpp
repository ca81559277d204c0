// What -i means: interfaces, capture files, standard input, folders of captures, hep:// listeners; in the order given.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "probe/capture/file_source.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

struct Input {
    std::string name;
    bool live = false;
    std::shared_ptr<const PacketFilter> filter = {};  // -f, for files
};

// Folders become their captures (*.pcap, *.pcapng, *.cap) in name order; no input at all becomes the interface of the
// default route. Errors: usage, for what is neither a file nor an interface, and for a filter that libpcap refuses.
Result<std::vector<Input>> resolve_inputs(const config::ProbeConfig& config);

Result<std::unique_ptr<PacketSource>> open_input(const Input& input, const config::ProbeConfig& config);
// The same of one that is not live.
Result<std::unique_ptr<FileSource>> open_file(const Input& input);

}  // namespace voipprobe::probe
