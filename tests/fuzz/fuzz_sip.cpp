// One datagram as SIP: every view must lie within it; values are parsed further as a dialog would.
#include <cstdlib>

#include "probe/voip/sip/dialog.hpp"
#include "probe/voip/sip/sip_message.hpp"
#include "wire/text.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const wire::Bytes bytes(data, size);
    probe::looks_like_sip(bytes);
    probe::SipMessage m;
    if (probe::parse_sip(wire::as_text(bytes), size, m) != probe::SipDefect::none) return 0;
    const auto inside = [&](std::string_view v) {
        return v.empty() || (v.data() >= reinterpret_cast<const char*>(data) &&
                             v.data() + v.size() <= reinterpret_cast<const char*>(data) + size);
    };
    for (const std::string_view v : {m.call_id, m.from, m.to, m.via, m.body, m.reason, m.branch(), m.sdp(), m.user_agent})
        if (!inside(v)) std::abort();
    const probe::NameAddress from = probe::parse_name_address(m.from);
    if (!inside(from.display) || !inside(from.uri) || !inside(from.tag) || !inside(from.full)) std::abort();
    if (!inside(probe::bare_uri(from.uri))) std::abort();
    if (!wire::is_clean_text(probe::unfolded(m.to))) std::abort();
    (void)probe::reason_cause(m.reason);

    probe::CallTable calls(4, {});
    probe::MediaTable media(64, {});
    const probe::CallIndex i = calls.add(m.call_id);
    const probe::SipContext ctx{1, {wire::IpAddress::v4(1), 5060}, {wire::IpAddress::v4(2), 5060},
                                probe::SipTransport::udp, false, 100, 1, 0, {}};
    probe::begin_call(calls[i], m, ctx);
    probe::apply_message(calls[i], i, m, ctx, media);
    return 0;
}
