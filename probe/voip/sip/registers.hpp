// REGISTER transactions of a flow (RFC 3261 §10): answers by class and the longest registration request delay
// (RFC 6076 §4.1: REGISTER to its 2xx; here also to an authentication challenge, as nProbe's element has it). Bounded:
// flows beyond the cap, and requests beyond eight open ones, are not measured. Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "probe/flow/flow.hpp"
#include "probe/voip/sip/sip_message.hpp"
#include "wire/address.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

struct RegisterFigures {
    std::uint32_t ok = 0;     // 2xx, 401, 407
    std::uint32_t other = 0;
    std::uint32_t max_delay_ms = 0;
    bool has_delay = false;
    // Since the last record.
    std::uint32_t succeeded = 0, failed = 0;
    std::uint64_t delay_ns = 0;  // of those that succeeded
    std::string user;        // that registered last: address of record, or the number of a telephone's line
    wire::IpAddress client;  // the host it registered from

    struct Open {
        std::uint64_t transaction = 0;  // hash of Via branch and CSeq
        wire::TimeNs time = wire::kNever;
    };
    std::array<Open, 8> open{};
    std::uint8_t next = 0;
};

class RegisterTable {
  public:
    explicit RegisterTable(std::size_t max_flows = 65'536) : max_flows_(max_flows) {}
    // `to`: where the message goes; a 2xx goes to the host that registers.
    void note(FlowIndex flow, const SipMessage& m, wire::TimeNs time, const wire::IpAddress& to = {});
    // Another protocol says that a user is registered.
    void note_user(FlowIndex flow, std::string_view user, const wire::IpAddress& client);
    // nullptr: no REGISTER on that flow.
    const RegisterFigures* find(FlowIndex flow) const {
        const auto it = flows_.find(flow);
        return it == flows_.end() ? nullptr : &it->second;
    }
    // Its figures are in a record.
    void sent(FlowIndex flow) {
        const auto it = flows_.find(flow);
        if (it == flows_.end()) return;
        RegisterFigures& f = it->second;
        f.succeeded = f.failed = 0;
        f.delay_ns = 0;
    }
    void forget(FlowIndex flow) { flows_.erase(flow); }
    std::size_t size() const { return flows_.size(); }

  private:
    RegisterFigures* figures(FlowIndex flow);
    std::size_t max_flows_;
    std::unordered_map<FlowIndex, RegisterFigures> flows_;
};

}  // namespace voipprobe::probe
