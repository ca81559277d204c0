// nDPI (LGPL, Debian's libndpi 4.2).
#include "probe/voip/dpi/classifier.hpp"

#ifdef VP_NDPI

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wconversion"
#include <ndpi/ndpi_api.h>
#include <ndpi/ndpi_protocol_ids.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <array>
#include <cstring>
#include <list>
#include <unordered_map>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMostOctets = 1500;

// Of nDPI 4.2's protocols, those of applications that make calls over UDP. SIP, RTP, H.323, IAX2 and Skinny are measured as what
// they are.
constexpr std::array kCallers = {
    NDPI_PROTOCOL_SKYPE_CALL,   NDPI_PROTOCOL_SKYPE_TEAMS,   NDPI_PROTOCOL_MSTEAMS,       NDPI_PROTOCOL_ZOOM,
    NDPI_PROTOCOL_WHATSAPP_CALL, NDPI_PROTOCOL_SIGNAL_VOIP,  NDPI_PROTOCOL_FACEBOOK_VOIP, NDPI_PROTOCOL_MESSENGER,
    NDPI_PROTOCOL_TELEGRAM,     NDPI_PROTOCOL_DISCORD,       NDPI_PROTOCOL_HANGOUT_DUO,   NDPI_PROTOCOL_VIBER,
    NDPI_PROTOCOL_WEBEX,        NDPI_PROTOCOL_SNAPCHAT_CALL, NDPI_PROTOCOL_KAKAOTALK_VOICE, NDPI_PROTOCOL_IMO,
    NDPI_PROTOCOL_TEAMSPEAK,    NDPI_PROTOCOL_WECHAT,        NDPI_PROTOCOL_TRUPHONE};

void put16(std::uint8_t* p, std::size_t v) {
    p[0] = static_cast<std::uint8_t>(v >> 8);
    p[1] = static_cast<std::uint8_t>(v);
}

class NdpiClassifier final : public Classifier {
  public:
    explicit NdpiClassifier(ndpi_detection_module_struct* module) : module_(module) {
        NDPI_PROTOCOL_BITMASK all;
        NDPI_BITMASK_SET_ALL(all);
        ndpi_set_protocol_detection_bitmask2(module_, &all);
        ndpi_finalize_initialization(module_);
    }
    NdpiClassifier(const NdpiClassifier&) = delete;
    NdpiClassifier& operator=(const NdpiClassifier&) = delete;
    ~NdpiClassifier() override {
        for (Entry& e : order_) ndpi_flow_free(e.state);
        ndpi_exit_detection_module(module_);
    }

    bool look(FlowIndex flow, const PacketView& p, std::uint16_t& protocol) override {
        protocol = 0;
        const auto it = index_.find(flow);
        Entry* e = it == index_.end() ? add(flow) : &*it->second;
        if (e == nullptr) return true;
        ++counters_.packets;
        const std::size_t n = packet_of(p);
        const ndpi_protocol found = ndpi_detection_process_packet(module_, e->state, packet_.data(), static_cast<unsigned short>(n),
                                                                  static_cast<std::uint64_t>(p.time / wire::kMillisecond));
        protocol = number(found);
        const bool last = ++e->packets >= kFirstPackets;
        if (protocol == 0 && last) {
            std::uint8_t guessed = 0;
            protocol = number(ndpi_detection_giveup(module_, e->state, 0, &guessed));
        }
        // An application may still show itself above the protocol that carries it.
        const bool general = protocol == NDPI_PROTOCOL_TLS || protocol == NDPI_PROTOCOL_STUN || protocol == NDPI_PROTOCOL_QUIC ||
                             protocol == NDPI_PROTOCOL_DTLS;
        if (!last && (protocol == 0 || general)) return false;
        ++(protocol == 0 ? counters_.unknown : counters_.classified);
        forget(flow);
        return true;
    }
    void forget(FlowIndex flow) override {
        const auto it = index_.find(flow);
        if (it == index_.end()) return;
        ndpi_flow_free(it->second->state);
        order_.erase(it->second);
        index_.erase(it);
    }
    bool makes_calls(std::uint16_t protocol) const override {
        return std::any_of(kCallers.begin(), kCallers.end(), [protocol](auto p) { return static_cast<std::uint16_t>(p) == protocol; });
    }
    std::string_view name(std::uint16_t protocol) const override {
        const char* s = protocol == 0 ? nullptr : ndpi_get_proto_name(module_, protocol);
        return s == nullptr ? std::string_view{} : std::string_view(s);
    }
    const ClassifierCounters& counters() const override { return counters_; }

