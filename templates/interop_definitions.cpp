#include "templates/interop_definitions.hpp"

#include <functional>

#include "templates/element_listing.hpp"

namespace voipprobe::templates {
namespace {

using wire::FieldType;

constexpr const char* kGenerated = "Generated from templates/elements.def by tools/iegen";
constexpr std::size_t kMostPmacctPrimitives = 64;  // MAX_CUSTOM_PRIMITIVES of pmacct 1.7
// libfds gives NetFlow v9 fields above 32767 to this enterprise number, less their highest bit.
constexpr std::uint32_t kLibfdsNetflow = 4294967295U;

std::uint32_t pen_of(const Element& e, std::uint32_t own) { return e.pen == kOwnPen ? own : e.pen; }

std::string lower(std::string_view s) {
    std::string out(s);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

bool is_number(const Element& e) {
    return e.type == FieldType::unsigned_int || e.type == FieldType::boolean || e.type == FieldType::seconds || e.type == FieldType::milliseconds ||
           e.type == FieldType::microseconds;
}

using Wanted = std::function<bool(const Element&)>;
template <typename Line>
std::string lines(const Wanted& wanted, Line line) {
    std::string out;
    for (const Element& e : elements())
        if (e.pen != kIanaPen && wanted(e)) out += line(e);
    return out;
}
bool any(const Element&) { return true; }

// ---- pmacct --------------------------------------------------------------------------------------------------

std::string pmacct(std::uint32_t pen, bool v9, const std::vector<Group>& groups) {
    std::size_t n = 0;
    std::string out = std::string("! ") + kGenerated + ". For nfacctd, aggregate_primitives: FILE (" + (v9 ? "NetFlow v9" : "IPFIX") + ")\n";
    const Wanted wanted = [&](const Element& e) {
        for (const Group g : groups)
            if (e.group == g) return true;
        return false;
    };
    return out + lines(wanted, [&](const Element& e) -> std::string {
        if (++n > kMostPmacctPrimitives) return {};
        const std::string field = v9 ? std::to_string(e.v9()) : std::to_string(pen_of(e, pen)) + ":" + std::to_string(e.number);
        const bool text = e.type == FieldType::string;
        const char* semantics = text ? "str" : is_number(e) ? "u_int" : e.type == FieldType::ipv4 || e.type == FieldType::ipv6 ? "ip" : e.type == FieldType::mac ? "mac" : "hex";
        return "name=" + lower(e.name) + " field_type=" + field + " len=" + (text ? "vlen" : std::to_string(e.length)) + " semantics=" + semantics + "\n";
    });
}

// ---- Logstash and Filebeat -----------------------------------------------------------------------------------

std::string logstash_type(const Element& e, bool v9) {
    switch (e.type) {
        case FieldType::string: return ":string";
        case FieldType::ipv4: return ":ip4_addr";
        case FieldType::ipv6: return ":ip6_addr";
        case FieldType::mac: return ":mac_addr";
        case FieldType::float64: return ":double";
        case FieldType::octets: return v9 ? ":skip" : ":octetarray";  // its v9 side knows no octets of a given length
        default: return ":uint" + std::to_string(8 * e.length);
    }
}

std::string logstash_v9() {
    return std::string("# ") + kGenerated + ". Logstash: netflow_definitions => FILE; Filebeat: custom_definitions: [FILE]\n---\n" +
           lines(any, [](const Element& e) {
               const std::string type = logstash_type(e, true);
               return std::to_string(e.v9()) + ":\n- " + type + "\n" + (type == ":skip" ? "" : "- :" + lower(e.name) + "\n");
           });
}

std::string logstash_ipfix(std::uint32_t pen) {
    std::string out = std::string("# ") + kGenerated + ". Logstash: ipfix_definitions => FILE; Filebeat: custom_definitions: [FILE]\n---\n";
    for (const std::uint32_t group : {kCiscoPen, kNtopPen, kOwnPen}) {
        const std::string body = lines([&](const Element& e) { return e.pen == group; }, [](const Element& e) {
            return "  " + std::to_string(e.number) + ":\n  - " + logstash_type(e, false) + "\n  - :" + lower(e.name) + "\n";
        });
        if (!body.empty()) out += std::to_string(group == kOwnPen ? pen : group) + ":\n" + body;
    }
    return out;
}

// ---- GoFlow2 -------------------------------------------------------------------------------------------------

// Its protobuf holds bytes and integers; text arrives as a string.
std::string goflow2(std::uint32_t pen) {
    const Wanted voip = [](const Element& e) { return e.group != Group::flow; };
    std::string out = std::string("# ") + kGenerated + ". goflow2 -mapping=FILE -format=json\nformatter:\n  fields:\n";
    for (const char* base : {"type", "time_received_ns", "sampler_address", "src_addr", "dst_addr", "src_port", "dst_port", "proto", "bytes", "packets",
                             "time_flow_start_ns", "time_flow_end_ns"})
        out += std::string("    - ") + base + "\n";
    out += lines(voip, [](const Element& e) { return "    - " + lower(e.name) + "\n"; });
    out += "  protobuf:\n";
    std::size_t index = 2000;
    out += lines(voip, [&](const Element& e) {
        return "    - name: " + lower(e.name) + "\n      index: " + std::to_string(index++) + "\n      type: " + (is_number(e) ? "varint" : "string") + "\n";
    });
    out += "ipfix:\n  mapping:\n" + lines(voip, [&](const Element& e) {
               return "    - field: " + std::to_string(e.number) + "\n      penprovided: true\n      pen: " + std::to_string(pen_of(e, pen)) +
                      "\n      destination: " + lower(e.name) + "\n";
           });
    out += "netflowv9:\n  mapping:\n" + lines(voip, [](const Element& e) {
               return "    - field: " + std::to_string(e.v9()) + "\n      destination: " + lower(e.name) + "\n";
           });
    return out;
}

// ---- Telegraf ------------------------------------------------------------------------------------------------

std::string telegraf(std::uint32_t pen) {
    return std::string("# ") + kGenerated + ". [[inputs.netflow]] private_enterprise_number_files = [\"FILE\"] (IPFIX only)\n" +
           lines(any, [&](const Element& e) {
               const char* type = e.type == FieldType::string                                   ? "string"
                                  : is_number(e)                                                ? "uint"
                                  : e.type == FieldType::ipv4 || e.type == FieldType::ipv6 ? "ip"
                                                                                                : "hex";
               return std::to_string(pen_of(e, pen)) + "." + std::to_string(e.number) + "," + lower(e.name) + "," + type + "\n";
           });
}

// ---- libfds (ipfixcol2) --------------------------------------------------------------------------------------

std::string libfds(std::uint32_t pen, const char* scope, const Wanted& wanted, bool v9) {
    return std::string("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- ") + kGenerated + ". ipfixcol2: into /etc/libfds/user/elements/ -->\n<ipfix-elements>\n" +
           "    <scope>\n        <pen>" + std::to_string(pen) + "</pen>\n        <name>" + scope + "</name>\n        <biflow mode=\"none\"></biflow>\n    </scope>\n" +
           lines(wanted, [&](const Element& e) {
               return "    <element><id>" + std::to_string(v9 ? e.v9() - 32768 : e.number) + "</id><name>" + std::string(e.ipfix_name) + "</name><dataType>" +
                      std::string(ipfix_type_name(e)) + "</dataType><status>current</status></element>\n";
           }) +
           "</ipfix-elements>\n";
}

// ---- Graylog -------------------------------------------------------------------------------------------------

std::string graylog(std::uint32_t pen, std::uint32_t group) {
    std::string rows = lines([&](const Element& e) { return e.pen == group; }, [](const Element& e) {
        return "    {\"element_id\": " + std::to_string(e.number) + ", \"name\": " + json_string(e.ipfix_name) + ", \"data_type\": " +
               json_string(ipfix_type_name(e)) + "},\n";
    });
    if (rows.size() > 2) rows.erase(rows.size() - 2, 1);
    return "{\n  \"enterprise_number\": " + std::to_string(group == kOwnPen ? pen : group) + ",\n  \"information_elements\": [\n" + rows + "  ]\n}\n";
}

}  // namespace

std::vector<InteropFile> interop_files(std::uint32_t pen) {
    std::vector<InteropFile> out{{"libfixbuf.xml", libfixbuf_xml(pen)}};
    for (const bool v9 : {false, true}) {
        const std::string version = v9 ? "v9" : "ipfix";
        out.push_back({"pmacct-" + version + "-sip.lst", pmacct(pen, v9, {Group::sip})});
        out.push_back({"pmacct-" + version + "-rtp.lst", pmacct(pen, v9, {Group::rtp})});
        out.push_back({"pmacct-" + version + "-call.lst", pmacct(pen, v9, {Group::record, Group::call})});
        out.push_back({"pmacct-" + version + "-stream.lst", pmacct(pen, v9, {Group::stream})});
    }
    out.push_back({"logstash-netflow.yaml", logstash_v9()});
    out.push_back({"logstash-ipfix.yaml", logstash_ipfix(pen)});
    out.push_back({"goflow2.yaml", goflow2(pen)});
    out.push_back({"telegraf.csv", telegraf(pen)});
    out.push_back({"libfds-ntop.xml", libfds(kNtopPen, "ntop", [](const Element& e) { return e.pen == kNtopPen; }, false)});
    out.push_back({"libfds-voipprobe.xml", libfds(pen, "voipprobe", [](const Element& e) { return e.pen == kOwnPen; }, false)});
    out.push_back({"libfds-netflow9.xml", libfds(kLibfdsNetflow, "netflowExtra", [](const Element& e) { return e.v9() >= 32768; }, true)});
    out.push_back({"graylog-ntop.json", graylog(pen, kNtopPen)});
    out.push_back({"graylog-voipprobe.json", graylog(pen, kOwnPen)});
    return out;
}

}  // namespace voipprobe::templates
