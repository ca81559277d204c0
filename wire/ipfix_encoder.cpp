#include "wire/ipfix_encoder.hpp"

#include <fixbuf/public.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace voipprobe::wire {
namespace {

constexpr std::size_t kHeader = 16;     // RFC 7011 §3.1
constexpr std::size_t kSetHeader = 4;   // §3.3.2
constexpr std::size_t kLongString = 255;  // from here on a length takes 3 octets, §7

struct GErrorBox {  // libfixbuf allocates one on every failure
    GError* error = nullptr;
    GErrorBox() = default;
    GErrorBox(const GErrorBox&) = delete;
    GErrorBox& operator=(const GErrorBox&) = delete;
    ~GErrorBox() { g_clear_error(&error); }
    bool end_of_message() const { return g_error_matches(error, FB_ERROR_DOMAIN, FB_ERROR_EOM) == TRUE; }
    std::string text() const { return error != nullptr ? error->message : "unknown libfixbuf error"; }
};

bool wire_order_differs(FieldType t) {  // packed form against network order; see layout.hpp
    switch (t) {
        case FieldType::unsigned_int:
        case FieldType::float64:
        case FieldType::boolean:
        case FieldType::seconds:
        case FieldType::milliseconds:
        case FieldType::microseconds: return true;
        default: return false;
    }
}

std::uint8_t fixbuf_type(const FieldLayout& f) {
    switch (f.type) {
        case FieldType::octets: return FB_OCTET_ARRAY;
        case FieldType::unsigned_int:
            return f.length == 1 ? FB_UINT_8 : f.length == 2 ? FB_UINT_16 : f.length == 4 ? FB_UINT_32 : FB_UINT_64;
        case FieldType::float64: return FB_FLOAT_64;
        case FieldType::boolean: return FB_BOOL;
        case FieldType::mac: return FB_MAC_ADDR;
        case FieldType::string: return FB_STRING;
        case FieldType::seconds: return FB_DT_SEC;
        case FieldType::milliseconds: return FB_DT_MILSEC;
        case FieldType::microseconds: return FB_DT_MICROSEC;
        case FieldType::ipv4: return FB_IP4_ADDR;
        case FieldType::ipv6: return FB_IP6_ADDR;
    }
    return FB_OCTET_ARRAY;
}

enum class Copy : std::uint8_t { run, reversed, ntp, ntp_reversed, text };
struct Step {
    Copy copy;
    std::uint16_t length;  // octets in the packed form; text: unused
};

struct Known {
    bool options = false;
    std::size_t least = 0;       // wire octets with empty strings
    std::size_t definition = 0;  // wire octets of the template record
    std::size_t fixed = 0;       // packed octets without strings' contents
    std::vector<Step> steps;
};

void reverse_copy(std::uint8_t* to, const std::uint8_t* from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) to[i] = from[n - 1 - i];
}

}  // namespace

