#include "probe/export/destination.hpp"

#include <charconv>

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

tl::unexpected<Error> bad(std::string_view what, std::string_view why) {
    return fail(ExitCode::usage, "-n " + wire::clean_text(wire::cap_text(what, 255)) + ": " + std::string(why));
}

// Splits at commas, except that "flow,call" after "records=" is one list.
std::vector<std::string> split(std::string_view argument) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t comma = argument.find(',');
        const std::string_view part = wire::trim(argument.substr(0, comma));
        const bool continues = !parts.empty() && templates::record_kind_by_name(part.substr(0, part.find('&'))) &&
                               parts.back().find("?records=") != std::string::npos;
        if (continues)
            parts.back() += "," + std::string(part);
        else
            parts.emplace_back(part);
        if (comma == std::string_view::npos) return parts;
        argument.remove_prefix(comma + 1);
    }
}

Result<std::uint32_t> parse_kinds(std::string_view whole, std::string_view list) {
    std::uint32_t kinds = 0;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const auto kind = templates::record_kind_by_name(list.substr(0, comma));
        if (!kind)
            return bad(whole, "no record kind '" + wire::clean_text(list.substr(0, comma)) +
                                  "' (known: flow, call, stream, rtp, sip, message, interval, stats, stream-detail)");
        kinds |= 1U << static_cast<unsigned>(*kind);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    if (kinds == 0) return bad(whole, "?records= names no record kind");
    return kinds;
}

Result<void> parse_query(std::string_view whole, std::string_view query, Destination& d) {
    while (true) {
        const std::size_t end = query.find('&');
        const std::string_view part = query.substr(0, end);
        if (part.starts_with("records=")) {
            const auto kinds = parse_kinds(whole, part.substr(8));
            if (!kinds) return tl::unexpected<Error>(kinds.error());
            d.kinds = *kinds;
        } else if (part == "resend=on" || part == "resend=off") {
            d.resend = part == "resend=on";
        } else {
            return bad(whole, "only ?records=KIND,KIND... and resend=on|off are known");
        }
        if (end == std::string_view::npos) return {};
        query.remove_prefix(end + 1);
    }
}

Result<Destination> parse_host(std::string_view whole, std::string_view rest, Destination d) {
    std::string_view port;
    if (rest.starts_with('[')) {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos) return bad(whole, "'[' without ']'");
        d.host = std::string(rest.substr(1, end - 1));
        rest.remove_prefix(end + 1);
        if (!rest.empty() && rest.front() != ':') return bad(whole, "text after ']'");
        if (!rest.empty()) port = rest.substr(1);
        if (!rest.empty() && port.empty()) return bad(whole, "no port behind ':'");
    } else if (const std::size_t colon = rest.find(':'); colon == std::string_view::npos) {
        d.host = std::string(rest);
    } else {
        if (rest.find(':', colon + 1) != std::string_view::npos)
            return bad(whole, "write an IPv6 address in brackets: [" + std::string(rest) + "]:2055");
        d.host = std::string(rest.substr(0, colon));
        port = rest.substr(colon + 1);
        if (port.empty()) return bad(whole, "no port behind ':'");
    }
    if (d.host.empty()) return bad(whole, "no host");
    if (!port.empty()) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
        if (error != std::errc() || end != port.data() + port.size() || value == 0 || value > 65535)
            return bad(whole, "port '" + std::string(port) + "' is not a number in 1..65535");
        d.port = static_cast<std::uint16_t>(value);
    }
    return d;
}

Result<Destination> parse_one(std::string_view whole) {
    std::string_view rest = whole;
    Destination d;
    if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
        if (auto parsed = parse_query(whole, rest.substr(mark + 1), d); !parsed) return tl::unexpected<Error>(parsed.error());
        rest = rest.substr(0, mark);
    }
    if (rest == "none") {
        d.transport = Transport::none;
        return d;
    }
    if (rest.starts_with("file:")) {
        rest.remove_prefix(rest.starts_with("file://") ? 7 : 5);
        if (rest.empty()) return bad(whole, "no path behind file:");
        d.transport = Transport::file;
        d.host = std::string(rest);
        return d;
    }
    if (rest.starts_with("tcp://")) {
        d.transport = Transport::tcp;
        rest.remove_prefix(6);
    } else if (rest.starts_with("tls://")) {
        d.transport = Transport::tls;
        d.port = kDefaultTlsPort;
        rest.remove_prefix(6);
    } else if (rest.starts_with("udp://")) {
        rest.remove_prefix(6);
    } else if (rest.starts_with("sctp://") || rest.starts_with("dtls://")) {
        return bad(whole, "SCTP and DTLS are not done; use tcp:// or tls://");
    } else if (rest.find("://") != std::string_view::npos) {
        return bad(whole, "unknown scheme (known: udp://, tcp://, tls://, file:, none)");
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (d.resend && !d.is_stream()) return bad(whole, "resend=on is for tcp:// and tls://");
    return parse_host(whole, rest, std::move(d));
}

}  // namespace

std::string Destination::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    const std::string address = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    switch (transport) {
        case Transport::udp: return "udp://" + address;
        case Transport::tcp: return "tcp://" + address;
        case Transport::tls: return "tls://" + address;
        case Transport::file: return "file:" + host;
        case Transport::none: break;
    }
    return "none";
}

Result<std::vector<Destination>> parse_destinations(std::string_view argument) {
    std::vector<Destination> out;
    for (const std::string& part : split(argument)) {
        auto d = parse_one(part);
        if (!d) return tl::unexpected<Error>(d.error());
        out.push_back(std::move(*d));
    }
    return out;
}

}  // namespace voipprobe::probe
