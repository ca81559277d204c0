// Statistics that telephones put into BYE and its response, about what they received themselves:
//   P-RTP-Stat                    Sipura, Linksys, snom, TelcoBridges   PR received, PL lost, JI jitter (ms)
//   X-RTP-Stat, -Stats, -Statistics   AVM, baresip: PR, PL (its first number), JI left out when it is a pair;
//                                 AudioCodes: PR, PL, JI; Poly: these and MOS
//   X-Siemens-RTP-stats, -list    Unify: PR, PL, JI, PD discarded
//   RTP-RxStat                    Cisco: Pkt received, LostPkt, LatePkt, AvgJit (ms), VQMetrics="...MLQKav=..."
// None of them is standardised; only keys whose meaning is agreed upon are read, all others ignored: LA is a round trip
// for one maker, a decoder's latency for another. Pairs are separated by ";" or ",". As a header or as a line of the
// body. Sources: the makers' manuals. Pure. Absent: nullopt.
#pragma once

#include <optional>
#include <string_view>

#include "probe/voip/rtp/reported.hpp"

namespace voipprobe::probe {

// `message`: the SIP message's text. nullopt: it has no such line, or none of its figures could be read.
std::optional<SessionReport> find_endpoint_statistics(std::string_view message);

// One header's value.
std::optional<SessionReport> parse_endpoint_statistics(std::string_view name, std::string_view value);

}  // namespace voipprobe::probe
