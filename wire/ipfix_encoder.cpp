#include "wire/ipfix_encoder.hpp"

#include <fixbuf/public.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>
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

// Fields next to each other that are written alike.
enum class Copy : std::uint8_t { run, swap2, swap4, swap8, ntp, text };
struct Step {
    Copy copy;
    std::uint16_t count;  // run: octets; otherwise fields
};

struct Known {
    bool options = false;
    std::size_t least = 0;       // wire octets with empty strings
    std::size_t definition = 0;  // wire octets of the template record
    std::size_t fixed = 0;       // packed octets without strings' contents
    std::size_t strings = 0;
    std::vector<Step> steps;
};

Copy copy_of(const FieldLayout& f) {
    if (f.length == kVariable) return Copy::text;
    if (f.type == FieldType::microseconds) return Copy::ntp;
    if (!wire_order_differs(f.type)) return Copy::run;
    return f.length == 2 ? Copy::swap2 : f.length == 4 ? Copy::swap4 : f.length == 8 ? Copy::swap8 : Copy::run;
}

template <typename T>
void swap_fields(std::uint8_t*& to, const std::uint8_t*& from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i, to += sizeof(T), from += sizeof(T)) {
        T v;
        std::memcpy(&v, from, sizeof v);
        if constexpr (sizeof(T) == 2) v = __builtin_bswap16(v);
        if constexpr (sizeof(T) == 4) v = __builtin_bswap32(v);
        if constexpr (sizeof(T) == 8) v = __builtin_bswap64(v);
        std::memcpy(to, &v, sizeof v);
    }
}

void put16(std::uint8_t* to, std::size_t v) {
    to[0] = static_cast<std::uint8_t>(v >> 8);
    to[1] = static_cast<std::uint8_t>(v);
}
void put32(std::uint8_t* to, std::uint32_t v) {
    v = __builtin_bswap32(v);
    std::memcpy(to, &v, sizeof v);
}

}  // namespace

