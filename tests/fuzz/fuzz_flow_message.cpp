// Decoder, sessions and call joining on hostile messages, with state: one input is a conversation of several
// messages. Each message is: control octet, length (2 octets), content. Control bit 0: NetFlow v9, bit 1:
// second observation domain, bit 2: TCP (withdrawals count), bit 3: the content is the whole message, else
// the sets behind a header made here, bit 4: second exporter, bits 5-7: seconds that pass. Holds: no record
// is lost from the account, and every text that reaches a row is clean.
#include <cstdlib>

#include "collector/join/joiner.hpp"
#include "collector/session/decoder.hpp"
#include "wire/text.hpp"

namespace {

using namespace voipprobe;
using namespace voipprobe::collector;

void require(bool holds) {
    if (!holds) std::abort();
}

class Checker final : public RowConsumer {
  public:
    void call(const CallRow& r) override {
        for (const std::string* s :
             {&r.facts.call_id, &r.facts.caller, &r.facts.callee_name, &r.facts.codecs, &r.verdict})
            require(wire::is_clean_text(*s));
        require(!r.caller.score.mos_lq || (*r.caller.score.mos_lq >= 1 && *r.caller.score.mos_lq <= 5));
    }
    void stream(const StreamRow& r) override {
        require(wire::is_clean_text(r.facts.codec) && wire::is_clean_text(r.facts.call_id));
    }
    void message(const MessageRow& r) override { require(wire::is_clean_text(r.facts.method)); }
    void interval(const IntervalRow&) override {}
    void detail(const DetailRow&) override {}
    void flow(const Record& r) override {
        require(r.values().size() == r.layout().columns.size());
        for (const Value& v : r.values()) require(wire::is_clean_text(v.as_text()));
    }
};

std::vector<std::uint8_t> with_header(bool v9, std::uint32_t domain, std::uint32_t sequence,
                                      std::uint32_t seconds, wire::Bytes sets) {
    std::vector<std::uint8_t> out;
    wire::ByteWriter w(out);
    w.u16(v9 ? 9 : 10);
    w.u16(static_cast<std::uint16_t>(v9 ? 1 : 16 + sets.size()));
    if (v9) w.u32(1000);
    w.u32(seconds);
    w.u32(sequence);
    w.u32(domain);
    w.bytes(sets);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    SessionLimits limits;
    limits.exporters = 2;
    limits.domains_per_exporter = 2;
    limits.templates_per_domain = 4;
    limits.template_octets = 64 * 1024;
    limits.pending_octets_per_domain = 4096;
    limits.pending_octets = 8192;
    JoinOptions options;
    options.limits.open_calls = 4;
    options.limits.streams_per_call = 4;
    options.limits.remembered = 16;
    Checker rows;
    Decoder decoder(templates::kOwnPen, limits);
    Joiner joiner(options, rows);

    wire::ByteReader in(wire::Bytes(data, size));
    std::uint32_t sequence = 0, seconds = 1700000000;
    while (in.remaining() >= 3) {
        const std::uint8_t control = in.u8();
        const std::size_t length = std::min<std::size_t>({in.u16(), in.remaining(), 60000});
        const wire::Bytes content = in.take(length);
        Peer peer{(control & 4) != 0 ? Transport::tcp : Transport::udp,
                  {wire::IpAddress::v4(0x7f000001), 4000}};
        if ((control & 16) != 0) peer.endpoint.port = 4001;
        seconds += control >> 5;
        const std::uint64_t before = decoder.counters().data_records;
        if ((control & 8) != 0) {
            decoder.message(peer, content, joiner);
        } else {
            const bool v9 = (control & 1) != 0;
            const auto message = with_header(v9, (control & 2) != 0 ? 2 : 1, sequence, seconds, content);
            decoder.message(peer, message, joiner);
            sequence += v9 ? 1 : static_cast<std::uint32_t>(decoder.counters().data_records - before);
        }
        require(decoder.usage().templates <= limits.template_octets &&
                decoder.usage().pending <= limits.pending_octets);
        require(joiner.open_calls() <= options.limits.open_calls);
    }
    joiner.finish();
    const JoinCounters& j = joiner.counters();
    require(joiner.open_calls() == 0);
    require(j.records == j.call_rows + j.stream_rows + j.message_rows + j.interval_rows + j.detail_rows + j.flow_rows +
                             j.superseded + j.options + j.stats + j.no_identity + j.too_many_streams);
    return 0;
}
