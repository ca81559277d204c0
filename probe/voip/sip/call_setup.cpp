// From the first INVITE to the final response: attempts, branches of a forking proxy, early dialogs.
#include <algorithm>

#include "probe/voip/sip/call_media.hpp"
#include "probe/voip/sip/dialog.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxBranches = 32;
constexpr std::size_t kMaxEarly = 16;
constexpr std::size_t kMaxFailures = 16;
constexpr std::size_t kMaxAnswers = 16;

CallBranch* find_branch(Call& call, std::uint32_t cseq, std::uint64_t branch) {
    for (CallBranch& b : call.branches)
        if (b.cseq == cseq && b.branch == branch) return &b;
    return nullptr;
}

// Another attempt of the same call: after a challenge or a redirection, without a To tag, with a higher CSeq.
void new_attempt(Call& call, const SipMessage& m) {
    call.invite_cseq = m.cseq;
    call.at(CallEvent::failure) = wire::kNever;
    call.response_code = 0;
    call.challenged = false;
    call.failures.clear();
    call.branches.clear();  // earlier attempts can no longer fail
}

void fail(Call& call, std::uint16_t status) {
    const auto seen = std::find_if(call.failures.begin(), call.failures.end(),
                                   [&](const CallFailure& f) { return f.status == status; });
    if (seen == call.failures.end()) return;
    first_time(call, CallEvent::failure, seen->time);
    if (call.response_code == 0) call.response_code = status;
    call.challenged = status == 401 || status == 407 || status < 400;
}

// The attempt has failed when its first transaction has (that of the hop nearest to the caller), or when every one that
// was seen has: a proxy may still try another target while only a branch was refused.
void final_failure(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx) {
    const auto seen = std::find_if(call.failures.begin(), call.failures.end(),
                                   [&](const CallFailure& f) { return f.status == m.status; });
    if (seen != call.failures.end()) seen->time = std::min(seen->time, ctx.time);
    else if (call.failures.size() < kMaxFailures) call.failures.push_back({m.status, ctx.time});
    take_reason(call, m);
    if (CallBranch* b = find_branch(call, m.cseq, ids.branch)) {
        b->final = m.status;
        bool nearest = true, pending = false;
        for (const CallBranch& other : call.branches) {
            if (other.cseq != m.cseq) continue;
            if (nearest && &other == b) return fail(call, m.status);
            nearest = false;
            pending |= other.final == 0;
        }
        if (pending) return;
    }
    fail(call, m.status);
}

void note_early(Call& call, const SipIds& ids) {
    if (ids.to_tag.empty() || call.early.size() >= kMaxEarly || call.caller.tags.empty() ||
        ids.from_tag != call.caller.tags.front())
        return;
    for (const EarlyDialog& e : call.early)
        if (e.tag == ids.to_tag) return;
    call.early.push_back({.tag = std::string(ids.to_tag), .media = {}});
}

void confirm(Call& call, const SipIds& ids) {
    for (const EarlyDialog& e : call.early) {
        if (e.tag != ids.to_tag) continue;
        if (!e.media.empty()) call.callee.media = e.media;  // another branch may have spoken since
        take_answer(call, e);
    }
    // The confirmed dialog's tag comes first: BYE of another early dialog is not the call's.
    const auto at = std::find(call.callee.tags.begin(), call.callee.tags.end(), ids.to_tag);
    if (at != call.callee.tags.end()) std::rotate(call.callee.tags.begin(), at, at + 1);
    else if (!ids.to_tag.empty()) call.callee.tags.insert(call.callee.tags.begin(), std::string(ids.to_tag));
}

}  // namespace

void take_reason(Call& call, const SipMessage& m) {
    if (call.has_reason || m.reason.empty()) return;
    if (const auto cause = reason_cause(m.reason)) {
        call.has_reason = true;
        call.reason_cause = *cause;
    }
}

void note_invite(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx, Side from) {
    if (!ids.to_tag.empty() && ctx.time != call.at(CallEvent::invite)) return;  // within the dialog
    if (from != Side::caller) return;
    call.caller.add_tag(ids.from_tag);
    if (!call.has(CallEvent::ok)) {
        if (m.cseq > call.invite_cseq) {
            new_attempt(call, m);
        } else if (m.cseq == call.invite_cseq && call.has(CallEvent::failure) &&
                   find_branch(call, m.cseq, ids.branch) == nullptr) {
            // Tried elsewhere after every branch seen so far was refused.
            call.at(CallEvent::failure) = wire::kNever;
            call.response_code = 0;
            call.challenged = false;
        }
    }
    if (call.branches.size() < kMaxBranches && find_branch(call, m.cseq, ids.branch) == nullptr)
        call.branches.push_back({ids.branch, m.cseq, 0});
}

void note_invite_response(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx) {
    // A re-INVITE changes media, not the set-up times. Attempts may overlap: a caller that sends INVITE 2 and 3 before
    // INVITE 1 is answered is in the call from the first 2xx on; only the current attempt can fail.
    if (m.cseq < call.first_cseq || m.cseq > call.invite_cseq) return;
    if (m.status == 100) first_time(call, CallEvent::trying, ctx.time);
    else if (m.status == 180) first_time(call, CallEvent::ringing, ctx.time);
    else if (m.status == 183) first_time(call, CallEvent::progress, ctx.time);
    if (m.status > 100 && m.status < 200) note_early(call, ids);
    if (m.status >= 200 && m.status < 300) {
        note_early(call, ids);
        for (EarlyDialog& e : call.early) e.confirmed |= e.tag == ids.to_tag;
        if (call.answers.size() < kMaxAnswers) call.answers.push_back({ids.branch, ids.to_tag_hash});
        if (!call.has(CallEvent::ok)) {
            confirm(call, ids);
            if (!call.has(CallEvent::bye)) call.hangup_by = Side::none;  // the CANCEL came too late, or was of a branch
        }
        first_time(call, CallEvent::ok, ctx.time);
        call.response_code = m.status;
        call.at(CallEvent::failure) = wire::kNever;
    } else if (m.status >= 300 && !call.has(CallEvent::ok) && m.cseq == call.invite_cseq) {
        final_failure(call, m, ids, ctx);
    }
}

void settle_failure(Call& call) {
    if (call.has(CallEvent::ok) || call.has(CallEvent::failure) || call.failures.empty()) return;
    fail(call, call.failures.back().status);
}

}  // namespace voipprobe::probe
