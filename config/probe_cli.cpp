#include "config/probe_cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <deque>

#include "config/nprobe_options.hpp"
#include "config/option_value.hpp"
#include "config/probe_options.hpp"
#include "config/text_file.hpp"
#include "config/yaml_document.hpp"
#include "templates/element_listing.hpp"
#include "templates/template_spec.hpp"
#include "version.hpp"
#include "wire/text.hpp"

namespace voipprobe::config {
namespace {

using Values = std::vector<std::string>;

tl::unexpected<Error> usage(std::string message) { return fail(ExitCode::usage, std::move(message)); }

class CommandLine {
  public:
    CommandLine() : app_("Measures VoIP calls in packets and exports them as IPFIX or NetFlow v9.", "voipprobe") {
        app_.set_help_flag();
        app_.allow_extras();
        for (const ProbeOption& o : probe_options()) {
            const std::string names = (o.letter != 0 ? std::string{'-', o.letter, ','} : std::string()) + "--" + std::string(o.name);
            options_.emplace_back(&o, add(names, o));
        }
        const auto flag = [this](const char* names, const char* help) { return app_.add_flag(names)->description(help)->group("Information"); };
        config_ = app_.add_option("--config", config_file_, "read options from a YAML file (same names), or from nProbe's (-x=value lines)")->type_name("FILE")->group("Information");
        help_ = flag("-h,--help", "this text");
        version_ = flag("--version", "version");
        list_elements_ = flag("--list-elements{text}", "every element; =json for programs");
        list_templates_ = flag("--list-templates", "the bundled templates");
        print_config_ = flag("--print-config", "the options in force, as a file for --config");
        check_config_ = flag("--check-config", "check the options and leave");
    }

    Result<void> parse(const Values& arguments) {
        Values reversed(arguments.rbegin(), arguments.rend());
        try {
            app_.parse(reversed);
        } catch (const CLI::ParseError& e) {
            return usage(wire::clean_text(e.what()) + "; see --help");
        }
        const Values extra = app_.remaining();
        if (!extra.empty()) return unknown(extra.front());
        return {};
    }

    bool wants(const CLI::Option* o) const { return o->count() > 0; }
    Values values(const CLI::Option* o) const {
        Values v = o->results();
        for (std::string& s : v)
            if (s.starts_with('=')) s.erase(0, 1);  // nProbe's "-i=eth0"
        return v;
    }

    std::string help() const { return app_.help(); }
    const auto& options() const { return options_; }
    const CLI::Option* config() const { return config_; }
    const CLI::Option* help_flag() const { return help_; }
    const CLI::Option* version() const { return version_; }
    const CLI::Option* list_elements() const { return list_elements_; }
    const CLI::Option* list_templates() const { return list_templates_; }
    const CLI::Option* print_config() const { return print_config_; }
    const CLI::Option* check_config() const { return check_config_; }

