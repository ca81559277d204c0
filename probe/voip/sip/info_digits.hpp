// Digits that SIP INFO carries: application/dtmf-relay ("Signal=5", "Duration=160") and application/dtmf (the digit
// alone), as gateways have written them since before RFC 6086. Pure; bounded by the body.
#pragma once

#include <string>
#include <string_view>

namespace voipprobe::probe {

// 0-9 * # A-D, at most 16; empty: none, or another content type.
std::string info_digits(std::string_view content_type, std::string_view body);

}  // namespace voipprobe::probe
