// SIP messages and SDP bodies of one call, as text (RFC 3261, 4566, 3264, 3665 for the flows).
#pragma once

#include <cstdint>
#include <string>

#include "tools/pcapgen/frame.hpp"

namespace voipprobe::pcapgen {

enum class SipKind : std::uint8_t {
    kInvite,
    kTrying,
    kRinging,
    kProgress,
    kOk,
    kAck,
    kCancel,
    kCancelOk,
    kFailure,
    kFailureAck,
    kBye,
    kByeOk,
    kHoldInvite,
    kHoldOk,
    kHoldAck,
    kResumeInvite,
    kResumeOk,
    kResumeAck,
    kRegister,
    kUnauthorized,
    kRegisterAgain,
    kRegisterOk,
};

// One message at one place of the path.
struct SipStep {
    Nanos time = 0;  // since the epoch, at the capture point
    SipKind kind = SipKind::kInvite;
    std::uint8_t hop = 0;     // 0 caller to proxy or callee, 1 proxy to callee
    bool from_caller = true;  // direction of this message
    bool repeated = false;    // a retransmission
};

// Who talks to whom about what.
struct SipParties {
    std::string call_id;
    std::string caller_user;
    std::string callee_user;
    std::string caller_tag;
    std::string callee_tag;
    std::string branch;  // unique part of all branches of the call
    Endpoint caller;     // SIP sockets
    Endpoint callee;
    Endpoint proxy;
    Endpoint caller_media;
    Endpoint callee_media;
    bool through_proxy = false;
    bool bye_by_caller = true;
    std::uint32_t failure_code = 0;
    Codec codec{};
    std::uint32_t ptime_ms = 20;
    bool telephone_event = false;

    std::string caller_uri() const { return "sip:" + caller_user + "@" + kDomain; }
    std::string callee_uri() const { return "sip:" + callee_user + "@" + kDomain; }
    static constexpr const char* kDomain = "voip.example";
};

// The message of `step`.
std::string sip_message(const SipParties& call, const SipStep& step);

// Text of a SIP response code used here.
const char* reason_phrase(std::uint32_t code) noexcept;

}  // namespace voipprobe::pcapgen