  private:
    CLI::Option* add(const std::string& names, const ProbeOption& o) {
        std::string help(o.help);
        CLI::Option* made = nullptr;
        if (!o.implied.empty()) {  // may stand bare
            made = app_.add_flag(names + "{" + std::string(o.implied) + "}")->description(help);
            made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        } else {
            const Values defaults = o.get(ProbeConfig{});
            if (!defaults.empty()) help += " (" + defaults.front() + ")";
            made = app_.add_option(names, given_.emplace_back(), help);
            made->type_name(std::string(o.placeholder))->expected(1)->allow_extra_args(false);
            made->multi_option_policy(o.repeatable ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
        }
        return made->group(std::string(o.group));
    }

    Result<void> unknown(const std::string& argument) const {
        const std::string shown = wire::clean_text(wire::cap_text(argument, 80));
        if (!argument.starts_with('-')) return usage("unexpected argument '" + shown + "'; captures are given with -i");
        std::vector<std::string> names{"--config", "--help", "--version", "--list-elements", "--list-templates", "--print-config", "--check-config"};
        for (const auto& [o, option] : options_) names.push_back("--" + std::string(o->name));
        const std::vector<std::string_view> known(names.begin(), names.end());
        const std::string near(argument.starts_with("--") ? nearest(argument.substr(0, argument.find('=')), known) : "");
        return usage("unknown option '" + shown + "'; " + (near.empty() ? "see --help" : "did you mean " + near + "?"));
    }

    CLI::App app_;
    std::deque<Values> given_;  // CLI11 wants a place for every option
    std::string config_file_;
    std::vector<std::pair<const ProbeOption*, CLI::Option*>> options_;
    CLI::Option* config_ = nullptr;
    CLI::Option* help_ = nullptr;
    CLI::Option* version_ = nullptr;
    CLI::Option* list_elements_ = nullptr;
    CLI::Option* list_templates_ = nullptr;
    CLI::Option* print_config_ = nullptr;
    CLI::Option* check_config_ = nullptr;
};

Result<void> apply_command_line(ProbeConfig& config, const CommandLine& line);

// A file of nProbe's, one "-x=value" a line: a command line that every other source wins over.
Result<void> apply_nprobe_file(ProbeConfig& config, const Values& arguments, const std::string& path, Values& warnings) {
    auto translated = translate_nprobe_options(arguments);
    if (!translated) return usage(path + ": " + translated.error().message);
    CommandLine line;
    auto done = line.parse(translated->arguments);
    if (done && line.wants(line.config())) done = usage("a configuration file names no other one");
    if (done) done = apply_command_line(config, line);
    if (!done) return usage(path + ": " + done.error().message);
    warnings.insert(warnings.end(), translated->warnings.begin(), translated->warnings.end());
    return {};
}

Result<void> apply_file(ProbeConfig& config, const std::string& path, Values& warnings) {
    if (const auto text = read_text_file(path))
        if (const auto arguments = read_nprobe_file(*text)) return apply_nprobe_file(config, *arguments, path, warnings);
    std::vector<std::string_view> known;
    for (const ProbeOption& o : probe_options()) known.push_back(o.name);
    const auto settings = read_yaml_settings(path, known);
    if (!settings) return tl::unexpected<Error>(settings.error());
    for (const YamlSetting& s : *settings) {
        if (s.values.empty()) continue;  // "option:" keeps the default
        const std::string where = path + ":" + std::to_string(s.line) + ": " + s.key;
        const ProbeOption& o = *find_probe_option(s.key);
        if (s.values.size() > 1 && !o.repeatable) return usage(where + ": takes one value");
        if (auto done = apply_option(config, o, s.values, where); !done) return done;
    }
    return {};
}

std::string environment_name(std::string_view option) {
    std::string name = "VOIPPROBE_";
    for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

Result<void> apply_environment(ProbeConfig& config, const Environment& environment) {
    for (const ProbeOption& o : probe_options()) {
        const std::string name = environment_name(o.name);
        const auto value = environment(name);
        if (!value || value->empty()) continue;
        Values values;
        if (o.repeatable) {  // several in one variable: blanks between them
            std::string_view rest = *value;
            while (!rest.empty()) {
                const std::size_t blank = rest.find(' ');
                if (blank != 0) values.emplace_back(rest.substr(0, blank));
                rest = blank == rest.npos ? std::string_view() : rest.substr(blank + 1);
            }
        } else {
            values.push_back(*value);
        }
        if (auto done = apply_option(config, o, values, name); !done) return done;
    }
    return {};
}

Result<void> apply_command_line(ProbeConfig& config, const CommandLine& line) {
    for (const auto& [option, given] : line.options()) {
        if (given->count() == 0) continue;
        Values values = line.values(given);
        if (option->name == "verbose") values = {std::to_string(std::min<std::size_t>(values.size(), 3))};
        const std::string where = option->letter != 0 ? std::string{'-', option->letter} : "--" + std::string(option->name);
        if (auto done = apply_option(config, *option, values, where); !done) return done;
    }
    return {};
}

ProbeInvocation printed(std::string text) {
    ProbeInvocation out;
    out.action = ProbeAction::print;
    out.text = std::move(text);
    return out;
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread
    if (value == nullptr) return std::nullopt;
    return std::string(value);
}

Result<ProbeInvocation> parse_probe_command_line(const Values& typed, const Environment& environment) {
    Values arguments = typed;
    // "nprobe FILE" reads its options from the file.
    if (typed.size() == 1 && !typed.front().starts_with('-'))
        if (const auto text = read_text_file(typed.front()); text && read_nprobe_file(*text)) arguments = {"--config", typed.front()};
    const auto translated = translate_nprobe_options(arguments);
    if (!translated) return tl::unexpected<Error>(translated.error());
    CommandLine line;
    if (auto parsed = line.parse(translated->arguments); !parsed) return tl::unexpected<Error>(parsed.error());
    if (line.wants(line.help_flag())) return printed(line.help());
    if (line.wants(line.version())) return printed("voipprobe " + std::string(VOIPPROBE_VERSION) + "\n");

    ProbeInvocation out;
    out.warnings = translated->warnings;
    if (line.wants(line.config())) {
        out.config_file = line.values(line.config()).back();
        if (auto done = apply_file(out.config, out.config_file, out.warnings); !done) return tl::unexpected<Error>(done.error());
    }
    if (auto done = apply_environment(out.config, environment); !done) return tl::unexpected<Error>(done.error());
    if (auto done = apply_command_line(out.config, line); !done) return tl::unexpected<Error>(done.error());

    if (line.wants(line.list_templates())) return printed(templates::list_templates_text());
    if (line.wants(line.list_elements())) {
        const std::string format = line.values(line.list_elements()).back();
        if (format != "text" && format != "json") return usage("--list-elements: '" + format + "' is not one of text, json");
        return printed(format == "json" ? templates::list_elements_json(out.config.pen) : templates::list_elements_text(out.config.pen));
    }
    if (auto valid = validate(out.config); !valid) return tl::unexpected<Error>(valid.error());
    const auto spec = templates::parse_template_spec(out.config.template_spec, read_text_file);
    if (!spec) return tl::unexpected<Error>(spec.error());
    for (const std::string& w : spec->warnings) out.warnings.push_back(spec->origin + ": " + w);
    if (line.wants(line.print_config())) return printed(print_config(out.config));
    if (line.wants(line.check_config())) out.action = ProbeAction::check_config;
    return out;
}

}  // namespace voipprobe::config
