// A joiner fed through the real decoder, and records of every kind to feed it with.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "collector/join/joiner.hpp"
#include "message_builder.hpp"

namespace voipprobe::collector::test_join {

using namespace voipprobe::test;
using enum templates::ElementId;

inline constexpr std::uint32_t kStart = 1700000000;
inline constexpr std::uint64_t kStartUs = kStart * 1'000'000ULL;

class Rows final : public RowConsumer {
  public:
    void call(const CallRow& r) override { calls.push_back(r); }
    void stream(const StreamRow& r) override { streams.push_back(r); }
    void message(const MessageRow& r) override { messages.push_back(r); }
    void interval(const IntervalRow& r) override { intervals.push_back(r); }
    void detail(const DetailRow& r) override { details.push_back(r); }
    void user(const UserRow& r) override { users.push_back(r); }
    void flow(const Record&) override { ++flows; }

    std::vector<CallRow> calls;
    std::vector<StreamRow> streams;
    std::vector<MessageRow> messages;
    std::vector<IntervalRow> intervals;
    std::vector<DetailRow> details;
    std::vector<UserRow> users;
    int flows = 0;
};

inline std::string id(char kind, int n) {
    std::string out(16, kind);
    out.back() = static_cast<char>('0' + n);
    return out;
}

// A record of every kind through the real decoder: one template per set of fields.
class Bench {
  public:
    explicit Bench(JoinOptions options = {}) : joiner(options, rows) {}

    void send(const std::vector<FieldValue>& fields, std::uint32_t seconds, std::uint32_t domain = 1) {
        const FlowProtocol p = FlowProtocol::ipfix;
        const Octets sets = set(2, template_record(p, 256, fields)) + set(256, record(p, fields));
        decoder.message({Transport::udp, {wire::IpAddress::v4(0x7f000001), 9}},
                        message(p, sets, sequence++, kStart + seconds, domain), joiner);
    }
    void time(std::uint32_t seconds) {
        decoder.message({Transport::udp, {wire::IpAddress::v4(0x7f000001), 9}},
                        message(FlowProtocol::ipfix, {}, sequence, kStart + seconds), joiner);
    }
    void balanced() const {
        const JoinCounters& j = joiner.counters();
        EXPECT_EQ(j.records, j.call_rows + j.stream_rows + j.message_rows + j.interval_rows + j.flow_rows +
                                 j.superseded + j.options + j.stats + j.no_identity + j.too_many_streams);
    }

    Rows rows;
    Joiner joiner;
    Decoder decoder;
    std::uint32_t sequence = 0;
};

using Fields = std::vector<FieldValue>;

inline Fields with(Fields base, const Fields& changes) {
    for (const FieldValue& c : changes) {
        const auto same =
            std::find_if(base.begin(), base.end(), [&](const FieldValue& f) { return f.id == c.id; });
        if (same != base.end())
            *same = c;
        else
            base.push_back(c);
    }
    return base;
}

inline Fields call(int n, bool final = true, std::uint64_t revision = 1) {
    return {txt(RECORD_ID, id('C', n)),
            num(RECORD_KIND, 2),
            num(RECORD_FINAL, final ? 1 : 0),
            num(RECORD_REVISION, revision),
            txt(SIP_CALL_ID, "call" + std::to_string(n)),
            txt(SIP_CALLING_PARTY, "\"Alice\" <sip:alice@example.org;user=phone>"),
            txt(SIP_CALLED_PARTY, "<tel:+4930123>"),
            txt(SIP_CALL_STATE, "CALL_COMPLETED"),
            num(SIP_RESPONSE_CODE, 200),
            num(IPV4_SRC_ADDR, 0xc0000201),
            num(IPV4_DST_ADDR, 0xc6336402),
            num(L4_SRC_PORT, 5060),
            num(L4_DST_PORT, 5060),
            num(CALL_INVITE_TIME, kStartUs),
            num(CALL_RINGING_TIME, kStartUs + 100'000),
            num(CALL_OK_TIME, kStartUs + 1'000'000),
            num(CALL_BYE_TIME, kStartUs + 11'000'000),
            num(CALL_MEDIA_FLAGS, 3)};
}

inline Fields stream(int n, int side, bool final = true, std::uint64_t revision = 1) {
    const bool to_caller = side == 1;
    return {txt(RECORD_ID, id(to_caller ? 'R' : 'E', n)),
            num(RECORD_FINAL, final ? 1 : 0),
            num(RECORD_REVISION, revision),
            txt(CALL_RECORD_ID, id('C', n)),
            txt(SIP_CALL_ID, "call" + std::to_string(n)),
            num(IPV4_SRC_ADDR, to_caller ? 0xc6336402 : 0xc0000201),
            num(L4_SRC_PORT, to_caller ? 6000 : 4000),
            num(IPV4_DST_ADDR, to_caller ? 0xc0000201 : 0xc6336402),
            num(L4_DST_PORT, to_caller ? 4000 : 6000),
            num(RTP_SSRC, 7),
            num(RTP_IN_PAYLOAD_TYPE, 0),
            num(STREAM_SIDE, static_cast<std::uint64_t>(side)),
            num(STREAM_MATCH, 1),
            num(STREAM_FIRST_TIME, kStartUs + 1'050'000 + static_cast<std::uint64_t>(side)),
            num(STREAM_LAST_TIME, kStartUs + 10'900'000),
            num(STREAM_PTIME, 20'000),
            num(STREAM_PACKETS, 490),
            num(STREAM_EXPECTED, 500),
            num(STREAM_LOST, 10),
            num(STREAM_DISCARD_ADAPTIVE, 0),
            num(STREAM_JITTER_MEAN, 1'000'000),
            num(STREAM_JITTER_MAX, 2'000'000),
            num(STREAM_JITTER_P95, 1'500'000)};
}

inline Fields without(Fields base, std::initializer_list<ElementId> gone) {
    std::erase_if(
        base, [&](const FieldValue& f) { return std::find(gone.begin(), gone.end(), f.id) != gone.end(); });
    return base;
}

}  // namespace voipprobe::collector::test_join
