#include "templates/template_spec.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "wire/text.hpp"

namespace voipprobe::templates {
namespace {

// nProbe's macros (its documentation, "-T"); @NTOPNG@ depends on nProbe's mode, this is the packet-capture one.
constexpr std::string_view kSipMacro =
    "%SIP_CALL_ID %SIP_UAC %SIP_UAS %SIP_CALLING_PARTY %SIP_CALLED_PARTY %SIP_RTP_IPV4_SRC_ADDR %SIP_RTP_L4_SRC_PORT "
    "%SIP_RTP_IPV4_DST_ADDR %SIP_RTP_L4_DST_PORT %SIP_RESPONSE_CODE %SIP_REASON_CAUSE %SIP_CALL_STATE %SIP_RTP_CODECS";
constexpr std::string_view kRtpMacro =
    "%RTP_SIP_CALL_ID %RTP_RTT %RTP_IN_JITTER %RTP_OUT_JITTER %RTP_IN_PKT_LOST %RTP_OUT_PKT_LOST %RTP_IN_PKT_DROP "
    "%RTP_OUT_PKT_DROP %RTP_IN_MAX_DELTA %RTP_OUT_MAX_DELTA %RTP_IN_PAYLOAD_TYPE %RTP_OUT_PAYLOAD_TYPE %RTP_IN_MOS "
    "%RTP_OUT_MOS %RTP_IN_R_FACTOR %RTP_OUT_R_FACTOR";
constexpr std::string_view kIntervalMacro =
    "%RECORD_ID %RECORD_KIND %STREAM_RECORD_ID %CALL_RECORD_ID %INTERVAL_START %INTERVAL_PACKETS %INTERVAL_EXPECTED "
    "%INTERVAL_LOST %INTERVAL_DISCARD %INTERVAL_JITTER_MEAN %INTERVAL_JITTER_MAX %STREAM_CODEC %STREAM_CODEC_MODE "
    "%STREAM_CLOCK_RATE %STREAM_PTIME %STREAM_MEDIA";
constexpr std::string_view kNtopngMacro =
    "%IN_SRC_MAC %OUT_DST_MAC %INPUT_SNMP %OUTPUT_SNMP %SRC_VLAN %IPV4_SRC_ADDR %IPV4_DST_ADDR %L4_SRC_PORT "
    "%L4_DST_PORT %IP_PROTOCOL_VERSION %PROTOCOL %L7_PROTO %IN_BYTES %IN_PKTS %OUT_BYTES %OUT_PKTS %FIRST_SWITCHED "
    "%LAST_SWITCHED %CLIENT_TCP_FLAGS %SERVER_TCP_FLAGS %SRC_TOS %DST_TOS";

struct Macro {
    std::string_view name;
    std::string_view text;
};
constexpr std::array<Macro, 4> kMacros{
    {{"@SIP@", kSipMacro}, {"@RTP@", kRtpMacro}, {"@INTERVAL@", kIntervalMacro}, {"@NTOPNG@", kNtopngMacro}}};

constexpr std::size_t kReportedNames = 3;      // unknown names spelt out in one message
constexpr std::size_t kLongestGuessed = 48;    // longer words are not worth a guess
constexpr std::size_t kLongestArgument = 1 << 16;

const Macro* macro_at(std::string_view text) {
    for (const Macro& m : kMacros)
        if (text.starts_with(m.name)) return &m;
    return nullptr;
}

// Blanks, line ends, other control characters and quotes separate; '%' and '@' begin the next word.
bool is_separator(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\''; }
bool ends_name(char c) { return is_separator(c) || c == '%' || c == '@'; }

std::vector<std::string_view> guesses(std::string_view name) {
    if (name.size() > kLongestGuessed) return {};
    std::vector<std::string_view> found = nearest_names(name);
    if (!found.empty()) return found;
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (upper == name) return {};
    return nearest_names(upper);
}

class Parser {
  public:
    Parser(std::string_view text, std::string_view origin, bool is_file)
        : text_(text), is_file_(is_file) {
        spec_.origin = std::string(origin);
    }

    Result<TemplateSpec> parse() {
        if (text_.size() > kLongestArgument) return error(spec_.origin + ": template longer than 65536 octets");
        if (!is_file_) skip_option_letter();
        while (skip_to_word()) {
            const char c = text_[at_];
            if (is_file_ && c == '[') {
                if (auto failed = section(); !failed.empty()) return error(failed);
            } else if (c == '@') {
                macro();
            } else {
                name();
            }
        }
        return finish();
    }

  private:
    static tl::unexpected<Error> error(std::string message) { return fail(ExitCode::usage, std::move(message)); }

    // "-T=%A" and "=%A" reach us from start scripts and nProbe's configuration files.
    void skip_option_letter() {
        std::size_t i = 0;
        while (i < text_.size() && is_separator(text_[i])) ++i;
        if (text_.substr(i).starts_with("-T")) i += 2;
        if (i < text_.size() && text_[i] == '=') ++i;
        at_ = i;
    }

    bool skip_to_word() {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\n') {
                line_start_ = at_ + 1;
                ++line_;
            }
            if (is_file_ && c == '#') {
                while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
                continue;
            }
            if (!is_separator(c) && c != '%') return true;
        }
        return false;
    }

    std::string where(std::size_t at) const {
        const std::string column = "column " + std::to_string(at - line_start_ + 1);
        if (!is_file_) return column;
        return "line " + std::to_string(line_) + " " + column;
    }

    TemplateSection& current() {
        if (spec_.sections.empty()) spec_.sections.push_back({});
        return spec_.sections.back();
    }

    void add(ElementId id) {
        std::vector<ElementId>& e = current().elements;
        if (std::find(e.begin(), e.end(), id) == e.end()) e.push_back(id);
    }

