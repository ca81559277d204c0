// A session description (RFC 8866), as far as media needs it. Pure: text to a bounded struct of views, of which only what
// the text holds is ever touched.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <string_view>

#include "wire/address.hpp"

namespace voipprobe::probe {

enum class MediaKind : std::uint8_t { none = 0, audio = 1, video = 2, text = 3, image = 4, application = 5 };
enum class MediaDirection : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

inline constexpr std::size_t kMaxMedia = 16;     // m= lines kept
inline constexpr std::size_t kMaxFormats = 32;   // payload types kept per m= line
inline constexpr std::size_t kMaxCandidates = 16;  // a=candidate kept per m= line
inline constexpr std::size_t kMaxSsrcs = 8;        // a=ssrc kept per m= line
inline constexpr std::size_t kMaxScores = 4;       // algorithms of MOS kept per m= line

struct SdpFormat {
    std::uint8_t payload_type = 0;
    std::uint32_t clock_rate = 0;   // 0: no rtpmap
    std::uint8_t channels = 1;
    std::string_view encoding;      // as written; empty: no rtpmap
};

// a=candidate (RFC 8839 §5.1) of UDP; those named by a host name (mDNS) are left out.
struct SdpCandidate {
    wire::Endpoint at;
    std::uint8_t component = 1;  // 1 RTP, 2 RTCP
};

// What a score of an algorithm is: a listening or a conversational one.
enum class ScoreSense : std::uint8_t { unknown, listening, conversational };

// a=rtcp-xr:mos-metric=calg:1=P564, or a=calg:1 P564 (RFC 7266 §4.1): what a number in XR MOS blocks stands for.
struct SdpScore {
    std::uint8_t id = 0;
    ScoreSense sense = ScoreSense::unknown;
};

struct SdpMedia {
    MediaKind kind = MediaKind::none;
    MediaDirection direction = MediaDirection::sendrecv;
    bool rtp = false;        // RTP/AVP and relatives
    bool udptl = false;      // T.38 over UDPTL (ITU-T T.38 Annex D)
    bool encrypted = false;  // SAVP, crypto or fingerprint
    bool rtcp_mux = false;
    bool has_connection = false;  // own c= line
    std::uint16_t port = 0;
    bool bundled = false;         // its mid is in a=group:BUNDLE (RFC 9143)
    std::uint16_t rtcp_port = 0;  // a=rtcp (RFC 3605), 0 = not given
    wire::IpAddress rtcp_address; // a=rtcp with an address; none = where the media goes
    std::uint32_t ptime_ms = 0;   // a=ptime, 0 = not given
    wire::IpAddress address;      // own c= or the session's; none when it is a host name
    std::string_view mid;         // a=mid
    std::string_view ice_ufrag;   // a=ice-ufrag, the line's or the session's
    boost::container::static_vector<SdpCandidate, kMaxCandidates> candidates;
    boost::container::static_vector<std::uint32_t, kMaxSsrcs> ssrcs;  // a=ssrc (RFC 5576), each once: what the describing party sends
    boost::container::static_vector<SdpFormat, kMaxFormats> formats;
    boost::container::static_vector<SdpScore, kMaxScores> scores;  // of known algorithms
};

struct Sdp {
    boost::container::static_vector<SdpMedia, kMaxMedia> media;
    bool over_limits = false;  // more m= lines or formats than kept
    std::string_view origin;   // o= value
    std::string_view ice_ufrag;  // of the session
};

// False when the text is no session description at all (no v= or no m= line); otherwise whatever could be read.
bool parse_sdp(std::string_view text, Sdp& out);

}  // namespace voipprobe::probe
