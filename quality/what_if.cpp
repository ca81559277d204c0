#include "quality/what_if.hpp"

#include <charconv>

#include "wire/text.hpp"

namespace voipprobe::quality {
namespace {

Result<void> set(WhatIf& w, std::string_view key, std::string_view value) {
    const auto bad = [&](const char* known) {
        return fail(ExitCode::usage, std::string(key) + "=" + wire::clean_text(value) + ": " + known);
    };
    if (key == "jb") {
        if (value == "60") w.buffer = WhatIf::Buffer::fixed60;
        else if (value == "200") w.buffer = WhatIf::Buffer::fixed200;
        else if (value == "adaptive") w.buffer = WhatIf::Buffer::adaptive;
        else if (value == "none") w.buffer = WhatIf::Buffer::none;
        else return bad("jb is 60, 200, adaptive or none (no packet comes too late)");
    } else if (key == "plc") {
        if (value != "on" && value != "off") return bad("plc is on or off");
        w.concealment = value == "on";
    } else if (key == "codec") {
        if (value.empty() || !find_impairment(value, 0, {}).usable()) return bad("no figures exist for this codec");
        w.codec = std::string(value);
    } else if (key == "loss") {
        if (value != "0") return bad("loss is 0");
        w.no_loss = true;
    } else if (key == "rtt") {
        double ms = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
        if (error != std::errc{} || end != value.data() + value.size() || !(ms >= 0 && ms <= 60000))
            return bad("rtt is a number of milliseconds, 0 to 60000");
        w.rtt_ms = ms;
    } else {
        return fail(ExitCode::usage, "'" + wire::clean_text(key) + "' is not one of jb, plc, codec, loss, rtt");
    }
    return {};
}

}  // namespace

bool WhatIf::apply(StreamFigures& f) const noexcept {
    if (!codec.empty()) {
        f.codec = codec;
        f.clock = 0;
        f.variant = CodecVariant{.concealment = f.variant.concealment};
    }
    if (concealment) f.variant.concealment = *concealment;
    if (rtt_ms) f.rtt_ms = rtt_ms;
    if (no_loss) f.lost = 0;
    const auto use = [&](const std::optional<std::uint64_t>& discarded, double hold_ms) {
        if (!discarded) return false;
        f.discarded = *discarded;
        f.buffer_ms = hold_ms;
        return true;
    };
    switch (buffer) {
        case Buffer::fixed60: return use(f.discarded_f60, 60);
        case Buffer::fixed200: return use(f.discarded_f200, 200);
        case Buffer::none: f.discarded = 0; return true;
        case Buffer::as_measured:
        case Buffer::adaptive: return true;
    }
    return true;
}

Result<WhatIf> parse_what_if(std::string_view text) {
    WhatIf w;
    std::string seen = ",";
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view pair = wire::trim(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos)
            return fail(ExitCode::usage, "'" + wire::clean_text(pair) + "' is not KEY=VALUE, for example jb=60,plc=off");
        const std::string_view key = wire::trim(pair.substr(0, equals));
        if (seen.find("," + std::string(key) + ",") != std::string::npos)
            return fail(ExitCode::usage, wire::clean_text(key) + " is given twice");
        seen += std::string(key) + ",";
        if (auto done = set(w, key, wire::trim(pair.substr(equals + 1))); !done) return tl::unexpected(done.error());
    }
    return w;
}

}  // namespace voipprobe::quality
