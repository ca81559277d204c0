#include "quality/codec_table.hpp"

#include <algorithm>
#include <array>

#include "quality/codec_rows.hpp"

namespace voipprobe::quality {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view canonical_name(std::string_view codec) noexcept {
    for (const auto& entry : detail::kCodecAliases)
        if (same_codec_name(entry.alias, codec)) return entry.name;
    return codec;
}

bool is_g711(std::string_view name) noexcept { return name == "PCMU" || name == "PCMA"; }

// Opus fullband is rated with the super-wideband rows: nothing wider is published.
Bandwidth row_bandwidth(Bandwidth wanted) noexcept {
    return wanted == Bandwidth::kFull ? Bandwidth::kSuperwide : wanted;
}

bool row_fits(const CodecRow& row, std::uint32_t clock, const CodecVariant& variant) noexcept {
    if (clock != 0 && clock != row.clock) return false;
    if (variant.bandwidth != Bandwidth::kUnknown && row.bandwidth != row_bandwidth(variant.bandwidth))
        return false;
    if (row.name == "G729" && variant.silence_suppression)
        return (row.mode == "annex B") == *variant.silence_suppression;
    return true;
}

std::uint32_t distance(std::uint32_t a, std::uint32_t b) noexcept { return a > b ? a - b : b - a; }

}  // namespace

const char* basis_name(Basis basis) noexcept {
    switch (basis) {
        case Basis::kStandard:
            return "standard";
        case Basis::kProxy:
            return "proxy";
        case Basis::kCalibrated:
            return "calibrated";
        default:
            return "none";
    }
}

std::span<const CodecRow> codec_table() noexcept { return detail::kCodecRows; }

bool same_codec_name(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    return std::equal(a.begin(), a.end(), b.begin(),
                      [](char x, char y) noexcept { return lower(x) == lower(y); });
}

CodecImpairment find_impairment(std::string_view codec, std::uint32_t clock,
                                const CodecVariant& variant) noexcept {
    std::string_view name = canonical_name(codec);
    const bool evs = same_codec_name(name, "EVS");
    if (evs && variant.interworking) name = "AMR-WB";  // bit-exact interworking (TS 26.445 §4.1)
    const CodecRow* best = nullptr;
    bool modes_differ = false;
    const auto same_name = [name](const CodecRow& row) { return same_codec_name(row.name, name); };
    const auto first = std::find_if(codec_table().begin(), codec_table().end(), same_name);
    const auto last = std::find_if_not(first, codec_table().end(), same_name);  // rows of one codec stand together
    for (const CodecRow& row : std::span(first, last)) {
        if (!row_fits(row, clock, variant)) continue;
        if (best == nullptr) {
            best = &row;
            continue;
        }
        // An unknown bandwidth is not guessed from the bit rate: it would silently choose another scale.
        if (row.bandwidth != best->bandwidth) continue;
        if (variant.bitrate != 0) {
            if (distance(row.bitrate, variant.bitrate) < distance(best->bitrate, variant.bitrate))
                best = &row;
        } else {
            modes_differ |= row.bitrate != best->bitrate;
        }
    }
    CodecImpairment found;
    if (best != nullptr) found = best->impairment;
    if (found.basis == Basis::kStandard && modes_differ) found.basis = Basis::kProxy;
    // The bandwidth coded is not in the packet: super-wideband, or the wideband of another codec, is assumed.
    if (evs && found.basis == Basis::kStandard && variant.bandwidth != Bandwidth::kSuperwide) found.basis = Basis::kProxy;
    found.basis_text = basis_name(found.basis);
    if (best != nullptr && is_g711(best->name)) {
        found.basis_text = variant.concealment ? "standard plc" : "standard no-plc";
        if (!variant.concealment) {
            found.bpl = found.bpl_bursty = 4.3;
            found.source = "G.113 (2024) Table I.4, G.711 without concealment";
        }
    }
    return found;
}

bool is_auxiliary_format(std::string_view codec) noexcept {
    constexpr std::array kAuxiliary = {"telephone-event", "tone", "CN",        "red", "ulpfec",
                                       "flexfec-03",      "rtx",  "parityfec", "t38", "t140",
                                       "clearmode"};
    return std::any_of(kAuxiliary.begin(), kAuxiliary.end(),
                       [codec](const char* name) { return same_codec_name(name, codec); });
}

}  // namespace voipprobe::quality
