// What strangers may make the collector remember, and what it counted. Every bound has a counter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "collector/session/sequence.hpp"
#include "wire/flow_message.hpp"
#include "wire/flow_template.hpp"

namespace voipprobe::collector {

struct SessionLimits {
    std::size_t exporters = 1024;
    std::size_t domains_per_exporter = 64;
    std::size_t templates_per_domain = 512;
    std::size_t template_octets = 64U << 20;  // all templates together
    std::size_t pending_octets_per_domain = 256U << 10;
    std::size_t pending_octets = 16U << 20;  // all waiting data together
    std::uint32_t provisional_seconds = 1800;  // of export time, for templates of an earlier run
    // Of export time without a refresh, over UDP (RFC 7011 §8.4): six times what the slowest exporters take.
    std::uint32_t template_seconds = 10'800;
    std::uint32_t pending_seconds = 120;     // of export time; nProbe refreshes templates within 60 s
};

struct SessionCounters {
    std::uint64_t messages = 0;  // well-formed ones
    std::uint64_t octets = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(wire::MessageError::kCount)> bad_messages{};
    std::array<std::uint64_t, static_cast<std::size_t>(wire::TemplateEvent::kCount)> template_events{};
    std::uint64_t templates_replaced = 0;   // same id, other shape
    std::uint64_t exporters_unstable = 0;   // sessions that did so too often (Flapping)
    std::uint64_t templates_refreshed = 0;  // identical
    std::uint64_t templates_restored = 0;   // of an earlier run (--state)
    std::uint64_t withdrawals_ignored = 0;  // over UDP, RFC 7011 §8.4
    std::uint64_t exporters_evicted = 0;
    std::uint64_t domains_evicted = 0;
    std::uint64_t templates_evicted = 0;
    std::uint64_t templates_expired = 0;      // over UDP, not refreshed for SessionLimits::template_seconds
    std::uint64_t templates_over_budget = 0;  // refused: total template memory
    std::uint64_t reserved_sets = 0;
    std::uint64_t sets_waiting = 0;  // data before its template, kept
    std::uint64_t sets_decoded_late = 0;
    std::uint64_t sets_dropped = 0;  // their template never came in time, or no room
    std::uint64_t set_octets_dropped = 0;
    std::uint64_t damaged_sets = 0;      // a record ran past its set
    std::uint64_t sets_over_budget = 0;  // more records than one message may hold
    std::uint64_t data_records = 0;
    std::uint64_t options_records = 0;
    std::uint64_t unreadable_fields = 0;  // length does not fit the type
    std::uint64_t types_learnt = 0;       // RFC 5610
    SequenceCounters sequence;

    std::uint64_t bad_message_total() const {
        std::uint64_t n = 0;
        for (const std::uint64_t c : bad_messages) n += c;
        return n;
    }
};

}  // namespace voipprobe::collector
