// One session description of any content.
#include <cstdlib>

#include "probe/voip/sdp/sdp.hpp"
#include "wire/bytes.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    probe::Sdp sdp;
    probe::parse_sdp(wire::as_text(wire::Bytes(data, size)), sdp);
    if (sdp.media.size() > probe::kMaxMedia) std::abort();
    for (std::size_t i = 0; i < sdp.media.size(); ++i)
        if (sdp.media[i].formats.size() > probe::kMaxFormats) std::abort();
    return 0;
}