  private:
    struct Entry {
        FlowIndex flow;
        ndpi_flow_struct* state;
        std::uint32_t packets;
    };

    static std::uint16_t number(const ndpi_protocol& p) {
        return p.app_protocol != NDPI_PROTOCOL_UNKNOWN ? p.app_protocol : p.master_protocol;
    }
    Entry* add(FlowIndex flow) {
        if (order_.size() >= kMostFlows) {
            ++counters_.evicted;
            forget(order_.front().flow);
        }
        auto* state = static_cast<ndpi_flow_struct*>(ndpi_flow_malloc(SIZEOF_FLOW_STRUCT));
        if (state == nullptr) return nullptr;
        std::memset(state, 0, SIZEOF_FLOW_STRUCT);
        order_.push_back({flow, state, 0});
        index_.emplace(flow, std::prev(order_.end()));
        return &order_.back();
    }
    // The packet as if it had come alone: nDPI wants an IP header.
    std::size_t packet_of(const PacketView& p) {
        packet_.fill(0);
        const std::size_t ip = p.ip_version == 6 ? 40 : 20, transport = p.protocol == kProtoTcp ? 20 : 8;
        const std::size_t payload = std::min(p.payload.size(), kMostOctets - ip - transport);
        const std::size_t all = ip + transport + payload;
        std::uint8_t* o = packet_.data();
        if (ip == 40) {
            o[0] = 0x60;
            put16(o + 4, all - 40);
            o[6] = p.protocol;
            o[7] = p.ttl;
            std::memcpy(o + 8, p.src.octets.data(), 16);
            std::memcpy(o + 24, p.dst.octets.data(), 16);
        } else {
            o[0] = 0x45;
            put16(o + 2, all);
            o[8] = p.ttl;
            o[9] = p.protocol;
            std::memcpy(o + 12, p.src.octets.data() + 12, 4);
            std::memcpy(o + 16, p.dst.octets.data() + 12, 4);
        }
        std::uint8_t* t = o + ip;
        put16(t, p.src_port);
        put16(t + 2, p.dst_port);
        if (transport == 20) {
            put16(t + 4, p.tcp_sequence >> 16);
            put16(t + 6, p.tcp_sequence);
            put16(t + 8, p.tcp_acknowledgement >> 16);
            put16(t + 10, p.tcp_acknowledgement);
            t[12] = 0x50;
            t[13] = p.tcp_flags;
        } else {
            put16(t + 4, 8 + payload);
        }
        if (payload != 0) std::memcpy(t + transport, p.payload.data(), payload);
        return all;
    }

    ndpi_detection_module_struct* module_;
    std::array<std::uint8_t, kMostOctets> packet_{};
    std::list<Entry> order_;  // the oldest first
    std::unordered_map<FlowIndex, std::list<Entry>::iterator> index_;
    ClassifierCounters counters_;
};

}  // namespace

bool Classifier::built_in() { return true; }

std::unique_ptr<Classifier> Classifier::make() {
    auto* module = ndpi_init_detection_module(ndpi_no_prefs);
    return module == nullptr ? nullptr : std::make_unique<NdpiClassifier>(module);
}

}  // namespace voipprobe::probe

#else

namespace voipprobe::probe {

bool Classifier::built_in() { return false; }
std::unique_ptr<Classifier> Classifier::make() { return nullptr; }

}  // namespace voipprobe::probe

#endif
