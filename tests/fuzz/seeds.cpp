// Writes seed inputs, made of tests/unit/probe/wrap.hpp: one file per wrapping and case.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "probe/voip/hep/hep_message.hpp"
#include "tests/unit/probe/wrap.hpp"
#include "tests/unit/probe/ws_frames.hpp"
#include "tests/unit/signalling/h323_messages.hpp"
#include "tests/unit/signalling/iax2_frames.hpp"
#include "tests/unit/signalling/skinny.hpp"
#include "tests/unit/support/tls_pair.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

std::filesystem::path root;

void write(const std::string& target, const std::string& name, const Octets& o) {
    std::filesystem::create_directories(root / target);
    std::ofstream out(root / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(o.data()), static_cast<std::streamsize>(o.size()));
}

const wire::IpAddress kA = ip("10.0.0.1"), kB = ip("10.0.0.2"), k6A = ip("2001:db8::1"), k6B = ip("2001:db8::2");
const std::string kInvite =
    "INVITE sip:b@x SIP/2.0\r\nCall-ID: 1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCSeq: 1 INVITE\r\nContent-Type: "
    "application/sdp\r\nContent-Length: 59\r\n\r\nv=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv \r\n";
const std::string kBye = "BYE sip:b@x SIP/2.0\r\ni: 1\r\nf: <sip:a@x>;tag=1\r\nt: <sip:b@x>\r\nCSeq: 2 BYE\r\nl: 0\r\n\r\n";

// As fuzz_decode wants it: the link type (modulo 300) in two octets.
void decode(const std::string& name, std::uint16_t link, const Octets& o) {
    Octets seed;
    put16(seed, link);
    write("decode", name, seed + o);
}

// As fuzz_packets wants it: its index of link types, 1 = raw IP.
Octets packet(int step, int link, const Octets& o) {
    Octets out = hex({step, link});
    put16(out, o.size());
    return out + o;
}

void wrappings() {
    const Octets small = ip4_packet(kA, kB, 17, udp(5060, 5060, octets_of(kBye)));
    const Octets six = ip6_packet(k6A, k6B, 17, udp(5060, 5060, octets_of(kBye)));
    for (const auto& [suffix, p] : {std::pair{std::string("4"), small}, {std::string("6"), six}}) {
        const std::vector<std::pair<std::string, Octets>> tunnels{
            {"gre", over_ip4(47, gre(0xb000, ethertype_of(p), Octets(12, 1), p))},
            {"pptp", over_ip4(47, gre(0x3081, 0x880b, Octets(12, 1), ppp(p)))},
            {"nvgre", over_ip4(47, gre(0x2000, 0x6558, Octets(4, 1), ethernet(p)))},
            {"erspan2", over_ip4(47, gre(0x1000, 0x88be, hex({0, 0, 0, 1, 0x10, 0, 0, 9, 0, 0, 0, 0}), ethernet(p)))},
            {"erspan3", over_ip4(47, gre(0x1000, 0x22eb, hex({0, 0, 0, 1, 0x20, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}), ethernet(p)))},
            {"ipip", over_ip6(p[0] >> 4 == 6 ? 41 : 4, p)},
            {"gtp", over_udp(2152, gtp_extended(7, 2, p))},
            {"vxlan", over_udp(4789, vxlan(5, ethernet(p)))},
            {"geneve", over_udp(6081, geneve(5, 2, 0x6558, ethernet(p)))},
            {"l2tp2", over_udp(1701, l2tp2(2, 3, true, hex({0xff, 3}) + ppp(p)))},
            {"l2tp3", over_ip4(115, hex({0, 0, 1, 0, 1, 2, 3, 4}) + ethernet(p))},
            {"tzsp", over_udp(37008, hex({1, 0, 0, 1, 0, 10, 1, 5, 1}) + ethernet(p))},
            {"mplsip", over_ip4(137, mpls({5, 6}, p))},
            {"nested", over_udp(4789, vxlan(1, ethernet(0x8847, mpls({9}, Octets(4) + ethernet(over_udp(2152, gtp(1, p)))))))},
        };
        for (const auto& [name, o] : tunnels) {
            decode(name + suffix, 101, o);
            write("packets", name + suffix, hex({0x0c}) + packet(1, 1, o) + packet(1, 1, p) + packet(9, 1, o));
        }
        decode("vlan" + suffix, 1, ethernet(0x88a8, vlan(6, 0x8100, vlan(5, ethertype_of(p), p))));
        decode("mpls" + suffix, 1, ethernet(0x8847, mpls({16, 17}, p)));
        decode("pseudowire" + suffix, 1, ethernet(0x8847, mpls({16}, Octets(4) + ethernet(p))));
        decode("pppoe" + suffix, 1, ethernet(0x8864, pppoe(7, p)));
        decode("pbb" + suffix, 1, ethernet(0x88e7, Octets(4, 3) + ethernet(p)));
        decode("snap" + suffix, 1, ethernet(static_cast<std::uint16_t>(p.size() + 8), hex({0xaa, 0xaa, 3, 0, 0, 0}) + typed(ethertype_of(p), p)));
        decode("ppp" + suffix, 9, hex({0xff, 3}) + ppp(p));
        decode("sll2" + suffix, 276, typed(ethertype_of(p), Octets(18)) + p);
        Octets all{1};
        for (const Octets& f : fragments(p, 48, 3)) {
            decode("fragment" + suffix, 101, f);
            all = all + packet(1, 1, over_udp(2152, gtp(1, f)));
        }
        write("packets", "fragments_in_gtp" + suffix, all);
        all = hex({0});
        for (const Octets& f : fragments(over_udp(2152, gtp(1, p)), 64, 3)) all = all + packet(1, 1, f);
        write("packets", "gtp_in_fragments" + suffix, all);
    }
}

