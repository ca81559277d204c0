#include "collector/session/record.hpp"

namespace voipprobe::collector {

using templates::ElementId;

namespace {

bool has_media_figures(const Record& r) {
    for (const ElementId id :
         {ElementId::RTP_SSRC, ElementId::RTP_FIRST_SSRC, ElementId::RTP_IN_PAYLOAD_TYPE,
          ElementId::RTP_OUT_PAYLOAD_TYPE, ElementId::RTP_IN_JITTER, ElementId::RTP_OUT_JITTER,
          ElementId::RTP_FIRST_SEQ, ElementId::RTP_IN_MOS, ElementId::RTP_OUT_MOS, ElementId::TRANSPORT_RTP_SSRC,
          ElementId::TRANSPORT_RTP_JITTER_MEAN})
        if (r[id].present()) return true;
    return false;
}

}  // namespace

RecordKind classify(const Record& record) {
    if (record.layout().spec.is_options()) return RecordKind::options;
    if (const int at = record.layout().kind_column; at >= 0)
        if (const auto kind = record.values()[static_cast<std::size_t>(at)].as_number(); kind && *kind >= 1 && *kind <= 8)
            return static_cast<RecordKind>(*kind);
    if (record.layout().kind == RecordKind::rtp && !has_media_figures(record))
        return record.layout().sip_and_rtp && record[ElementId::SIP_CALL_ID].present() ? RecordKind::sip
                                                                                       : RecordKind::flow;
    return record.layout().kind;
}

}  // namespace voipprobe::collector
