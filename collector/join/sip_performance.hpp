// The figures of RFC 6076 over everything that was received: registrations from flow records
// (SIP_REGISTER_SUCCEEDED ...), sessions from the final rows of SIP calls. What a probe on the path can say:
// times are between packets as they passed it, and an attempt after a challenge or a redirection is the same
// attempt. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "collector/join/rows.hpp"
#include "collector/session/record.hpp"

namespace voipprobe::collector {

struct SipPerformance {
    // A mean over what was measured; nullopt: nothing was.
    struct Mean {
        std::uint64_t n = 0;
        double sum_ms = 0;
        void add(const std::optional<double>& ms);
        std::optional<double> value() const {
            return n == 0 ? std::nullopt : std::optional(sum_ms / static_cast<double>(n));
        }
    };

    void on_call(const CallRow& row);
    void on_flow(const Record& record);

    std::optional<double> ineffective_registrations_pct() const;  // IRA, §4.2
    std::optional<double> establishment_pct() const;              // SER, §4.6
    std::optional<double> effectiveness_pct() const;              // SEER, §4.7
    std::optional<double> ineffective_pct() const;                // ISA, §4.8
    std::optional<double> completion_pct() const;                 // SCR, §4.9

    std::uint64_t registered = 0, refused = 0;
    double registration_delay_ms = 0;  // sum; RRD, §4.1
    std::optional<double> registration_delay() const;
    Mean setup, failed_setup;  // SRD, §4.3: INVITE to its first answer that says something; to the refusal
    Mean disconnect;           // SDD, §4.4: BYE to its 2xx
    std::uint64_t disconnect_unanswered = 0;
    Mean duration;                 // SDT, §4.5: 2xx to BYE
    std::uint64_t attempts = 0;    // INVITEs that begin a session, with a final response or CANCEL
    std::uint64_t redirected = 0;  // 3xx and no further attempt: in no ratio but ISA and SCR
    std::uint64_t established = 0, effective = 0, ineffective = 0, completed = 0;
};

}  // namespace voipprobe::collector