    std::string section() {
        const std::size_t start = at_;
        const std::size_t end = text_.find_first_of("]\n", at_);
        if (end == std::string_view::npos || text_[end] != ']')
            return spec_.origin + ": " + where(start) + ": '[' without ']'";
        const std::string_view label = wire::trim(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        const std::string shown = wire::clean_text(wire::cap_text(label, kLongestGuessed));
        const auto kind = record_kind_by_name(label);
        if (!kind || *kind == RecordKind::stats)
            return spec_.origin + ": " + where(start) + ": no record kind '" + shown +
                   "' (known: flow, call, stream, stream-detail, rtp, sip, message, interval)";
        if (!spec_.sections.empty() && !spec_.sections.front().kind)
            return spec_.origin + ": " + where(start) + ": elements before the first section [" + shown + "]";
        for (const TemplateSection& s : spec_.sections)
            if (s.kind == kind) return spec_.origin + ": " + where(start) + ": section [" + shown + "] appears twice";
        spec_.sections.push_back({kind, {}});
        return {};
    }

    void macro() {
        if (const Macro* m = macro_at(text_.substr(at_))) {
            at_ += m->name.size();
            std::string_view rest = m->text;
            while (!rest.empty()) {
                const std::size_t blank = rest.find(' ');
                const auto found = find_by_name(rest.substr(1, blank == std::string_view::npos ? blank : blank - 1));
                if (found) add(found->id);
                rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
            }
            return;
        }
        const std::size_t start = at_++;
        while (at_ < text_.size() && !ends_name(text_[at_])) ++at_;
        if (at_ < text_.size() && text_[at_] == '@') ++at_;
        unknown(start, text_.substr(start, at_ - start));
    }

    void name() {
        const std::size_t start = at_;
        while (at_ < text_.size() && !ends_name(text_[at_])) ++at_;
        const std::string_view word = text_.substr(start, at_ - start);
        const auto found = find_by_name(word);
        if (!found) return unknown(start, word);
        if (found->legacy)
            spec_.warnings.push_back(where(start) + ": " + std::string(word) + " is an old name of " +
                                     std::string(element(found->id).name));
        add(found->id);
    }

    void unknown(std::size_t start, std::string_view word) {
        if (++unknown_ > kReportedNames) return;
        if (!message_.empty()) message_ += "; ";
        message_ += where(start) + ": no element '" + wire::clean_text(wire::cap_text(word, kLongestGuessed)) + "'";
        if (word.starts_with('@')) {
            message_ += " (macros: @SIP@ @RTP@ @NTOPNG@)";
            return;
        }
        const auto near = guesses(word);
        for (std::size_t i = 0; i < near.size(); ++i) message_ += (i == 0 ? " (nearest: " : ", ") + std::string(near[i]);
        message_ += near.empty() ? " (see --list-elements)" : ")";
    }

    Result<TemplateSpec> finish() {
        if (unknown_ > kReportedNames) message_ += "; and " + std::to_string(unknown_ - kReportedNames) + " more";
        if (unknown_ > 0) return error(spec_.origin + ": " + message_);
        if (spec_.sections.empty()) return error(spec_.origin + ": the template names no element");
        for (const TemplateSection& s : spec_.sections)
            if (s.elements.empty())
                return error(spec_.origin + ": section [" + std::string(record_kind_name(*s.kind)) + "] names no element");
        return std::move(spec_);
    }

    std::string_view text_;
    bool is_file_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
    std::size_t unknown_ = 0;
    std::string message_;
    TemplateSpec spec_;
};

// Without what start scripts leave in front and around: "-T=voip", "=voip", "'voip'".
std::string_view bare_word(std::string_view s) {
    while (!s.empty() && is_separator(s.front())) s.remove_prefix(1);
    while (!s.empty() && is_separator(s.back())) s.remove_suffix(1);
    if (s.starts_with("-T")) s.remove_prefix(2);
    if (s.starts_with('=')) s.remove_prefix(1);
    return s;
}

std::string bundled_names() {
    std::string names;
    for (const BundledTemplate& t : bundled_templates()) names += (names.empty() ? "" : ", ") + std::string(t.name);
    return names;
}

}  // namespace

Result<TemplateSpec> parse_template_text(std::string_view text, std::string_view origin, bool is_file) {
    return Parser(text, origin, is_file).parse();
}

Result<TemplateSpec> parse_template_spec(std::string_view argument, const FileReader& read_file) {
    const std::string_view word = bare_word(argument);
    if (word.find('%') != std::string_view::npos || macro_at(word)) return parse_template_text(argument, "-T", false);
    if (const BundledTemplate* bundled = find_bundled_template(word))
        return parse_template_text(bundled->text, bundled->name, true);

    const bool says_file = word.starts_with('@');
    const std::string path(says_file ? word.substr(1) : word);
    if (read_file && !path.empty())
        if (const auto text = read_file(path)) return parse_template_text(*text, path, true);
    const std::string shown = wire::clean_text(wire::cap_text(word, 255));
    if (says_file || word.find('/') != std::string_view::npos || word.ends_with(".tmpl"))
        return fail(ExitCode::usage, "-T: cannot read the template file '" + shown + "'");

    const bool several_words = std::any_of(word.begin(), word.end(), is_separator);
    if (several_words || word.empty() || find_by_name(word)) return parse_template_text(argument, "-T", false);
    const auto near = guesses(word);
    return fail(ExitCode::usage, "-T: column 1: no template, file or element '" + shown +
                                     "' (templates: " + bundled_names() +
                                     (near.empty() ? "" : "; nearest element: " + std::string(near.front())) + ")");
}

}  // namespace voipprobe::templates