void tcp_and_media() {
    Octets all{1};
    const auto segment = [&](std::uint32_t seq, std::string_view text, std::uint8_t flags, std::uint16_t id) {
        all = all + packet(3, 1, ip4_packet(kA, kB, 6, tcp(5060, 5060, seq, flags, octets_of(text)), {id}));
    };
    segment(0, "", 2, 1);
    segment(101, std::string_view(kInvite).substr(100), 0x18, 2);
    segment(1, std::string_view(kInvite).substr(0, 100), 0x18, 3);
    segment(static_cast<std::uint32_t>(1 + kInvite.size()), "\r\n\r\n" + kBye, 0x18, 4);
    write("packets", "sip_tcp", all);
    all = hex({0}) + packet(1, 1, ip4_packet(kA, kB, 17, udp(5060, 5060, octets_of(kInvite))));
    for (int i = 0; i < 6; ++i) {
        const Octets rtp = ip4_packet(kB, kA, 17, udp(6000, 4000, hex({0x80, 0, 0, i, 0, 0, i, 0, 1, 2, 3, 4}) + Octets(20)), {static_cast<std::uint16_t>(i + 1)});
        all = all + packet(14, 1, rtp) + packet(1, 0, ethernet(0x8100, vlan(4, 0x0800, rtp)));
    }
    write("packets", "media_mirrored", all);

    const auto script = [](std::initializer_list<std::initializer_list<int>> ops) {
        Octets o{static_cast<std::uint8_t>(ops.size())};
        for (const auto& op : ops) o = o + hex(op);
        return o;
    };
    write("sip_tcp", "in_order", script({{8, 0, 1, 0, 1}, {8, 32, 255, 0, 1}}) + octets_of(kInvite + kBye));
    write("sip_tcp", "swapped", script({{0xe0, 0, 0, 0, 0}, {8, 128, 255, 0, 1}, {8, 0, 3, 0, 1}}) + octets_of(kInvite + "\r\n\r\n" + kBye));
    write("sip_tcp", "hole", script({{0, 0, 40, 0, 1}, {8, 200, 255, 0, 200}, {0, 250, 9, 0, 1}}) + octets_of(kInvite + kBye));
    write("sip_tcp", "cut", script({{0, 0, 60, 0x90, 1}, {8, 128, 255, 0, 2}}) + octets_of(kInvite + kBye));
    write("sip_tcp", "middle", script({{8, 40, 255, 0, 1}, {0xf0, 0, 0, 0, 0}}) + octets_of("a=x\r\n" + kBye + "garbage\r\n" + kInvite));
    // more 0x02, id 0x04, family 0x01; offset; length in 8 octets; data offset; time
    write("fragments", "in_order4", hex({2, 2, 0, 0, 4, 0, 1, 2, 0, 32, 4, 0, 1, 0, 0, 64, 2, 0, 1}) + Octets(40, 7));
    write("fragments", "reversed6", hex({2, 1, 0, 64, 2, 0, 1, 3, 0, 32, 4, 0, 1, 3, 0, 0, 4, 0, 1}));
    write("fragments", "overlap4", hex({2, 2, 0, 16, 4, 0, 1, 2, 0, 0, 8, 3, 1, 0, 0, 64, 2, 0, 1}));
    write("fragments", "many", hex({7, 2, 0, 0, 90, 0, 1, 6, 0, 0, 90, 0, 1, 10, 0, 0, 90, 0, 1, 14, 0, 0, 90, 0, 1, 3, 0, 0, 90, 0, 250, 7, 0, 0, 90, 0, 1, 0x82, 255, 248, 9, 3, 1, 0x42, 0, 0, 9, 0, 1}));
}

