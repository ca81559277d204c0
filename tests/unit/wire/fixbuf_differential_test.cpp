// libfixbuf as oracle: it decodes our IPFIX to the same field values as our own decoder does, for random records of
// every element type, alternating templates and variable-length text.
#include <fixbuf/public.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "wire/flow_message.hpp"
#include "wire/flow_record.hpp"
#include "wire/flow_template.hpp"
#include "wire/ipfix_encoder.hpp"

namespace {

using namespace voipprobe::wire;

constexpr std::uint32_t kPen = 32473;

FieldLayout field(std::uint16_t number, FieldType type, std::uint16_t length) {
    return {kPen, number, static_cast<std::uint16_t>(61440 + number), type, length, "e" + std::to_string(number)};
}

std::vector<TemplateLayout> layouts() {
    const std::vector<FieldLayout> all{
        field(1, FieldType::unsigned_int, 1), field(2, FieldType::unsigned_int, 2), field(3, FieldType::unsigned_int, 4),
        field(4, FieldType::unsigned_int, 8), field(5, FieldType::float64, 8),      field(6, FieldType::octets, 16),
        field(7, FieldType::string, kVariable), field(8, FieldType::ipv4, 4),       field(9, FieldType::ipv6, 16),
        field(10, FieldType::seconds, 4),     field(11, FieldType::milliseconds, 8), field(12, FieldType::microseconds, 8),
        field(13, FieldType::string, kVariable), field(14, FieldType::mac, 6)};
    return {{300, 0, all}, {301, 0, {all[3], all[6], all[0]}}, {302, 0, {all.rbegin(), all.rend()}}};
}

std::uint8_t fixbuf_type(const FieldLayout& f) {
    switch (f.type) {
        case FieldType::unsigned_int: return f.length == 1 ? FB_UINT_8 : f.length == 2 ? FB_UINT_16 : f.length == 4 ? FB_UINT_32 : FB_UINT_64;
        case FieldType::float64: return FB_FLOAT_64;
        case FieldType::string: return FB_STRING;
        case FieldType::ipv4: return FB_IP4_ADDR;
        case FieldType::ipv6: return FB_IP6_ADDR;
        case FieldType::seconds: return FB_DT_SEC;
        case FieldType::milliseconds: return FB_DT_MILSEC;
        case FieldType::microseconds: return FB_DT_MICROSEC;
        case FieldType::mac: return FB_MAC_ADDR;
        default: return FB_OCTET_ARRAY;
    }
}
bool swapped_by_libfixbuf(const FieldLayout& f) {
    return f.type != FieldType::octets && f.type != FieldType::string && f.type != FieldType::ipv6 && f.type != FieldType::mac;
}

using Fields = std::vector<std::vector<std::uint8_t>>;  // one record: each field's octets in network order
using Decoded = std::vector<std::pair<std::uint16_t, Fields>>;

Decoded decode_ours(const std::vector<std::vector<std::uint8_t>>& messages) {
    Decoded out;
    std::map<std::uint16_t, TemplateSpec> known;
    for (const auto& bytes : messages) {
        auto message = FlowMessage::parse(bytes);
        EXPECT_TRUE(message.has_value());
        RecordBudget budget;
        for (SetView set; message->next(set);) {
            if (set.kind == SetKind::templates) {
                TemplateReader reader(FlowProtocol::ipfix, set);
                TemplateSpec spec;
                for (TemplateEvent event{}; reader.next(spec, event);) known[spec.id] = spec;
            } else if (set.kind == SetKind::data) {
                RecordReader reader(known.at(set.id), set.body, budget);
                for (std::vector<Bytes> views; reader.next(views);) {
                    Fields fields;
                    for (const Bytes v : views) fields.emplace_back(v.begin(), v.end());
                    out.emplace_back(set.id, std::move(fields));
                }
                EXPECT_FALSE(reader.damaged());
            }
        }
    }
    return out;
}

Decoded decode_libfixbuf(const std::vector<std::vector<std::uint8_t>>& messages) {
    Decoded out;
    fbInfoModel_t* model = fbInfoModelAlloc();
    const std::vector<TemplateLayout> all = layouts();
    for (const FieldLayout& f : all[0].fields) {
        fbInfoElement_t e{};
        e.ref.name = f.name.c_str();
        e.ent = f.pen;
        e.num = f.number;
        e.len = f.length;
        e.type = fixbuf_type(f);
        if (swapped_by_libfixbuf(f) && f.length > 1) e.flags = FB_IE_F_ENDIAN;
        fbInfoModelAddElement(model, &e);
    }
    fbSession_t* session = fbSessionAlloc(model);
    fBuf_t* buffer = fBufAllocForCollection(session, nullptr);
    fBufSetAutomaticMode(buffer, FALSE);
    std::map<std::uint16_t, bool> internal;
    GError* error = nullptr;
    for (auto bytes : messages) {
        fBufSetBuffer(buffer, bytes.data(), bytes.size());
        std::uint16_t id = 0;
        while (fbTemplate_t* external = fBufNextCollectionTemplate(buffer, &id, &error)) {
            if (!internal[id]) {  // the same elements, same lengths, our memory
                fbTemplate_t* copy = fbTemplateAlloc(model);
                for (std::uint32_t i = 0; i < fbTemplateCountElements(external); ++i) {
                    fbInfoElement_t e = *fbTemplateGetIndexedIE(external, i);
                    EXPECT_TRUE(fbTemplateAppend(copy, &e, &error));
                }
                fbSessionAddTemplate(session, TRUE, id, copy, &error);
                internal[id] = true;
            }
            EXPECT_TRUE(fBufSetInternalTemplate(buffer, id, &error));
            std::vector<std::uint8_t> record(4096);
            std::size_t size = record.size();
            if (!fBufNext(buffer, record.data(), &size, &error)) break;
            Fields fields;
            std::size_t at = 0;
            for (std::uint32_t i = 0; i < fbTemplateCountElements(external); ++i) {
                const fbInfoElement_t* e = fbTemplateGetIndexedIE(external, i);
                if (e->len == FB_IE_VARLEN) {
                    fbVarfield_t text;
                    std::memcpy(&text, record.data() + at, sizeof text);
                    fields.emplace_back(text.buf, text.buf + text.len);
                    at += sizeof text;
                } else {
                    std::vector<std::uint8_t> octets(record.begin() + static_cast<std::ptrdiff_t>(at),
                                                     record.begin() + static_cast<std::ptrdiff_t>(at + e->len));
                    if ((e->flags & FB_IE_F_ENDIAN) != 0) std::reverse(octets.begin(), octets.end());
                    fields.push_back(std::move(octets));
                    at += e->len;
                }
            }
            out.emplace_back(id, std::move(fields));
        }
        g_clear_error(&error);
    }
    fBufFree(buffer);
    fbInfoModelFree(model);
    return out;
}

TEST(FixbufDifferential, LibfixbufReadsWhatOurDecoderReads) {
    std::mt19937_64 random(20261122);
    EncoderConfig config;
    config.max_message = 1400;
    auto encoder = make_ipfix_encoder(config);
    ASSERT_TRUE(encoder.has_value());
    const std::vector<TemplateLayout> all = layouts();
    std::vector<std::vector<std::uint8_t>> messages;
    const auto close = [&] {
        const Bytes m = (*encoder)->finish(1'700'000'000 * kSecond);
        messages.emplace_back(m.begin(), m.end());
    };
    for (const TemplateLayout& t : all) ASSERT_TRUE((*encoder)->add_template(t).has_value());
    for (const TemplateLayout& t : all) {
        Append added = (*encoder)->append_template(t.id);
        if (added == Append::full) {
            close();
            added = (*encoder)->append_template(t.id);
        }
        ASSERT_EQ(added, Append::added);
    }
    constexpr std::size_t kRecords = 3000;
    for (std::size_t n = 0; n < kRecords; ++n) {
        const TemplateLayout& t = all[random() % all.size()];
        std::vector<std::uint8_t> packed;
        for (const FieldLayout& f : t.fields) {
            std::size_t length = f.length;
            if (f.length == kVariable) {
                length = random() % 10 == 0 ? 0 : random() % 255;
                packed.push_back(static_cast<std::uint8_t>(length));
                packed.push_back(0);
            }
            const bool text = f.type == FieldType::string;
            for (std::size_t i = 0; i < length; ++i) packed.push_back(static_cast<std::uint8_t>(text ? 'a' + random() % 26 : random() % 4 == 0 ? 255 : random()));
            if (f.type == FieldType::microseconds) {  // a time of this century
                const std::uint64_t us = 1'700'000'000'000'000 + random() % 1'000'000'000;
                std::memcpy(packed.data() + packed.size() - 8, &us, 8);
            }
        }
        Append added = (*encoder)->append(t.id, packed);
        if (added == Append::full) {
            close();
            added = (*encoder)->append(t.id, packed);
        }
        ASSERT_EQ(added, Append::added);
    }
    close();
    const Decoded ours = decode_ours(messages);
    const Decoded theirs = decode_libfixbuf(messages);
    EXPECT_EQ(ours.size(), kRecords);
    ASSERT_EQ(theirs.size(), ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        ASSERT_EQ(ours[i].first, theirs[i].first) << "record " << i;
        ASSERT_EQ(ours[i].second, theirs[i].second) << "record " << i << " of template " << ours[i].first;
    }
}

}  // namespace