struct IpfixEncoder::Impl {
    explicit Impl(const EncoderConfig& config)
        : limit(config.max_message), message(config.max_message), data(config.max_message), domain(config.domain) {
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

    void add_step(Known& known, const FieldLayout& f) {
        known.definition += f.pen == 0 ? 4 : 8;
        const Copy copy = copy_of(f);
        known.least += copy == Copy::text ? 1 : f.length;
        known.fixed += copy == Copy::text ? 2 : f.length;
        known.strings += copy == Copy::text ? 1 : 0;
        const auto count = static_cast<std::uint16_t>(copy == Copy::run ? f.length : 1);
        if (!known.steps.empty() && known.steps.back().copy == copy) known.steps.back().count = static_cast<std::uint16_t>(known.steps.back().count + count);
        else known.steps.push_back({copy, count});
    }

    // `packed` as it goes on the wire, to `to`, which has room for packed.size() + 1 for each string. Its length; 0 for a
    // malformed record.
    static std::size_t convert(const Known& known, Bytes packed, std::uint8_t* const begin) {
        const std::uint8_t* from = packed.data();
        const std::uint8_t* const end = from + packed.size();
        std::size_t fixed = known.fixed;  // octets that the fields from here on need at least
        std::uint8_t* to = begin;
        for (const Step& s : known.steps) {
            if (static_cast<std::size_t>(end - from) < fixed) return 0;
            switch (s.copy) {
                case Copy::run:
                    std::memcpy(to, from, s.count);
                    to += s.count;
                    from += s.count;
                    fixed -= s.count;
                    break;
                case Copy::swap2: swap_fields<std::uint16_t>(to, from, s.count), fixed -= 2U * s.count; break;
                case Copy::swap4: swap_fields<std::uint32_t>(to, from, s.count), fixed -= 4U * s.count; break;
                case Copy::swap8: swap_fields<std::uint64_t>(to, from, s.count), fixed -= 8U * s.count; break;
                case Copy::ntp:
                    for (std::size_t i = 0; i < s.count; ++i, to += 8, from += 8, fixed -= 8) {
                        std::uint64_t us = 0;
                        std::memcpy(&us, from, sizeof us);
                        // 0 is "not seen" and stays 0, whatever 1900 has to do with it
                        const std::uint64_t ntp = us == 0 ? 0 : __builtin_bswap64(microseconds_to_ntp(us));
                        std::memcpy(to, &ntp, sizeof ntp);
                    }
                    break;
                case Copy::text:
                    for (std::size_t i = 0; i < s.count; ++i) {
                        std::uint16_t n = 0;
                        std::memcpy(&n, from, 2);
                        from += 2;
                        fixed -= 2;
                        if (static_cast<std::size_t>(end - from) < n + fixed) return 0;
                        if (n < kLongString) {
                            *to++ = static_cast<std::uint8_t>(n);
                        } else {
                            *to++ = 255;
                            put16(to, n);
                            to += 2;
                        }
                        std::memcpy(to, from, n);
                        to += n;
                        from += n;
                    }
            }
        }
        return from == end ? static_cast<std::size_t>(to - begin) : 0;
    }

    Known* find(std::uint16_t id) {
        if (id == last_id && last != nullptr) return last;
        const auto it = templates.find(id);
        if (it == templates.end()) return nullptr;
        last_id = id;
        return last = &it->second;
    }
    void open_set(std::uint16_t id) {
        close_set();
        set = id;
        set_at = used;
        put16(&data[used], id);
        used += kSetHeader;
    }
    void close_set() {
        if (set_at != 0) put16(&data[set_at + 2], used - set_at);
        set_at = 0;
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

    Append take(std::size_t length) {
        used += length;
        holds = Holds::data;
        ++records;
        ++stats.records;
        return Append::added;
    }

    std::size_t limit;
    std::size_t least_limit = 0;  // what the largest template needs
    std::vector<std::uint8_t> message;  // of templates, by libfixbuf
    std::vector<std::uint8_t> data;     // of data records
    std::vector<std::uint8_t> record;   // one that may not fit any more
    const std::uint32_t domain;
    fbInfoModel_t* model = nullptr;
    fbSession_t* session = nullptr;
    fBuf_t* buffer = nullptr;
    std::unordered_map<std::uint16_t, Known> templates;
    std::uint16_t last_id = 0;  // found last
    Known* last = nullptr;
    enum class Holds : std::uint8_t { nothing, templates, data } holds = Holds::nothing;
    std::size_t used = kHeader;
    std::uint32_t set = 0;       // template id of the open data set; 2, 3: template sets
    std::size_t set_at = 0;      // where the open data set begins, 0 none
    std::uint32_t sequence = 0;  // data records of the messages before
    std::uint32_t records = 0;   // of the open message
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
        my.add_step(known, f);
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
    my.last = nullptr;
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
    const Known* known = my.find(template_id);
    if (known == nullptr || packed.size() < known->fixed) return my.refuse();
    const std::size_t most = packed.size() + known->strings;
    if (my.holds != Impl::Holds::templates) {  // nearly always there is room, whatever the strings' lengths take
        const std::size_t header = my.set_at != 0 && my.set == template_id ? 0 : kSetHeader;
        if (my.used + header + most <= my.limit) {
            const std::size_t length = Impl::convert(*known, packed, &my.data[my.used + header]);
            if (length == 0) return my.refuse();
            if (header != 0) my.open_set(template_id);
            return my.take(length);
        }
    }
    if (my.record.size() < most) my.record.resize(most);
    const std::size_t length = Impl::convert(*known, packed, my.record.data());
    if (length == 0) return my.refuse();
    if (kHeader + kSetHeader + length > my.limit) {
        ++my.stats.too_large;
        return Append::too_large;
    }
    if (my.holds == Impl::Holds::templates) return Append::full;
    const bool same = my.set_at != 0 && my.set == template_id;
    if (my.used + length + (same ? 0 : kSetHeader) > my.limit) return Append::full;
    if (!same) my.open_set(template_id);
    std::memcpy(&my.data[my.used], my.record.data(), length);
    return my.take(length);
}

Bytes IpfixEncoder::finish(TimeNs export_time) {
    Impl& my = *impl_;
    if (empty()) return {};
    const bool templates = my.holds == Impl::Holds::templates;
    std::size_t length = my.used;
    std::uint8_t* const out = templates ? my.message.data() : my.data.data();
    my.close_set();
    my.holds = Impl::Holds::nothing;
    my.used = kHeader;
    my.set = 0;
    if (templates) {
        GErrorBox error;
        if (!fBufEmit(my.buffer, &error.error)) {
            ++my.stats.refused;
            return {};
        }
        length = fbExporterGetMsgLen(fBufGetExporter(my.buffer));
    }
    put16(out, 10);  // version
    put16(out + 2, length);
    put32(out + 4, header_seconds(export_time));
    put32(out + 8, my.sequence);
    put32(out + 12, my.domain);
    my.sequence += std::exchange(my.records, 0);
    ++my.stats.messages;
    my.stats.octets += length;
    return {out, length};
}

Result<std::unique_ptr<MessageEncoder>> make_ipfix_encoder(const EncoderConfig& config) {
    if (config.max_message < 576 || config.max_message > 65496)
        return fail(ExitCode::usage, "-m: message size " + std::to_string(config.max_message) + " is not in 576..65496");
    return std::make_unique<IpfixEncoder>(config);
}

}  // namespace voipprobe::wire
