#include "collector/join/sip_performance.hpp"

#include <algorithm>
#include <array>

namespace voipprobe::collector {
namespace {

using enum templates::ElementId;

std::optional<double> span_ms(const Count& from, const Count& to) {
    if (!from || !to || *to < *from) return std::nullopt;
    return static_cast<double>(*to - *from) / 1000;
}

std::optional<double> percent_of(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return std::nullopt;
    return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

bool one_of(std::uint64_t code, std::initializer_list<std::uint64_t> codes) {
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

void SipPerformance::Mean::add(const std::optional<double>& ms) {
    if (!ms) return;
    ++n;
    sum_ms += *ms;
}

void SipPerformance::on_call(const CallRow& row) {
    const CallFacts& c = row.facts;
    if (!c.from_exporter || !c.invite || (c.signalling != "SIP" && !c.signalling.empty())) return;
    const std::uint64_t code = c.response_code.value_or(0);
    if (!c.ok && code < 300 && !c.cancel) return;  // still being set up
    ++attempts;
    if (c.ok) {
        ++established;
        ++effective;
        setup.add(row.post_dial_delay_ms);
        if (c.bye) {
            ++completed;
            duration.add(span_ms(c.ok, c.bye));
            if (c.bye_ok)
                disconnect.add(span_ms(c.bye, c.bye_ok));
            else
                ++disconnect_unanswered;
        }
        return;
    }
    if (code >= 300 && code < 400) {
        ++redirected;
        return;
    }
    if (code >= 400) failed_setup.add(span_ms(c.invite, c.failure));
    if (one_of(code, {480, 486, 600, 603})) ++effective;
    if (one_of(code, {408, 500, 503, 504})) ++ineffective;
}

void SipPerformance::on_flow(const Record& record) {
    if (!record.has(SIP_REGISTER_SUCCEEDED)) return;
    registered += record[SIP_REGISTER_SUCCEEDED].as_number().value_or(0);
    refused += record[SIP_REGISTER_FAILED].as_number().value_or(0);
    registration_delay_ms += static_cast<double>(record[SIP_REGISTER_DELAY].as_number().value_or(0)) / 1e6;
}

std::optional<double> SipPerformance::registration_delay() const {
    return registered == 0 ? std::nullopt
                           : std::optional(registration_delay_ms / static_cast<double>(registered));
}
std::optional<double> SipPerformance::ineffective_registrations_pct() const {
    return percent_of(refused, registered + refused);
}
std::optional<double> SipPerformance::establishment_pct() const {
    return percent_of(established, attempts - redirected);
}
std::optional<double> SipPerformance::effectiveness_pct() const {
    return percent_of(effective, attempts - redirected);
}
std::optional<double> SipPerformance::ineffective_pct() const { return percent_of(ineffective, attempts); }
std::optional<double> SipPerformance::completion_pct() const { return percent_of(completed, attempts); }

}  // namespace voipprobe::collector
