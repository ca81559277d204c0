#include "tools/pcapgen/codecs.hpp"

#include <algorithm>

namespace voipprobe::pcapgen {
namespace {

// RFC 3551 for the static types; opus RFC 7587 (TOC 0x78: hybrid fullband, 20 ms), AMR RFC 4867 octet-aligned
// (CMR 15), iLBC RFC 3952, speex RFC 5574.
constexpr std::array kCodecs = {
    Codec{"PCMU", 0, 8000, 1, 1, 20, 8, 0, 0, 0, {}, ""},
    Codec{"PCMA", 8, 8000, 1, 1, 20, 8, 0, 0, 0, {}, ""},
    Codec{"G722", 9, 8000, 1, 1, 20, 8, 0, 0, 0, {}, ""},
    Codec{"G729", 18, 8000, 1, 10, 20, 10, 0, 0, 0, {}, "annexb=no"},
    Codec{"GSM", 3, 8000, 1, 20, 20, 33, 0, 0, 1, {0xd0}, ""},
    Codec{"G723", 4, 8000, 1, 30, 30, 24, 0, 0, 1, {0x00}, ""},
    Codec{"G728", 15, 8000, 1, 5, 20, 10, 0, 0, 0, {}, ""},
    Codec{"G726-32", 99, 8000, 1, 1, 20, 4, 0, 0, 0, {}, ""},
    Codec{"iLBC", 98, 8000, 1, 20, 20, 38, 0, 0, 0, {}, "mode=20"},
    Codec{"speex", 97, 8000, 1, 20, 20, 38, 0, 0, 0, {}, ""},
    Codec{"opus", 111, 48000, 2, 20, 20, 60, 0, 24, 1, {0x78}, "useinbandfec=1"},
    Codec{"AMR", 102, 8000, 1, 20, 20, 32, 1, 0, 2, {0xf0, 0x3c}, "octet-align=1;mode-set=7"},
    Codec{"AMR-WB", 104, 16000, 1, 20, 20, 61, 1, 0, 2, {0xf0, 0x44}, "octet-align=1;mode-set=8"},
    Codec{"EVS", 105, 16000, 1, 20, 20, 33, 0, 0, 0, {}, "br=13.2;bw=swb"},
};

bool same(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::span<const Codec> all_codecs() noexcept { return kCodecs; }

std::optional<Codec> find_codec(std::string_view name) noexcept {
    const auto found = std::find_if(kCodecs.begin(), kCodecs.end(),
                                    [&](const Codec& codec) { return same(codec.name, name); });
    return found == kCodecs.end() ? std::nullopt : std::optional<Codec>(*found);
}

}  // namespace voipprobe::pcapgen
