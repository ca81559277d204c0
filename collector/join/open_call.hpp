// A call that is still being put together, and the key it is found by. Thread rule: value types of the
// joiner.
#pragma once

#include <list>
#include <vector>

#include "collector/join/facts.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::collector {

struct CallKey {
    ProbeId probe;
    RecordId id = kNoId;
    friend bool operator==(const CallKey&, const CallKey&) = default;
    friend auto operator<=>(const CallKey&, const CallKey&) = default;
};

struct CallKeyHash {
    std::size_t operator()(const CallKey& k) const {
        const auto& a = k.probe.address.octets;
        return wire::siphash13(wire::SipKey{},
                               std::array<std::uint64_t, 5>{
                                   wire::load_le64(a.data()), wire::load_le64(a.data() + 8), k.probe.domain,
                                   wire::load_le64(k.id.data()), wire::load_le64(k.id.data() + 8)});
    }
};

struct OpenStream {
    StreamFacts facts;
    bool row_written = false;
};

struct OpenCall {
    CallKey key;
    CallFacts facts;
    std::vector<OpenStream> streams;
    bool row_written = false;  // only late streams are still awaited
    bool has_record = false;   // a call record of our own probe came: it knows more than nProbe's records
    bool ntop_style = false;
    bool named_by_exporter = false;  // key.id came from the wire, so it is the row's record_id
    bool pair_needed = false;        // nothing but a guess ties its streams: a row only for both directions
    wire::TimeNs due = wire::kNever;
    std::uint64_t due_serial = 0;
    std::list<CallKey>::iterator age;
};

}  // namespace voipprobe::collector
