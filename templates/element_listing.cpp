#include "templates/element_listing.hpp"

#include <array>
#include <charconv>

#include "templates/template_plan.hpp"

namespace voipprobe::templates {
namespace {

constexpr std::array kGroups{Group::flow, Group::sip,  Group::rtp,    Group::cisco,   Group::record,
                             Group::call, Group::stream, Group::detail, Group::message, Group::interval};

std::string_view heading(Group g) {
    switch (g) {
        case Group::flow: return "Flow";
        case Group::sip: return "SIP (ntop's elements)";
        case Group::rtp: return "RTP (ntop's elements)";
        case Group::cisco: return "Cisco Medianet names";
        case Group::record: return "Record identity (ours)";
        case Group::call: return "Call (ours)";
        case Group::stream: return "Stream (ours)";
        case Group::detail: return "Stream detail (ours)";
        case Group::message: return "SIP message (ours)";
        case Group::interval: return "Interval (ours)";
    }
    return "";
}

std::uint32_t pen_of(const Element& e, std::uint32_t own) { return e.pen == kOwnPen ? own : e.pen; }

std::string number(double v) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), v);
    return {text.data(), end.ptr};
}

std::string padded(std::string_view s, std::size_t width) {
    std::string out(s);
    out.resize(std::max(out.size() + 1, width), ' ');
    return out;
}

std::string xml_text(std::string_view s) {
    std::string out;
    for (const char c : s) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace

std::string json_string(std::string_view s) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : s) {
        const auto o = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (o < 0x20) {
            out += "\\u00";
            out += hex[o >> 4];
            out += hex[o & 15];
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string list_elements_text(std::uint32_t pen) {
    std::string out = padded("NAME", 30) + padded("PEN", 7) + padded("ID", 6) + padded("V9", 7) + padded("TYPE", 22) +
                      padded("LEN", 5) + padded("UNIT", 20) + "MEANING\n";
    for (const Element& e : elements()) {
        out += padded(e.name, 30) + padded(std::to_string(pen_of(e, pen)), 7) + padded(std::to_string(e.number), 6) +
               padded(std::to_string(e.v9()), 7) + padded(ipfix_type_name(e), 22) + padded(std::to_string(e.length), 5) +
               padded(e.unit, 20) + std::string(e.description) + "\n";
    }
    return out;
}

std::string list_elements_json(std::uint32_t pen) {
    std::string out = "[\n";
    for (const Element& e : elements()) {
        out += "  {\"name\": " + json_string(e.name) + ", \"aliases\": [";
        std::string aliases;
        if (e.ipfix_name != e.name) aliases = json_string(e.ipfix_name);
        for (const std::string_view a : aliases_of(e.id)) aliases += (aliases.empty() ? "" : ", ") + json_string(a);
        out += aliases + "], \"pen\": " + std::to_string(pen_of(e, pen)) + ", \"id\": " + std::to_string(e.number) +
               ", \"v9_id\": " + std::to_string(e.v9()) + ", \"type\": " + json_string(ipfix_type_name(e)) +
               ", \"length\": " + std::to_string(e.length) + ", \"unit\": " + json_string(e.unit) +
               ", \"scale\": " + number(e.scale) + ", \"group\": " + json_string(group_name(e.group)) +
               ", \"description\": " + json_string(e.description) + "}";
        out += e.id == elements().back().id ? "\n" : ",\n";
    }
    return out + "]\n";
}

std::string elements_markdown() {
    std::string out =
        "# Information elements\n\n"
        "Generated from `templates/elements.def` by `tools/iegen`; do not edit.\n\n"
        "`id` is the IPFIX element id under the enterprise number `PEN` (0 = IANA, 35632 = ntop, 9 = Cisco, " +
        std::to_string(kOwnPen) +
        " = ours, replaced by `--pen`); `v9` is the NetFlow v9 field type. Strings are variable in IPFIX; their length "
        "is the one of NetFlow v9. The value times `scale` is in the natural unit (ms, MOS, R).\n";
    for (const Group g : kGroups) {
        std::string rows;
        for (const Element& e : elements()) {
            if (e.group != g) continue;
            std::string names = "`" + std::string(e.name) + "`";
            if (e.ipfix_name != e.name) names += " `" + std::string(e.ipfix_name) + "`";
            for (const std::string_view a : aliases_of(e.id)) names += " `" + std::string(a) + "`";
            rows += "| " + names + " | " + std::to_string(e.pen) + " | " + std::to_string(e.number) + " | " +
                    std::to_string(e.v9()) + " | " + std::string(ipfix_type_name(e)) + " | " + std::to_string(e.length) +
                    " | " + std::string(e.unit) + " | " + number(e.scale) + " | " + std::string(e.description) + " |\n";
        }
        if (rows.empty()) continue;
        out += "\n## " + std::string(heading(g)) +
               "\n\n| name, other names | PEN | id | v9 | type | octets | unit | scale | meaning |\n"
               "|---|---|---|---|---|---|---|---|---|\n" + rows;
    }
    return out;
}

std::string libfixbuf_xml(std::uint32_t pen) {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!-- Generated from templates/elements.def by tools/iegen. For libfixbuf programs: ipfixDump -e FILE -->\n"
        "<registry id=\"voipprobe\" xmlns=\"http://www.iana.org/assignments\" xmlns:cert=\"http://www.cert.org/ipfix\">\n"
        " <registry id=\"voipprobe-information-elements\">\n";
    for (const Element& e : elements()) {
        if (e.pen == kIanaPen) continue;  // libfixbuf knows these
        out += "  <record><name>" + std::string(e.ipfix_name) + "</name><dataType>" + std::string(ipfix_type_name(e)) +
               "</dataType><cert:enterpriseId>" + std::to_string(pen_of(e, pen)) + "</cert:enterpriseId><elementId>" +
               std::to_string(e.number) + "</elementId><description><paragraph>" + xml_text(e.description) +
               "</paragraph></description></record>\n";
    }
    return out + " </registry>\n</registry>\n";
}

std::string list_templates_text() {
    std::string out;
    for (const BundledTemplate& bundled : bundled_templates()) {
        const std::string_view first = bundled.text.substr(0, bundled.text.find('\n'));
        out += padded(bundled.name, 12) + std::string(first.substr(std::min<std::size_t>(2, first.size()))) + "\n";
        const auto spec = parse_template_spec(bundled.name);
        if (!spec) continue;
        const auto plan = plan_templates(*spec, {});
        if (!plan) continue;
        for (const PlannedTemplate& t : plan->templates) {
            if (t.ip_version == 6 || t.presence != kEverything) continue;
            out += "  " + padded(record_kind_name(t.kind), 10);
            for (const ElementId id : t.elements) out += " " + std::string(element(id).name);
            out += "\n";
        }
    }
    return out + "Macros in inline templates: @SIP@ @RTP@ @NTOPNG@. Your own: -T @FILE, or -T \"%A %B\".\n";
}

}  // namespace voipprobe::templates
