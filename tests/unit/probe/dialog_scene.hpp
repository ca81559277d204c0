// Dialogs and media as packets through a whole pipeline: what tests of calls are written with.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "probe/record/record_id.hpp"
#include "tests/unit/probe/collecting_sink.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

struct Host {
    std::string address;
    std::uint16_t port = 5060;
};

// One SIP message. Everything has a default, so that a test states only what it is about.
struct Sip {
    std::string line = {};   // "INVITE", "BYE" ... or "200", "183" ...
    std::string cseq = {};   // "1 INVITE"
    std::string from_tag = "a", to_tag = {}, branch = {};
    std::string headers = {}, body = {}, call_id = "call@example.org";
    std::string from = "<sip:alice@example.org>", to = "<sip:bob@example.org>";
    std::string request_uri = "sip:bob@example.org";
    std::string type = "application/sdp";

    std::string text() const {
        const bool response = line[0] >= '0' && line[0] <= '9';
        std::string t = response ? "SIP/2.0 " + line + " X\r\n" : line + " " + request_uri + " SIP/2.0\r\n";
        t += "Via: SIP/2.0/UDP h;branch=z9hG4bK" + (branch.empty() ? cseq.substr(0, cseq.find(' ')) + "x" : branch) + "\r\n";
        t += "From: " + from + ";tag=" + from_tag + "\r\nTo: " + to + (to_tag.empty() ? "" : ";tag=" + to_tag) + "\r\n";
        t += "Call-ID: " + call_id + "\r\nCSeq: " + cseq + "\r\n" + headers;
        if (!body.empty()) t += "Content-Type: " + type + "\r\n";
        return t + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
};

// A session description with one audio line; `extra` are more lines, each with its line end.
inline std::string audio_sdp(const std::string& address, int port, const std::string& extra = "",
                             const std::string& formats = "0") {
    const std::string family = address.find(':') == std::string::npos ? "IP4 " : "IP6 ";
    return "v=0\r\no=- 1 1 IN " + family + address + "\r\ns=-\r\nc=IN " + family + address + "\r\nt=0 0\r\nm=audio " +
           std::to_string(port) + " RTP/AVP " + formats + "\r\n" + extra;
}

struct Rtp {
    std::uint32_t ssrc = 1;
    int packets = 50;
    int type = 0;
    int step_ms = 20;
    std::uint16_t first_seq = 100;
    std::uint32_t first_ts = 1000;
    std::uint32_t ts_step = 160;
};

class Scene {
  public:
    static constexpr wire::TimeNs kStart = 1'700'000'000 * wire::kSecond;

    explicit Scene(probe::PipelineConfig config = {}) : pipeline_(std::make_unique<probe::Pipeline>(config, sink)) {}

    Scene& sip(int ms, const Host& from, const Host& to, const Sip& m) { return udp_text(ms, from, to, m.text()); }
    Scene& udp_text(int ms, const Host& from, const Host& to, const std::string& text) {
        return udp_octets(ms, from, to, octets_of(text));
    }
    Scene& udp_octets(int ms, const Host& from, const Host& to, const Octets& payload) {
        packets_.push_back({kStart + ms * wire::kMillisecond,
                            ip_packet(ip(from.address.c_str()), ip(to.address.c_str()), 17,
                                      udp(from.port, to.port, payload), {id_++})});
        return *this;
    }
    // A segment; the caller counts the sequence numbers.
    Scene& tcp_octets(int ms, const Host& from, const Host& to, std::uint32_t sequence, std::uint8_t flags, const Octets& payload) {
        packets_.push_back({kStart + ms * wire::kMillisecond,
                            ip_packet(ip(from.address.c_str()), ip(to.address.c_str()), 6,
                                      tcp(from.port, to.port, sequence, flags, payload), {id_++})});
        return *this;
    }
    Scene& rtp(int ms, const Host& from, const Host& to, const Rtp& r = {}) {
        for (int i = 0; i < r.packets; ++i) {
            Octets o = hex({0x80, r.type});
            put16(o, static_cast<std::size_t>(r.first_seq + i) & 0xffff);
            put32(o, r.first_ts + static_cast<std::uint32_t>(i) * r.ts_step);
            put32(o, r.ssrc);
            o.resize(172, static_cast<std::uint8_t>(i));
            udp_octets(ms + i * r.step_ms, from, to, o);
        }
        return *this;
    }
    // Plays the packets in the order of their times.
    Scene& run() {
        std::stable_sort(packets_.begin(), packets_.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
        return play();
    }
    // Plays them in the order given; times only say what the capture wrote.
    Scene& play() {
        for (const Packet& p : packets_) pipeline_->process(raw(p.time, p.octets, probe::kLinkRaw));
        packets_.clear();
        return *this;
    }
    // All that was said so far through another pipeline.
    void replay(probe::Pipeline& pipeline) {
        std::stable_sort(packets_.begin(), packets_.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
        for (const Packet& p : packets_) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline.finish();
    }
    Scene& end() {
        run();
        pipeline_->finish();
        return *this;
    }
    const probe::Call& call(const std::string& id = "call@example.org", std::uint32_t dialog = 0) const {
        for (const probe::Call& c : sink.calls)
            if (c.call_id == id && c.dialog == dialog) return c;
        throw std::runtime_error("no call " + id);
    }
    const SeenStream& stream(std::uint32_t ssrc) const {
        for (const SeenStream& s : sink.streams)
            if (s.ssrc == ssrc) return s;
        throw std::runtime_error("no stream " + std::to_string(ssrc));
    }
    const probe::Pipeline& pipeline() const { return *pipeline_; }

    CollectingSink sink;

  private:
    struct Packet {
        wire::TimeNs time;
        Octets octets;
    };
    std::vector<Packet> packets_;
    std::uint16_t id_ = 1;
    std::unique_ptr<probe::Pipeline> pipeline_;
};

// Milliseconds of an event after the scene's start; -1 when it did not happen.
inline std::int64_t at_ms(const probe::Call& c, probe::CallEvent e) {
    return c.has(e) ? (c.at(e) - Scene::kStart) / wire::kMillisecond : -1;
}

}  // namespace voipprobe::test
