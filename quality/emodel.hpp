// The E-model: how transmission impairments add up to a rating R, and what opinion score that R stands for.
//
// Purpose:  ITU-T G.107 (06/2015) narrowband in full, G.107.1 (06/2019) wideband and G.107.2 (03/2023)
// fullband
//           as far as a packet probe can feed them (noise and echo parameters of WB/FB are taken as ideal).
// Units:    levels in dB, delays in ms, packet loss in percent (0..100), R on the scale's own range.
// Ranges:   NB R <= 100 (default 93.2), WB R <= 129, FB R <= 148. MOS is always within 1..4.5.
// Errors:   none; out-of-range input is clamped where the Recommendation's formula has a limit.
// Threads:  pure functions, safe from any thread; no allocation.
#pragma once

#include <cstdint>

namespace voipprobe::quality {

// The three rating scales. They are never mixed or averaged; bridge_to_fullband() is the only way between
// them.
enum class Scale : std::uint8_t { kNarrowband, kWideband, kFullband };

// "NB", "WB" or "FB".
const char* scale_name(Scale scale) noexcept;

// Largest R of a scale: 100 (G.107 clause 7.1), 129 (G.107.1), 148 (G.107.2).
double scale_maximum(Scale scale) noexcept;

// G.107.1 Annex A and G.107.2 Annex A: MOS = cubic(R / 1.29), cubic(R / 1.48); NB has 1.
double scale_divisor(Scale scale) noexcept;

// Ro - Is of the default narrowband plan: the listening-only R of a perfect G.711 call (no Id at all).
inline constexpr double kNarrowbandListeningR = 93.355;

// Input of the narrowband model: every parameter of G.107 Table 3 with its default.
struct NarrowbandInput {
    double slr = 8;          // send loudness rating, dB
    double rlr = 2;          // receive loudness rating, dB
    double stmr = 15;        // sidetone masking rating, dB; LSTR = STMR + Dr
    double d_send = 3;       // D-value of the telephone, send side
    double d_receive = 3;    // D-value of the telephone, receive side
    double telr = 65;        // talker echo loudness rating, dB
    double wepl = 110;       // weighted echo path loss, dB
    double t_ms = 0;         // mean one-way delay of the echo path
    double tr_ms = 0;        // round-trip delay of the 4-wire loop
    double ta_ms = 0;        // absolute one-way delay
    double qdu = 1;          // quantizing distortion units
    double ie = 0;           // equipment impairment factor
    double bpl = 4.3;        // packet-loss robustness factor
    double ppl = 0;          // packet loss probability, percent (lost + discarded)
    double burst_r = 1;      // BurstR; below 1 counts as 1
    double nc_dbm0p = -70;   // circuit noise referred to the 0 dBr point
    double nfor_dbmp = -64;  // noise floor at the receive side
    double ps_dba = 35;      // room noise, send side
    double pr_dba = 35;      // room noise, receive side
    double advantage = 0;    // A; this program never uses it
    double s_t = 1;          // delay sensitivity class: 1 default, 0.55 low, 0.4 very low (G.107 Table 1)
    double m_t_ms = 100;     // minimum perceivable delay of that class: 100, 120, 150

    // The delay study of G.107: Ta = T, Tr = 2 T.
    void set_one_way_delay(double ms) noexcept { t_ms = ta_ms = ms, tr_ms = 2 * ms; }
};

// Result of any of the three models. Terms a model has not are 0.
struct RatingResult {
    double ro = 0;      // basic signal-to-noise ratio
    double is = 0;      // simultaneous impairments
    double id = 0;      // delay impairments: id_te + id_le + id_dd
    double id_te = 0;   // talker echo
    double id_le = 0;   // listener echo
    double id_dd = 0;   // absolute delay
    double ie_eff = 0;  // equipment and packet loss
    double r = 0;       // the rating
    double mos = 1;     // estimated mean opinion score, 1..4.5
};

// G.107 clause 7, complete.
RatingResult rate_narrowband(const NarrowbandInput& input) noexcept;

// G.107.1: R = 129 - Id - Ie,eff,WB. The wideband model has no BurstR.
RatingResult rate_wideband(double ie, double bpl, double ppl, double ta_ms) noexcept;

// G.107.2: R = 148 - Id - Ie,eff,FB. The fullband model has no BurstR.
RatingResult rate_fullband(double ie, double bpl, double ppl, double ta_ms) noexcept;

// Effective equipment impairment of one scale (G.107 (7-29), G.107.1 and G.107.2 alike with 95, 95, 132).
// burst_r counts on the narrowband scale only. ppl <= 0 gives ie.
double effective_impairment(Scale scale, double ie, double bpl, double ppl, double burst_r) noexcept;

// Id of the narrowband default plan, and Idd of WB and FB, for a one-way delay; 0 for delay 0 on WB and FB.
double delay_impairment(Scale scale, double one_way_ms) noexcept;

// Annex B: opinion score of a rating on the narrowband scale, clamped to 1..4.5.
double mos_from_r(double r) noexcept;
// The same for a rating on any scale.
double mos_from_r(double r, Scale scale) noexcept;
// Inverse (Appendix I), narrowband scale: mos <= 1 gives 0 (any R up to 6.5 has it), mos >= 4.5 gives 100.
double r_from_mos(double mos) noexcept;
double r_from_mos(double mos, Scale scale) noexcept;

// Rating on the fullband scale of what was rated on another: Ie,FB = Ie,WB + 19, Ie,FB = Ie,NB + 54.8
// (G.113). `ie_eff` is the effective impairment on `scale`. One direction only: a fullband rating has no NB
// equivalent.
double bridge_to_fullband(Scale scale, double ie_eff) noexcept;

// Percent of users who would call it good or better, poor or worse (Annex B), narrowband scale.
double good_or_better_percent(double r) noexcept;
double poor_or_worse_percent(double r) noexcept;

namespace detail {
// The bare cubic of Annex B; it dips to 0.989 between R = 0 and 6.5. For the reference vectors only.
double mos_unclamped(double r) noexcept;
}  // namespace detail

}  // namespace voipprobe::quality
