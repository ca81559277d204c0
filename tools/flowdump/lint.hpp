// Checks export messages against the rules of their RFCs: what an exporter must keep, not what a collector must bear.
// Keeps the state of every session (one exporter's socket, or a file) and observation domain. Every finding names its
// rule by RFC and section. Thread rule: one thread. Bounds: none, for tools and tests.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/flow_message.hpp"
#include "wire/flow_template.hpp"

namespace voipprobe::lint {

enum class Rule : std::uint8_t {
    version,           // RFC 7011 §3.1, RFC 3954 §5.1
    length,            // RFC 7011 §3.1
    no_set,            // RFC 7011 §3
    sequence,          // RFC 7011 §3.1
    set_length,        // RFC 7011 §3.3.2
    set_id,            // RFC 7011 §3.3.2
    set_empty,         // RFC 7011 §3.3.1
    padding,           // RFC 7011 §3.3.1
    record_cut,        // RFC 7011 §3.4.3
    template_id,       // RFC 7011 §3.4.1
    template_cut,      // RFC 7011 §3.4.1
    field_length,      // RFC 7011 §3.2
    field_id,          // RFC 7011 §3.2
    scope,             // RFC 7011 §3.4.2.2
    reduced_size,      // RFC 7011 §6.2
    utf8,              // RFC 7011 §6.1.6
    boolean,           // RFC 7011 §6.1.5
    no_template,       // RFC 7011 §8
    redefined,         // RFC 7011 §8
    withdrawn_udp,     // RFC 7011 §8.4
    withdrawn_unknown, // RFC 7011 §8.1
    refresh,           // RFC 7011 §8.4
    path_mtu,          // RFC 7011 §10.3.3
    statistics_scope,  // RFC 7011 §4
    biflow_direction,  // RFC 5103 §6.3
    biflow_element,    // RFC 5103 §6.1
    type_information,  // RFC 5610 §3
    v9_count,          // RFC 3954 §5.1
    v9_sequence,       // RFC 3954 §5.1
    v9_set_id,         // RFC 3954 §5.2
    v9_alignment,      // RFC 3954 §5.3
    v9_options,        // RFC 3954 §6.1
    v9_no_template,    // RFC 3954 §7
    kCount
};
struct RuleText {
    std::string_view section;  // "RFC 7011 §3.1"
    std::string_view text;     // what must be
};
RuleText rule_text(Rule rule);

struct Finding {
    Rule rule = Rule::version;
    std::uint64_t message = 0;  // number of the message, from 1
    std::string detail;
    std::string line() const;  // "message 3: RFC 7011 §3.1 sequence ...: ..."
};

struct LintOptions {
    std::size_t path_mtu = 1472;               // octets of a UDP message that fit an Ethernet frame
    std::uint32_t refresh_seconds = 600;       // over UDP a template in use is repeated within
};

class Lint {
  public:
    explicit Lint(LintOptions options = {}) : options_(options) {}

    // `session`: any name for the exporter's socket. `udp`: false for TCP and files.
    void message(const std::string& session, bool udp, wire::Bytes octets);
    const std::vector<Finding>& findings() const { return findings_; }
    std::uint64_t messages() const { return messages_; }
    std::uint64_t records() const { return records_; }

  private:
    struct Known {
        wire::TemplateSpec spec;
        std::uint32_t sent = 0;  // export time
    };
    struct Domain {
        std::map<std::uint16_t, Known> templates;
        bool started = false;
        std::uint32_t next = 0;  // sequence number that is due
    };
    struct Reading;  // of one message

    void found(Rule rule, std::string detail = {});
    void read_templates(Reading& r, const wire::SetView& set);
    void check_template(const Reading& r, const wire::TemplateSpec& t);
    void check_field(const Reading& r, const wire::FieldSpec& f);
    void read_data(Reading& r, const wire::SetView& set);
    void check_value(const Reading& r, const wire::FieldSpec& f, wire::Bytes value);
    void check_padding(wire::Bytes rest, std::size_t shortest);
    void check_raw(wire::Bytes octets);

    LintOptions options_;
    std::map<std::pair<std::string, std::uint32_t>, Domain> domains_;
    std::vector<Finding> findings_;
    std::uint64_t messages_ = 0;
    std::uint64_t records_ = 0;
};

}  // namespace voipprobe::lint
