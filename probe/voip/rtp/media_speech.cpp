// Speech activity of a stream, and the losses within it (--speech-weighting on).
#include "probe/voip/rtp/media_tracker.hpp"

namespace voipprobe::probe {

void MediaTracker::measure_speech(std::uint32_t index, const RtpHeader& h, const PacketView& p) {
    RtpStream& s = streams_[index];
    const std::int64_t highest = s.sequence.highest();
    const std::uint32_t resets = s.sequence.resets();
    const bool first = s.packets == 0;
    const std::uint64_t late_before = s.buffers == 0 ? 0 : pools_.buffers[s.buffers].adaptive();
    const SequenceStep step = s.on_packet(h, p.time, pools_);
    if (step == SequenceStep::duplicate || step == SequenceStep::stray || p.payload.size() < h.header_octets) return;
    if (s.payload.kind == PayloadClass::telephone_event) return;
    const std::optional<bool> speech =
        s.payload.kind == PayloadClass::comfort_noise
            ? std::optional(false)
            : carries_speech(s.payload.speech_codec, p.payload.subspan(h.header_octets), h.payload_octets);
    if (!speech) return;
    const bool forward = !first && step == SequenceStep::in_order && s.sequence.resets() == resets;
    const auto hole = forward ? static_cast<std::uint64_t>(s.sequence.highest() - highest - 1) : 0;
    const bool late = s.buffers != 0 && pools_.buffers[s.buffers].adaptive() > late_before;
    speech_[index].add(*speech, hole, late, step == SequenceStep::reordered);
}

const SpeechActivity* MediaTracker::speech(const RtpStream& s) const {
    if (!config_.speech_weighting || speech_[index_of(s)].judged == 0) return nullptr;
    constexpr std::uint8_t kEncrypted = 4;  // CALL_MEDIA_FLAGS
    const Call* call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial);
    return call != nullptr && (call->media_flags() & kEncrypted) != 0 ? nullptr : &speech_[index_of(s)];
}

}  // namespace voipprobe::probe
