// The messages that most dialogs in tests are made of.
#pragma once

#include "tests/unit/probe/dialog_scene.hpp"

namespace voipprobe::test {

inline const Host kA{"192.0.2.10"}, kP{"192.0.2.50"}, kB{"192.0.2.20"}, kC{"192.0.2.30"};
inline const Host kMediaA{"192.0.2.10", 40000}, kMediaB{"192.0.2.20", 50000};

inline Sip invite(std::string branch = "i1") { return {.line = "INVITE", .cseq = "1 INVITE", .branch = branch, .body = audio_sdp("192.0.2.10", 40000)}; }
inline Sip reply(std::string status, std::string tag, std::string branch = "i1", std::string body = "") {
    return {.line = status, .cseq = "1 INVITE", .to_tag = tag, .branch = branch, .body = body};
}
inline Sip ack(std::string tag, std::string branch = "k1") { return {.line = "ACK", .cseq = "1 ACK", .to_tag = tag, .branch = branch}; }
inline Sip bye(std::string tag, std::string branch = "y1") { return {.line = "BYE", .cseq = "2 BYE", .to_tag = tag, .branch = branch}; }
inline Sip bye_ok(std::string tag, std::string branch = "y1") { return {.line = "200", .cseq = "2 BYE", .to_tag = tag, .branch = branch}; }

// Up to the ACK, at 1000 ms.
inline void answer(Scene& s) {
    s.sip(0, kA, kB, invite()).sip(10, kB, kA, reply("100", "")).sip(200, kB, kA, reply("180", "b"));
    s.sip(900, kB, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000))).sip(1000, kA, kB, ack("b"));
}

}  // namespace voipprobe::test