struct IpfixEncoder::Impl {
    explicit Impl(const EncoderConfig& config) : limit(config.max_message), message(config.max_message) {
        model = fbInfoModelAlloc();
        session = fbSessionAlloc(model);
        fbSessionSetDomain(session, config.domain);
    }
    ~Impl() {
        if (buffer != nullptr)
            fBufFree(buffer);  // and the session and exporter with it
        else
            fbSessionFree(session);
        fbInfoModelFree(model);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    // Templates must all be known before: with a buffer, adding one would send it.
    void allocate_buffer() {
        if (buffer != nullptr) return;
        buffer = fBufAllocForExport(session, fbExporterAllocBuffer(message.data(), static_cast<std::uint16_t>(message.size())));
        fBufSetAutomaticMode(buffer, FALSE);
        fBufSetExportTime(buffer, 1);  // else it asks the clock; finish() writes the true one
    }

    // The model's element for `f`, added when the model does not have it (ntop's and ours).
    const fbInfoElement_t* element_for(const FieldLayout& f) {
        if (const fbInfoElement_t* e = fbInfoModelGetElementByID(model, f.number, f.pen)) return e;
        fbInfoElement_t e{};
        e.ref.name = f.name.c_str();
        e.ent = f.pen;
        e.num = f.number;
        e.len = f.type == FieldType::string ? static_cast<std::uint16_t>(FB_IE_VARLEN) : f.length;
        e.flags = wire_order_differs(f.type) || f.type == FieldType::ipv4 ? FB_IE_F_ENDIAN : FB_IE_F_NONE;
        e.type = fixbuf_type(f);
        fbInfoModelAddElement(model, &e);
        return fbInfoModelGetElementByID(model, f.number, f.pen);
    }

    void add_step(Known& known, const FieldLayout& f, const fbInfoElement_t* e) {
        known.definition += f.pen == 0 ? 4 : 8;
        if (f.length == kVariable) {
            known.least += 1;
            known.fixed += 2;
            known.steps.push_back({Copy::text, 0});
            return;
        }
        known.least += f.length;
        known.fixed += f.length;
        const bool fixbuf_reverses = (e->flags & FB_IE_F_ENDIAN) != 0 && f.length > 1;
        const bool reverse = f.length > 1 && fixbuf_reverses != wire_order_differs(f.type);
        if (f.type == FieldType::microseconds) {
            known.steps.push_back({reverse ? Copy::ntp_reversed : Copy::ntp, f.length});
        } else if (reverse) {
            known.steps.push_back({Copy::reversed, f.length});
        } else if (!known.steps.empty() && known.steps.back().copy == Copy::run) {
            known.steps.back().length = static_cast<std::uint16_t>(known.steps.back().length + f.length);
        } else {
            known.steps.push_back({Copy::run, f.length});
        }
    }

    // `packed` as libfixbuf's internal record in `record`; returns the wire length, 0 for a malformed record.
    std::size_t convert(const Known& known, Bytes packed) {
        const std::uint8_t* from = packed.data();
        std::size_t left = packed.size();
        std::size_t length = known.least;
        std::uint8_t* to = record.data();
        for (const Step& s : known.steps) {
            if (s.copy == Copy::text) {
                std::uint16_t n = 0;
                if (left < 2) return 0;
                std::memcpy(&n, from, 2);
                if (left - 2 < n) return 0;
                fbVarfield_t text{};
                text.len = n;
                text.buf = const_cast<std::uint8_t*>(from + 2);  // libfixbuf only reads it
                std::memcpy(to, &text, sizeof text);
                to += sizeof text;
                from += 2U + n;
                left -= 2U + n;
                length += n + (n < kLongString ? 0U : 2U);
                continue;
            }
            if (left < s.length) return 0;
            switch (s.copy) {
                case Copy::run: std::memcpy(to, from, s.length); break;
                case Copy::reversed: reverse_copy(to, from, s.length); break;
                default: {
                    std::uint64_t us = 0;
                    std::memcpy(&us, from, sizeof us);
                    // 0 is "not seen" and stays 0, whatever 1900 has to do with it
                    std::uint64_t ntp = us == 0 ? 0 : microseconds_to_ntp(us);
                    if (s.copy == Copy::ntp_reversed) ntp = __builtin_bswap64(ntp);
                    std::memcpy(to, &ntp, sizeof ntp);
                }
            }
            to += s.length;
            from += s.length;
            left -= s.length;
        }
        record_length = static_cast<std::size_t>(to - record.data());
        return left == 0 ? length : 0;
    }

    // Between templates and data libfixbuf says "end of message" once, open message or not; sizes are known to fit.
    template <typename Call>
    bool once_more(Call call) {
        GErrorBox first;
        if (call(&first.error)) return true;
        GErrorBox second;
        return holds == Holds::nothing && first.end_of_message() && call(&second.error);
    }

    Append refuse() {
        ++stats.refused;
        return Append::refused;
    }

    std::size_t limit;
    std::size_t least_limit = 0;  // what the largest template needs
    std::vector<std::uint8_t> message;
    std::vector<std::uint8_t> record;  // the internal form of one record; large enough for every template
    std::size_t record_length = 0;
    fbInfoModel_t* model = nullptr;
    fbSession_t* session = nullptr;
    fBuf_t* buffer = nullptr;
    std::unordered_map<std::uint16_t, Known> templates;
    enum class Holds : std::uint8_t { nothing, templates, data } holds = Holds::nothing;
    std::size_t used = kHeader;
    std::uint32_t set = 0;       // template id of the open data set; 2, 3: template sets
    std::uint32_t selected = 0;  // template id libfixbuf is set to
    EncoderStats stats;
};

IpfixEncoder::IpfixEncoder(const EncoderConfig& config) : impl_(std::make_unique<Impl>(config)) {}
IpfixEncoder::~IpfixEncoder() = default;

bool IpfixEncoder::empty() const { return impl_->holds == Impl::Holds::nothing; }
const EncoderStats& IpfixEncoder::stats() const { return impl_->stats; }

Result<void> IpfixEncoder::add_template(const TemplateLayout& layout) {
    Impl& my = *impl_;
    const std::string what = "IPFIX template " + std::to_string(layout.id);
    if (layout.id < 256 || layout.fields.empty() || layout.scope_count > layout.fields.size())
        return fail(ExitCode::usage, what + ": bad id or no field");
    if (my.buffer != nullptr) return fail(ExitCode::failure, what + ": added after the first record");
    if (my.templates.contains(layout.id)) return fail(ExitCode::usage, what + ": id used twice");
    Known known;
    known.options = layout.scope_count > 0;
    known.definition = known.options ? 6 : 4;
    fbTemplate_t* t = fbTemplateAlloc(my.model);
    GErrorBox error;
    std::size_t internal = 0;
    for (const FieldLayout& f : layout.fields) {
        const fbInfoElement_t* e = my.element_for(f);
        fbInfoElement_t example{};
        example.ent = f.pen;
        example.num = f.number;
        example.len = f.length;
        if (f.length == 0 || e == nullptr || !fbTemplateAppend(t, &example, &error.error)) {
            fbTemplateFreeUnused(t);
            return fail(ExitCode::usage, what + ": field " + f.name + ": " + error.text());
        }
        my.add_step(known, f, e);
        internal += f.length == kVariable ? sizeof(fbVarfield_t) : f.length;
    }
    if (known.options) fbTemplateSetOptionsScope(t, layout.scope_count);
    if (kHeader + kSetHeader + std::max(known.least, known.definition) > my.limit) {
        fbTemplateFreeUnused(t);
        return fail(ExitCode::usage, what + ": does not fit a message of " + std::to_string(my.limit) +
                                         " octets; use fewer fields or a larger -m");
    }
    if (fbSessionAddTemplate(my.session, TRUE, layout.id, t, &error.error) == 0 ||
        fbSessionAddTemplate(my.session, FALSE, layout.id, t, &error.error) == 0)
        return fail(ExitCode::failure, what + ": " + error.text());
    my.least_limit = std::max(my.least_limit, kHeader + kSetHeader + std::max(known.least, known.definition));
    if (my.record.size() < internal) my.record.resize(internal);
    my.templates.emplace(layout.id, std::move(known));
    return {};
}

void IpfixEncoder::set_max_message(std::size_t octets) {
    Impl& my = *impl_;
    my.limit = std::clamp(octets, my.least_limit, std::max(my.least_limit, my.message.size()));
}

Append IpfixEncoder::append_template(std::uint16_t template_id) {
    Impl& my = *impl_;
    const auto it = my.templates.find(template_id);
    if (it == my.templates.end()) return my.refuse();
    if (my.holds == Impl::Holds::data) return Append::full;
    const std::uint32_t set = it->second.options ? 3 : 2;  // RFC 7011 §3.3.2
    const std::size_t length = it->second.definition + (my.set == set ? 0 : kSetHeader);
    if (my.used + length > my.limit) return Append::full;
    my.allocate_buffer();
    if (!my.once_more([&](GError** e) { return fbSessionExportTemplate(my.session, template_id, e) == TRUE; }))
        return my.refuse();
    my.holds = Impl::Holds::templates;
    my.used += length;
    my.set = set;
    ++my.stats.templates;
    return Append::added;
}

Append IpfixEncoder::append(std::uint16_t template_id, Bytes packed) {
    Impl& my = *impl_;
    const auto it = my.templates.find(template_id);
    if (it == my.templates.end() || packed.size() < it->second.fixed) return my.refuse();
    std::size_t length = my.convert(it->second, packed);
    if (length == 0) return my.refuse();
    if (kHeader + kSetHeader + length > my.limit) {
        ++my.stats.too_large;
        return Append::too_large;
    }
    if (my.holds == Impl::Holds::templates) return Append::full;
    if (my.set != template_id) length += kSetHeader;
    if (my.used + length > my.limit) return Append::full;
    my.allocate_buffer();
    if (my.selected != template_id) {
        GErrorBox error;
        if (!fBufSetInternalTemplate(my.buffer, template_id, &error.error) ||
            !fBufSetExportTemplate(my.buffer, template_id, &error.error))
            return my.refuse();
        my.selected = template_id;
    }
    if (!my.once_more([&](GError** e) { return fBufAppend(my.buffer, my.record.data(), my.record_length, e) == TRUE; }))
        return my.refuse();
    my.holds = Impl::Holds::data;
    my.used += length;
    my.set = template_id;
    ++my.stats.records;
    return Append::added;
}

Bytes IpfixEncoder::finish(TimeNs export_time) {
    Impl& my = *impl_;
    if (empty()) return {};
    my.holds = Impl::Holds::nothing;
    my.used = kHeader;
    my.set = 0;
    GErrorBox error;
    if (!fBufEmit(my.buffer, &error.error)) {
        ++my.stats.refused;
        return {};
    }
    const std::size_t length = fbExporterGetMsgLen(fBufGetExporter(my.buffer));
    const std::uint32_t seconds = __builtin_bswap32(header_seconds(export_time));
    std::memcpy(&my.message[4], &seconds, sizeof seconds);
    ++my.stats.messages;
    my.stats.octets += length;
    return {my.message.data(), length};
}

Result<std::unique_ptr<MessageEncoder>> make_ipfix_encoder(const EncoderConfig& config) {
    if (config.max_message < 576 || config.max_message > 65496)
        return fail(ExitCode::usage, "-m: message size " + std::to_string(config.max_message) + " is not in 576..65496");
    return std::make_unique<IpfixEncoder>(config);
}

}  // namespace voipprobe::wire
