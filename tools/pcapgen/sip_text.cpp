#include "tools/pcapgen/sip_text.hpp"

namespace voipprobe::pcapgen {
namespace {

// What a kind of message is: its method or status, and which transaction it belongs to.
struct Shape {
    const char* method;       // of the request, or the one answered
    std::uint32_t status;     // 0 for requests
    std::uint32_t cseq;       // of a transaction started by the caller
    const char* transaction;  // part of the branch
};

Shape shape_of(const SipParties& call, SipKind kind) {
    const std::uint32_t bye = call.bye_by_caller ? 9 : 1;  // leaves room for re-INVITEs
    switch (kind) {
        case SipKind::kInvite:
            return {"INVITE", 0, 1, "i"};
        case SipKind::kTrying:
            return {"INVITE", 100, 1, "i"};
        case SipKind::kRinging:
            return {"INVITE", 180, 1, "i"};
        case SipKind::kProgress:
            return {"INVITE", 183, 1, "i"};
        case SipKind::kOk:
            return {"INVITE", 200, 1, "i"};
        case SipKind::kAck:
            return {"ACK", 0, 1, "a"};  // ACK to a 2xx is a transaction of its own
        case SipKind::kCancel:
            return {"CANCEL", 0, 1, "i"};
        case SipKind::kCancelOk:
            return {"CANCEL", 200, 1, "i"};
        case SipKind::kFailure:
            return {"INVITE", call.failure_code, 1, "i"};
        case SipKind::kFailureAck:
            return {"ACK", 0, 1, "i"};
        case SipKind::kBye:
            return {"BYE", 0, bye, "b"};
        case SipKind::kByeOk:
            return {"BYE", 200, bye, "b"};
        case SipKind::kHoldInvite:
            return {"INVITE", 0, 2, "h"};
        case SipKind::kHoldOk:
            return {"INVITE", 200, 2, "h"};
        case SipKind::kHoldAck:
            return {"ACK", 0, 2, "ha"};
        case SipKind::kResumeInvite:
            return {"INVITE", 0, 3, "r"};
        case SipKind::kResumeOk:
            return {"INVITE", 200, 3, "r"};
        case SipKind::kResumeAck:
            return {"ACK", 0, 3, "ra"};
        case SipKind::kRegister:
            return {"REGISTER", 0, 1, "g1"};
        case SipKind::kUnauthorized:
            return {"REGISTER", 401, 1, "g1"};
        case SipKind::kRegisterAgain:
            return {"REGISTER", 0, 2, "g2"};
        default:
            return {"REGISTER", 200, 2, "g2"};
    }
}

bool is_register(SipKind kind) noexcept { return kind >= SipKind::kRegister; }

bool has_sdp(SipKind kind) noexcept {
    switch (kind) {
        case SipKind::kInvite:
        case SipKind::kProgress:
        case SipKind::kOk:
        case SipKind::kHoldInvite:
        case SipKind::kHoldOk:
        case SipKind::kResumeInvite:
        case SipKind::kResumeOk:
            return true;
        default:
            return false;
    }
}

std::string sdp(const SipParties& call, bool of_caller, SipKind kind) {
    const Endpoint& media = of_caller ? call.caller_media : call.callee_media;
    const std::string net = media.v6 ? "IN IP6 " : "IN IP4 ";
    const std::string type = std::to_string(call.codec.payload_type);
    const bool hold = kind == SipKind::kHoldInvite || kind == SipKind::kHoldOk;
    const char* version =
        hold ? "2" : (kind == SipKind::kResumeInvite || kind == SipKind::kResumeOk ? "3" : "1");
    std::string body = "v=0\r\no=- 20518 " + std::string(version) + " " + net + media.ip_text() +
                       "\r\ns=call\r\nc=" + net + media.ip_text() + "\r\nt=0 0\r\nm=audio " +
                       std::to_string(media.port) + " RTP/AVP " + type;
    const std::string event = std::to_string(kTelephoneEventType);
    if (call.telephone_event) body += " " + event;
    body +=
        "\r\na=rtpmap:" + type + " " + std::string(call.codec.name) + "/" + std::to_string(call.codec.clock);
    if (call.codec.channels > 1) body.append("/").append(std::to_string(call.codec.channels));
    body += "\r\n";
    if (!call.codec.fmtp.empty()) body += "a=fmtp:" + type + " " + std::string(call.codec.fmtp) + "\r\n";
    if (call.telephone_event) {
        body += "a=rtpmap:" + event + " telephone-event/" + std::to_string(call.codec.clock) +
                "\r\na=fmtp:" + event + " 0-15\r\n";
    }
    body += "a=ptime:" + std::to_string(call.ptime_ms) + "\r\n";
    return body + (hold ? (of_caller ? "a=sendonly\r\n" : "a=recvonly\r\n") : "a=sendrecv\r\n");
}

std::string via(const Endpoint& at, const std::string& branch) {
    return "Via: SIP/2.0/UDP " + at.ip_and_port() + ";branch=z9hG4bK" + branch + "\r\n";
}

// These are answered or sent by the next hop itself (RFC 3261 sections 9.1 and 17.1.1.3).
bool hop_by_hop(SipKind kind) noexcept {
    return kind == SipKind::kCancel || kind == SipKind::kCancelOk || kind == SipKind::kFailureAck;
}

// Vias of a request that the caller (or, for its BYE, the callee) started, as seen on the step's hop.
std::string vias(const SipParties& call, const Shape& shape, bool caller_started, const SipStep& step) {
    const std::uint8_t hop = step.hop;
    const std::string branch = call.branch + shape.transaction;
    if (hop_by_hop(step.kind) && hop == 1) return via(call.proxy, branch + "p");
    const Endpoint& origin = caller_started ? call.caller : call.callee;
    const bool passed_proxy = call.through_proxy && hop == (caller_started ? 1 : 0);
    return (passed_proxy ? via(call.proxy, branch + "p") : std::string()) + via(origin, branch);
}

std::string registration(const SipParties& call, const SipStep& step, const Shape& shape) {
    const std::string uri = call.caller_uri();
    std::string text = shape.status == 0 ? "REGISTER sip:" + std::string(SipParties::kDomain) + " SIP/2.0\r\n"
                                         : "SIP/2.0 " + std::to_string(shape.status) + " " +
                                               reason_phrase(shape.status) + "\r\n";
    text += via(call.caller, call.branch + shape.transaction);
    text += "Max-Forwards: 70\r\nFrom: <" + uri + ">;tag=" + call.caller_tag + "\r\nTo: <" + uri + ">" +
            (shape.status ? ";tag=" + call.callee_tag : "") + "\r\nCall-ID: " + call.call_id +
            "\r\nCSeq: " + std::to_string(shape.cseq) + " REGISTER\r\n";
    text += "Contact: <sip:" + call.caller_user + "@" + call.caller.ip_and_port() + ">;expires=3600\r\n";
    const std::string realm =
        "Digest realm=\"" + std::string(SipParties::kDomain) + "\", nonce=\"" + call.branch + "\"";
    if (step.kind == SipKind::kUnauthorized) text += "WWW-Authenticate: " + realm + ", algorithm=MD5\r\n";
    if (step.kind == SipKind::kRegisterAgain) {
        text += "Authorization: " + realm + ", username=\"" + call.caller_user +
                "\", uri=\"sip:" + SipParties::kDomain +
                "\", response=\"0123456789abcdef0123456789abcdef\"\r\n";
    }
    return text + "Content-Length: 0\r\n\r\n";
}

}  // namespace

const char* reason_phrase(std::uint32_t code) noexcept {
    switch (code) {
        case 100:
            return "Trying";
        case 180:
            return "Ringing";
        case 183:
            return "Session Progress";
        case 200:
            return "OK";
        case 401:
            return "Unauthorized";
        case 404:
            return "Not Found";
        case 408:
            return "Request Timeout";
        case 480:
            return "Temporarily Unavailable";
        case 486:
            return "Busy Here";
        case 487:
            return "Request Terminated";
        case 503:
            return "Service Unavailable";
        case 603:
            return "Decline";
        default:
            return "Unknown";
    }
}

std::string sip_message(const SipParties& call, const SipStep& step) {
    const Shape shape = shape_of(call, step.kind);
    if (is_register(step.kind)) return registration(call, step, shape);
    const bool response = shape.status != 0;
    const bool bye = step.kind == SipKind::kBye || step.kind == SipKind::kByeOk;
    const bool caller_started = !bye || call.bye_by_caller;

    std::string text;
    text.reserve(1400);
    if (response) {
        text = "SIP/2.0 " + std::to_string(shape.status) + " " + reason_phrase(shape.status) + "\r\n";
    } else {
        // Inside the dialog the target is the other side's contact.
        const bool initial = step.kind == SipKind::kInvite || step.kind == SipKind::kCancel ||
                             step.kind == SipKind::kFailureAck;
        const Endpoint& target = caller_started ? call.callee : call.caller;
        const std::string& user = caller_started ? call.callee_user : call.caller_user;
        text = std::string(shape.method) + " " +
               (initial ? call.callee_uri() : "sip:" + user + "@" + target.ip_and_port()) + " SIP/2.0\r\n";
    }
    text += vias(call, shape, caller_started, step);
    if (!response)
        text += step.hop == (caller_started ? 1 : 0) && call.through_proxy ? "Max-Forwards: 69\r\n"
                                                                           : "Max-Forwards: 70\r\n";
    const bool dialog_forming = step.kind == SipKind::kInvite || step.kind == SipKind::kRinging ||
                                step.kind == SipKind::kProgress || step.kind == SipKind::kOk;
    if (call.through_proxy && dialog_forming && (response || step.hop == 1))
        text += "Record-Route: <sip:" + call.proxy.ip_and_port() + ";lr>\r\n";

    const std::string caller =
        "\"" + call.caller_user + "\" <" + call.caller_uri() + ">;tag=" + call.caller_tag;
    const bool tagless = step.kind == SipKind::kInvite || step.kind == SipKind::kTrying ||
                         step.kind == SipKind::kCancel || step.kind == SipKind::kCancelOk;
    const std::string callee =
        std::string("<") + call.callee_uri() + ">" + (tagless ? "" : ";tag=" + call.callee_tag);
    text += "From: " + (caller_started ? caller : callee) + "\r\nTo: " + (caller_started ? callee : caller) +
            "\r\nCall-ID: " + call.call_id + "\r\nCSeq: " + std::to_string(shape.cseq) + " " + shape.method +
            "\r\n";

    const Endpoint& self = step.from_caller ? call.caller : call.callee;
    const std::string& self_user = step.from_caller ? call.caller_user : call.callee_user;
    if (has_sdp(step.kind) || step.kind == SipKind::kRinging)
        text += "Contact: <sip:" + self_user + "@" + self.ip_and_port() + ">\r\n";
    text += std::string(response ? "Server" : "User-Agent") + ": pcapgen-" +
            (step.from_caller ? "caller" : "callee") + "/1.0\r\n";
    if (!has_sdp(step.kind)) return text + "Content-Length: 0\r\n\r\n";
    const std::string body = sdp(call, step.from_caller, step.kind);
    return text + "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace voipprobe::pcapgen
