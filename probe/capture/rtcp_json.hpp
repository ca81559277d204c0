// RTCP as HEP agents write it in JSON (heplify, captagent, Asterisk's res_hep_rtcp): back to the packet it was, as far as it
// goes. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

// Appends an RTCP packet (RFC 3550 §6.4): a sender report when the JSON has sender information, else a receiver report.
// False: no such JSON, no SSRC, or nothing in it that would be measured.
bool rtcp_from_json(wire::Bytes json, std::vector<std::uint8_t>& out);

}  // namespace voipprobe::probe