void websockets() {
    const auto bye = ws_message(kBye, true);
    write("websocket", "handshake", hex({250, 0}) + octets_of(kWsRequest) + ws_message(kInvite, true) + bye);
    write("websocket", "response", hex({9, 0}) + octets_of(kWsResponse) + ws_message(kBye, false));
    write("websocket", "fragments", hex({3, 1}) + ws_message(kInvite, true, 60) + ws_message(kBye + kBye, false, 9));
    write("websocket", "control", hex({0, 1}) + ws_frame(0x89, {}, true) + bye + ws_frame(0xc1, hex({1, 2}), true) + bye + ws_frame(0x88, hex({3, 0xe8}), true));
    write("websocket", "damaged", hex({20, 1}) + bye + hex({0xff, 0x01, 0x83}) + bye);
    write("websocket", "middle", hex({40, 0}) + bye + ws_message(kInvite, false));
}

void heps() {
    const std::string json = R"({"sender_information":{"ntp_timestamp_sec":"3719322562","ntp_timestamp_usec":5,"rtp_timestamp":3,"packets":4,"octets":6},"ssrc":2543003035,"type":200,"report_count":1,"report_blocks":[{"source_ssrc":-7,"fraction_lost":0,"packets_lost":5,"highest_seq_no":2,"ia_jitter":1,"lsr":"1","dlsr":2}]})";
    write("hep", "json", octets_of(json));
    const auto hep = [](const std::string& name, const wire::IpAddress& a, const wire::IpAddress& b, std::uint8_t protocol, probe::HepType type, const Octets& payload) {
        probe::HepMessage m;
        m.src = {a, 5060};
        m.dst = {b, 5070};
        m.protocol = protocol;
        m.type = type;
        m.time = 1'700'000'000'123'456'000;
        m.payload = payload;
        m.correlation_id = "1";
        Octets o;
        probe::write_hep(m, o);
        write("hep", name, o);
    };
    hep("sip4", kA, kB, 17, probe::HepType::sip, octets_of(kInvite));
    hep("sip6_tls", k6A, k6B, 22, probe::HepType::sip, octets_of(kBye));
    hep("rtcp_json", kA, kB, 17, probe::HepType::rtcp, octets_of(json));
    hep("report", kA, kB, 17, probe::HepType::rtp_report, octets_of("{}"));
}

