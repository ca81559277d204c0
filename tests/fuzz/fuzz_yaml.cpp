// A configuration file of any content, for both programs. What was understood is printed and read again: the same options.
#include <cstdlib>

#include "config/collector_config.hpp"
#include "config/probe_options.hpp"
#include "config/yaml_document.hpp"

using namespace voipprobe::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::vector<std::string_view> keys;
    for (const ProbeOption& o : probe_options()) keys.push_back(o.name);
    if (const auto settings = parse_yaml_settings(text, "fuzz", keys)) {
        ProbeConfig config;
        for (const YamlSetting& s : *settings)
            if (!s.values.empty()) (void)apply_option(config, *find_probe_option(s.key), s.values, "fuzz");
        const std::string printed = print_config(config);
        const auto again = parse_yaml_settings(printed, "printed", keys);
        // What no YAML scalar of one line can say may be refused, but nothing may come back as something else.
        if (again) {
            ProbeConfig copy;
            for (const YamlSetting& s : *again)
                if (!s.values.empty() && !apply_option(copy, *find_probe_option(s.key), s.values, "printed")) std::abort();
            if (printed.find('\r') == printed.npos && printed.find("\xc2\x85") == printed.npos && print_config(copy) != printed) std::abort();
        }
    }
    keys.clear();
    for (const CollectorOption& o : collector_options()) keys.emplace_back(o.key);
    if (const auto settings = parse_yaml_settings(text, "fuzz", keys)) {
        CollectorConfig config;
        for (const YamlSetting& s : *settings) (void)apply_option(config, s.key, s.values);
        (void)config.validate();
    }
    return 0;
}
