// One UDP payload of any content as a STUN message, and the ICE attributes of a session description.
#include <cstdlib>

#include "probe/voip/stun.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const wire::Bytes payload(data, size);
    const auto username = probe::stun_username(payload);
    if (!username) return 0;
    const auto* begin = reinterpret_cast<const std::uint8_t*>(username->data());
    if (username->size() > 513 || begin < data || begin + username->size() > data + size) std::abort();
    return 0;
}