// Of OpenSSL: other octets each time, so they are written once and kept.
void tls() {
    if (std::filesystem::exists(root / "tls")) return;
    for (const auto& [name, shape] : {std::pair{"tls13", TlsShape{}}, std::pair{"tls12_gcm", TlsShape{TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256"}},
                                      std::pair{"tls12_cbc", TlsShape{TLS1_2_VERSION, "AES128-SHA", false}}}) {
        TlsPair pair(shape);
        Octets client, server;
        const auto take = [&](const std::vector<TlsPair::Flight>& flights) {
            for (const auto& [from_client, o] : flights) (from_client ? client : server) = (from_client ? client : server) + o;
        };
        take(pair.handshake());
        take(pair.write(true, kBye));
        take(pair.write(false, "SIP/2.0 200 OK\r\nl: 0\r\n\r\n"));
        Octets head = hex({0xff});
        put16(head, client.size());
        write("tls", name, head + client + server + octets_of("\n" + pair.key_log()));
        write("tls", std::string(name) + "_keys", hex({0, 0, 0}) + octets_of(pair.key_log()));
    }
}

// Records of length, arrival step in us (1 s is no step: time may go back) and the packet, as fuzz_rtp wants them.
void streams() {
    const auto one = [](int seq, int ts, int step_us, int type = 0, std::size_t payload = 20) {
        const std::uint32_t step = static_cast<std::uint32_t>(1'000'000 + step_us);
        const Octets rtp = hex({0x80, type, seq >> 8 & 255, seq & 255, 0, ts >> 16 & 255, ts >> 8 & 255, ts & 255, 1, 2, 3, 4}) + Octets(payload);
        return hex({static_cast<int>(rtp.size()), static_cast<int>(step >> 16 & 255), static_cast<int>(step >> 8 & 255),
                    static_cast<int>(step & 255)}) + rtp;
    };
    Octets regular, rough, unknown;
    for (int i = 0; i < 80; ++i) {
        regular = regular + one(i, i * 160, 20'000);
        const int seq = i % 11 == 3 ? i + 1 : i % 11 == 4 ? i - 1 : i % 13 == 5 ? i - 1 : i;  // reordered, repeated
        if (i % 17 != 7) rough = rough + one(65'500 + seq, seq * 160, i % 5 == 0 ? 95'000 : 5'000, i % 19 == 9 ? 101 : 0, i % 19 == 9 ? 4 : 20);
        unknown = unknown + one(i + (i > 40 ? 5'000 : 0), i * 960, 20'000, 97);
    }
    write("rtp", "regular", regular);
    write("rtp", "rough", rough);
    write("rtp", "clock_unknown_then_jump", unknown);
    write("rtp", "header_features", hex({24, 15, 66, 64, 0xb1, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 9, 9, 9, 9, 0xbe, 0xde, 0, 0, 7, 7, 7, 2}) + one(2, 160, 20'000));
}

void captures() {
    const auto word = [](std::uint32_t v, bool big) {
        const int b[4] = {static_cast<int>(v & 255), static_cast<int>(v >> 8 & 255), static_cast<int>(v >> 16 & 255), static_cast<int>(v >> 24)};
        return big ? hex({b[3], b[2], b[1], b[0]}) : hex({b[0], b[1], b[2], b[3]});
    };
    const std::vector<Octets> packets{ethernet(ip4_packet(kA, kB, 17, udp(5060, 5060, octets_of(kInvite)))),
                                      ethernet(ip6_packet(k6A, k6B, 17, udp(4000, 4002, Octets(12, 0x80)))),
                                      ethernet(ip4_packet(kB, kA, 17, udp(5060, 5060, octets_of(kBye))))};
    for (const bool big : {false, true}) {
        Octets pcap = word(big ? 0xa1b23c4d : 0xa1b2c3d4, big) + (big ? hex({0, 2, 0, 4}) : hex({2, 0, 4, 0})) + Octets(8) + word(65535, big) + word(1, big);
        std::uint32_t t = 1;
        for (const Octets& o : packets)
            pcap = pcap + word(t++, big) + word(5, big) + word(static_cast<std::uint32_t>(o.size()), big) + word(static_cast<std::uint32_t>(o.size()), big) + o;
        write("capture_file", big ? "pcap_big_endian_ns" : "pcap", pcap);
        if (!big) write("capture_file", "pcap_cut", Octets(pcap.begin(), pcap.end() - 9));
    }
    const auto block = [&](std::uint32_t type, Octets body) {
        body.resize((body.size() + 3) / 4 * 4);
        const Octets length = word(static_cast<std::uint32_t>(body.size() + 12), false);
        return word(type, false) + length + body + length;
    };
    Octets ng = block(0x0a0d0d0a, word(0x1a2b3c4d, false) + hex({1, 0, 0, 0}) + Octets(8, 0xff)) +
                block(1, hex({1, 0, 0, 0}) + word(0, false) + hex({9, 0, 1, 0, 9, 0, 0, 0}));
    std::uint32_t t = 1000;
    for (const Octets& o : packets)
        ng = ng + block(6, word(0, false) + word(0, false) + word(t += 1000, false) + word(static_cast<std::uint32_t>(o.size()), false) + word(static_cast<std::uint32_t>(o.size()), false) + o);
    ng = ng + block(3, word(static_cast<std::uint32_t>(packets[0].size()), false) + packets[0]) + block(0x0bad, Octets(8));
    write("capture_file", "pcapng", ng);
}

// As for_each_payload() of signalling_bench.hpp wants it.
Octets payload(int flags, int step, const Octets& o) {
    Octets out = hex({flags, step});
    put16(out, o.size());
    return out + o;
}

void sccp() {
    for (const std::uint32_t v : {0U, 20U}) {
        const std::string name = "v" + std::to_string(v);
        write("sccp", name + "_call",
              payload(1, 1, skinny::call_state(v, 12, 42) + skinny::call_info(v, 42, true, "1000", "2000", "Ann", "Bob")) +
                  payload(1, 1, skinny::dialed(v, "2000", 42) + skinny::call_state(v, 3, 42)) +
                  payload(1, 40, skinny::open_receive(v, 42, 8, 4) + skinny::call_state(v, 5, 42)) +
                  payload(8, 1, skinny::open_receive_ack(v, "192.0.2.1", 24000, 8, 42)) +
                  payload(1, 1, skinny::start_media(v, 42, 42, "192.0.2.2", 25000, 4)) +
                  payload(0, 60, skinny::phone_on_hook(v, 42)) + payload(1, 1, skinny::call_state(v, 2, 42)) +
                  payload(0, 1, skinny::statistics(v, 42, 49, 1, 7, "MLQK=4.2500;")));
        write("sccp", name + "_joined",
              payload(1, 1, skinny::call_state(v, 4, 43) + skinny::call_info(v, 43, false, "1000", "2000", "Ann", "Bob") +
                                skinny::call_info(v, 42, true, "1000", "2000", "Ann", "Bob")) +
                  payload(3, 60, skinny::call_state(v, 6, 42)));
    }
}

void mgcp() {
    const std::string sdp = "\r\nv=0\r\nc=IN IP4 192.0.2.2\r\nm=audio 24000 RTP/AVP 0 18\r\n";
    const auto text = [](int flags, int step, const std::string& s) { return payload(flags, step, octets_of(s)); };
    write("mgcp", "call",
          text(1, 1, "NTFY 2003 aaln/1@a MGCP 1.0\r\nX: 1\r\nO: L/hd,D/2,D/0,D/#\r\n") +
              text(0, 1, "CRCX 1204 aaln/1@a MGCP 1.0\r\nC: A3C4\r\nL: p:20, a:PCMU\r\nM: recvonly\r\n") +
              text(1, 1, "200 1204 OK\r\nI: FDE2\r\n" + sdp) +
              text(0, 1, "RQNT 1205 aaln/1@a MGCP 1.0\r\nR: hu(N)\r\nS: L/rt@FDE2\r\n.\r\nMDCX 1206 aaln/1@a MGCP 1.0\r\nC: A3C4\r\nI: FDE2\r\nM: sendrecv\r\n" + sdp) +
              text(1, 90, "200 1205 OK\r\n.\r\n200 1206 OK\r\n.\r\nNTFY 2004 aaln/1@a MGCP 1.0\r\nO: hu\r\n") +
              text(0, 1, "DLCX 1207 aaln/1@a MGCP 1.0\r\nC: A3C4\r\nI: FDE2\r\n") +
              text(1, 1, "250 1207 OK\r\nP: PS=50, OS=8000, PR=45, OR=7200, PL=5, JI=27, LA=48\r\n"));
    write("mgcp", "two_sides",
          text(0, 1, "CRCX 1 a@x MGCP 1.0\nC: 1\nM: sendrecv\n" + sdp) + text(0, 1, "CRCX 2 b@x MGCP 1.0\nC: 1\nM: sendrecv\n") +
              text(1, 1, "401 2 Phone off hook\n") + text(1, 1, "DLCX 3 a@x MGCP 1.0\nC: 1\nE: 900\nP: PR=1, PL=1\n"));
}

void iax2_calls() {
    using namespace test::iax2;
    const Octets voice(160, 5);
    write("iax2", "call",
          payload(0, 1, new_call(7)) + payload(1, 1, full(9, 7, 8, 6, 7, elements({{9, word(4)}}))) +
              payload(1, 1, full(9, 7, 48, 4, 3)) + payload(1, 20, full(9, 7, 998, 4, 4)) +
              payload(0, 1, full(7, 9, 1000, 2, 4, voice)) + payload(0, 0, mini(7, 1020, voice)) +
              payload(0, 0, mini(7, 1060, voice)) + payload(0, 0, mini(7, 1040, voice)) +
              payload(0, 0, trunk(1080, {{7, 1080, voice}, {8, 1, voice}})) + payload(0, 0, trunk(1100, {{7, 0, voice}}, false)) +
              payload(1, 1, full(9, 7, 1100, 6, 3, elements({{46, word(3)}, {47, word(0x05000005)}, {48, word(95)}}))) +
              payload(0, 1, full(7, 9, 1100, 10, 0)) + payload(1, 90, full(9, 7, 5000, 6, 5, elements({{42, hex({16})}}))));
    write("iax2", "refused",
          payload(0, 1, new_call(7)) + payload(0, 1, new_call(7)) + payload(1, 1, full(9, 7, 8, 6, 8, elements({{31, hex({0, 1})}}))) +
              payload(0, 1, full(7, 9, 8, 6, 9, {}, true)) + payload(1, 1, full(9, 7, 8, 6, 6, elements({{42, hex({21})}}))));
}

void h323_calls() {
    using namespace test::h323;
    const auto content = [](const Octets& framed) { return Octets(framed.begin() + 4, framed.end()); };
    const At a{"192.0.2.1", 5000}, b{"192.0.2.2", 6000}, h245{"192.0.2.2", 1232};
    write("h323", "fast_start",
          payload(0, 1, content(setup({channel(1, nullptr, false), channel(2, &a, true)}, nullptr))) +
              payload(1, 1, content(answer(1, 3, {}, nullptr))) + payload(1, 1, content(answer(7, 2, {channel(1, &b, false)}, nullptr))) +
              payload(0, 90, content(release(true, 16))));
    write("h323", "h245",
          payload(0, 1, content(setup({}, nullptr, {open_channel(101)}))) + payload(1, 1, content(answer(7, 2, {}, &h245))) +
              payload(2, 1, open_channel(101)) + payload(3, 1, open_channel(61)) + payload(2, 1, open_ack(61, a)) +
              payload(3, 1, open_ack(101, b)) + payload(9, 1, content(release(false, 17))));
    write("h323", "ras", payload(4, 1, registration_request(7, "1000")) + payload(5, 1, registration_confirm(7)));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "usage: fuzz_seeds tests/fuzz/corpus\n"), 2;
    root = argv[1];
    wrappings();
    tcp_and_media();
    websockets();
    heps();
    tls();
    streams();
    captures();
    sccp();
    mgcp();
    iax2_calls();
    h323_calls();
    return 0;
}
