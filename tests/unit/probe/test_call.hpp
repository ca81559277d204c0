// One call with media both ways, as IP packets: the thing that tests put into every wrapping.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/unit/probe/collecting_sink.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

struct TimedPacket {
    wire::TimeNs time;
    Octets octets;  // an IP packet
};

inline constexpr wire::TimeNs kCallStart = 1'700'000'000 * wire::kSecond;

struct CallEnds {
    wire::IpAddress caller = ip("192.0.2.10");
    wire::IpAddress callee = ip("192.0.2.20");
};
inline CallEnds ends_v6() { return {ip("2001:db8::10"), ip("2001:db8::20")}; }

inline std::string sdp_of(const wire::IpAddress& a, int port) {
    const std::string family = a.is_v4() ? "IP4 " : "IP6 ";
    return "v=0\r\no=- 1 1 IN " + family + a.text() + "\r\ns=-\r\nc=IN " + family + a.text() + "\r\nt=0 0\r\nm=audio " +
           std::to_string(port) + " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
}

inline std::string sip_message(std::string_view first_line, std::string_view cseq, const std::string& body, bool to_tag) {
    return std::string(first_line) + "\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK" + std::string(cseq.substr(cseq.find(' ') + 1)) +
           "\r\nFrom: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.org>" + (to_tag ? ";tag=b" : "") +
           "\r\nCall-ID: wrapped@example.org\r\nCSeq: " + std::string(cseq) + "\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + (body.empty() ? "" : "Content-Type: application/sdp\r\n") + "\r\n" + body;
}

struct SipStep {
    bool from_caller;
    wire::TimeNs after;
    std::string text;
};
inline std::vector<SipStep> sip_steps(const CallEnds& e) {
    constexpr auto ms = wire::kMillisecond;
    return {{true, 0, sip_message("INVITE sip:bob@example.org SIP/2.0", "1 INVITE", sdp_of(e.caller, 40000), false)},
            {false, 20 * ms, sip_message("SIP/2.0 100 Trying", "1 INVITE", "", false)},
            {false, 90 * ms, sip_message("SIP/2.0 180 Ringing", "1 INVITE", "", true)},
            {false, 500 * ms, sip_message("SIP/2.0 200 OK", "1 INVITE", sdp_of(e.callee, 50000), true)},
            {true, 530 * ms, sip_message("ACK sip:bob@example.org SIP/2.0", "1 ACK", "", true)},
            {true, 2600 * ms, sip_message("BYE sip:bob@example.org SIP/2.0", "2 BYE", "", true)},
            {false, 2620 * ms, sip_message("SIP/2.0 200 OK", "2 BYE", "", true)}};
}

inline void add_media(const CallEnds& e, std::vector<TimedPacket>& out) {
    for (int way = 0; way < 2; ++way)
        for (int i = 0; i < 100; ++i) {
            if (i == 40 + way) continue;  // one lost
            Octets rtp = hex({0x80, i == 0 ? 0x80 : 0x00});
            put16(rtp, static_cast<std::size_t>(65500 + i) & 0xffff);
            put32(rtp, static_cast<std::size_t>(i) * 160);
            put32(rtp, way == 0 ? 0x11111111 : 0x22222222);
            rtp.resize(172, static_cast<std::uint8_t>(i));
            const wire::TimeNs jitter = (i * 7 % 5) * wire::kMillisecond;
            const wire::TimeNs t = kCallStart + 540 * wire::kMillisecond + i * 20 * wire::kMillisecond + way * wire::kMillisecond + jitter;
            const auto id = static_cast<std::uint16_t>(1000 * (way + 1) + i);
            if (way == 0) out.push_back({t, ip_packet(e.caller, e.callee, 17, udp(40000, 50000, rtp), {id})});
            else out.push_back({t, ip_packet(e.callee, e.caller, 17, udp(50000, 40000, rtp), {id})});
        }
}

inline std::vector<TimedPacket> call_packets(const CallEnds& e) {
    std::vector<TimedPacket> out;
    std::uint16_t id = 1;
    for (const SipStep& s : sip_steps(e)) {
        const Octets datagram = udp(5060, 5060, octets_of(s.text));
        out.push_back({kCallStart + s.after, s.from_caller ? ip_packet(e.caller, e.callee, 17, datagram, {id})
                                                           : ip_packet(e.callee, e.caller, 17, datagram, {id})});
        ++id;
    }
    add_media(e, out);
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    return out;
}

// Everything that a wrapping must not change, as text.
inline std::string summary(const CollectingSink& sink, bool with_flows) {
    std::ostringstream o;
    for (const probe::Call& c : sink.calls) {
        o << "call " << c.call_id << ' ' << c.caller.name_address << ' ' << c.callee.name_address << ' ' << c.codecs << ' '
          << c.caller_hop.text() << ' ' << c.callee_hop.text() << ' ' << c.response_code << ' ' << c.messages << ' '
          << c.retransmissions << ' ' << static_cast<int>(c.hangup_by);
        for (const wire::TimeNs t : c.times) o << ' ' << t;
        o << '\n';
    }
    std::vector<std::string> streams;
    for (const SeenStream& s : sink.streams) {
        std::ostringstream l;
        l << "stream " << s.src.text() << ' ' << s.dst.text() << ' ' << s.ssrc << ' ' << s.call_id << ' ' << s.codec << ' '
          << static_cast<int>(s.side) << static_cast<int>(s.match) << ' ' << s.packets << ' ' << s.octets << ' ' << s.expected
          << ' ' << s.unique << ' ' << s.lost << ' ' << s.duplicates << ' ' << s.reordered << ' ' << s.resets << ' '
          << s.max_gap_ms << ' ' << s.max_delta_ms << ' ' << s.jitter.mean << ' ' << s.jitter.max << ' ' << s.jitter.n << '\n';
        streams.push_back(l.str());
    }
    std::sort(streams.begin(), streams.end());
    for (const std::string& s : streams) o << s;
    if (with_flows) o << "flows " << sink.flows << ' ' << sink.flow_packets << ' ' << sink.flow_octets << '\n';
    return o.str();
}

inline void expect_conserved(const probe::PipelineCounters& c) {
    std::uint64_t dropped = 0;
    for (const std::uint64_t n : c.dropped) dropped += n;
    EXPECT_EQ(c.packets, c.decoded + dropped);
    EXPECT_EQ(c.decoded, c.flow_packets + c.unsent_packets + c.duplicates + c.joined);
    EXPECT_EQ(c.decoded_octets, c.flow_octets + c.unsent_octets + c.duplicate_octets);
}

}  // namespace voipprobe::test
