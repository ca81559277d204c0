// The command line of voipcollector: CLI11 finds the words, the table of options gives them meaning.
#include <CLI/CLI.hpp>
#include <cstdlib>

#include "config/collector_config.hpp"
#include "config/yaml_document.hpp"
#include "version.hpp"

namespace voipprobe::config {
namespace {

constexpr const char* kDescription =
    "voipcollector receives IPFIX and NetFlow v9, joins calls with their media and writes them as CSV.";
constexpr const char* kFooter = R"(Examples:
  voipcollector -l udp://0.0.0.0:2055 -o calls/
  voipcollector -r export.ipfix -o calls/ --stats
  voipcollector -l tcp://[::]:4739 --rotate-time 1h --sink jsonl:json/

Every option can stand in the --config file under its long name ('listen: udp://0.0.0.0:2055') and in the
environment (VOIPCOLLECTOR_LISTEN); the command line wins, then the environment, then the file.
Exit codes: 0 ok, 1 failure, 2 usage, 3 damaged input, 4 lost records (--strict), 5 MOS below the limit.)";

std::string environment_name(std::string_view key) {
    std::string out = "VOIPCOLLECTOR_";
    for (const char c : key) out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return out;
}

std::vector<std::string_view> keys() {
    std::vector<std::string_view> out;
    for (const CollectorOption& o : collector_options()) out.emplace_back(o.key);
    return out;
}

// What was typed, by option.
using Typed = std::vector<std::pair<std::string, std::vector<std::string>>>;

std::string explain_error(const CLI::ParseError& e, int argc, const char* const* argv) {
    std::string text = e.what();
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        if (!word.starts_with("--") || word.size() < 4) continue;
        word = word.substr(2, word.find('=') - 2);
        auto known = keys();
        for (const char* extra : {"config", "help", "version"}) known.emplace_back(extra);
        if (std::find(known.begin(), known.end(), word) != known.end()) continue;
        const std::string_view hint = nearest(word, known);
        return "unknown option --" + word +
               (hint.empty() ? "" : "; did you mean --" + std::string(hint) + "?");
    }
    return text;
}

Result<void> apply_file(CollectorConfig& config, const std::string& path) {
    auto settings = read_yaml_settings(path, keys());
    if (!settings) return tl::unexpected(settings.error());
    for (const YamlSetting& s : *settings)
        if (auto done = apply_option(config, s.key, s.values); !done)
            return fail(done.error().code, path + ":" + std::to_string(s.line) + ": " + done.error().message);
    return {};
}

Result<void> apply_environment(CollectorConfig& config) {
    for (const CollectorOption& o : collector_options()) {
        const std::string name = environment_name(o.key);
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') continue;
        if (auto done = apply_option(config, o.key, {value}); !done)
            return fail(done.error().code, name + ": " + done.error().message);
    }
    return {};
}

}  // namespace

Result<CollectorCommand> read_collector_command(int argc, const char* const* argv) {
    CLI::App app{kDescription, "voipcollector"};
    app.footer(kFooter);
    app.set_version_flag("--version", std::string("voipcollector ") + VOIPPROBE_VERSION);
    app.get_formatter()->column_width(34);
    std::string config_file;
    app.add_option("--config", config_file, "a YAML file with options by their long names")
        ->type_name("FILE");

    Typed typed(collector_options().size());
    std::vector<CLI::Option*> found;
    for (std::size_t i = 0; i < collector_options().size(); ++i) {
        const CollectorOption& o = collector_options()[i];
        typed[i].first = o.key;
        if (o.value_optional && *o.value_name == '\0') {
            found.push_back(app.add_flag(o.names, o.description));
            continue;
        }
        CLI::Option* option =
            app.add_option(o.names, typed[i].second, o.description)->type_name(o.value_name);
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        if (o.value_optional)
            option->expected(0, 1);
        else
            option->expected(1);
        found.push_back(option);
    }
    CollectorCommand out;
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help, --version
        out.only_message = true;
        out.message = e.get_exit_code() == 0 && std::string(e.get_name()) == "CallForHelp"
                          ? app.help()
                          : std::string(e.what()) + "\n";
        return out;
    } catch (const CLI::ParseError& e) {
        return fail(ExitCode::usage,
                    explain_error(e, argc, argv) + "; voipcollector --help lists the options");
    }
    out.config_file = config_file;
    if (!config_file.empty())
        if (auto done = apply_file(out.config, config_file); !done) return tl::unexpected(done.error());
    if (auto done = apply_environment(out.config); !done) return tl::unexpected(done.error());
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i]->count() == 0) continue;
        if (*collector_options()[i].value_name == '\0') typed[i].second.assign(found[i]->count(), "true");
        if (auto done = apply_option(out.config, typed[i].first, typed[i].second); !done)
            return tl::unexpected(done.error());
    }
    if (auto valid = out.config.validate(); !valid) return tl::unexpected(valid.error());
    return out;
}

}  // namespace voipprobe::config
