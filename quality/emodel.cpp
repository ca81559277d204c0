#include "quality/emodel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace voipprobe::quality {
namespace {

double power_sum_db(double a, double b, double c, double d) noexcept {
    return 10 * std::log10(std::pow(10, a / 10) + std::pow(10, b / 10) + std::pow(10, c / 10) +
                           std::pow(10, d / 10));
}

// Sum of all noise at the 0 dBr point, dBm0p (G.107 (7-3) to (7-7)).
double total_noise(const NarrowbandInput& in) noexcept {
    const double olr = in.slr + in.rlr;
    const double lstr = in.stmr + in.d_receive;
    const double send_term = in.ps_dba - olr - in.d_send - 14;
    const double nos = in.ps_dba - in.slr - in.d_send - 100 + 0.004 * send_term * send_term;
    const double pre = in.pr_dba + 10 * std::log10(1 + std::pow(10, (10 - lstr) / 10));
    const double nor = in.rlr - 121 + pre + 0.008 * (pre - 35) * (pre - 35);
    const double nfo = in.nfor_dbmp + in.rlr;
    return power_sum_db(in.nc_dbm0p, nos, nor, nfo);
}

// Non-optimum sidetone (G.107 (7-11), (7-12)).
double sidetone_impairment(const NarrowbandInput& in) noexcept {
    const double stmr_o =
        -10 * std::log10(std::pow(10, -in.stmr / 10) + std::exp(-in.t_ms / 4) * std::pow(10, -in.telr / 10));
    return 12 * std::pow(1 + std::pow((stmr_o - 13) / 6, 8), 1.0 / 8) -
           28 * std::pow(1 + std::pow((stmr_o + 1) / 19.4, 35), 1.0 / 35) -
           13 * std::pow(1 + std::pow((stmr_o - 3) / 33, 13), 1.0 / 13) + 29;
}

// Too loud a connection (G.107 (7-9), (7-10)).
double loudness_impairment(const NarrowbandInput& in, double noise) noexcept {
    const double x = in.slr + in.rlr + 0.2 * (64 + noise - in.rlr);
    return 20 * (std::pow(1 + std::pow(x / 8, 8), 1.0 / 8) - x / 8);
}

// Quantizing distortion (G.107 (7-13) to (7-17)).
double quantizing_impairment(const NarrowbandInput& in, double ro) noexcept {
    const double q = 37 - 15 * std::log10(in.qdu);
    const double g = 1.07 + 0.258 * q + 0.0602 * q * q;
    const double y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
    const double z = 46.0 / 30 - g / 40;
    return 15 * std::log10(1 + std::pow(10, y) + std::pow(10, z));
}

// Talker echo (G.107 (7-19) to (7-23)), with its rules for sidetone below 9 dB and above 20 dB.
double talker_echo_impairment(const NarrowbandInput& in, double noise, double ist) noexcept {
    const double t = in.t_ms;
    double terv = in.telr - 40 * std::log10((1 + t / 10) / (1 + t / 150)) + 6 * std::exp(-0.3 * t * t);
    if (in.stmr < 9) terv += ist / 2;
    const double re = 80 + 2.5 * (terv - 14);
    const double roe = -1.5 * (noise - in.rlr);
    const double half = (roe - re) / 2;
    const double id_te = (half + std::sqrt(half * half + 100) - 1) * (1 - std::exp(-t));
    return in.stmr > 20 ? std::sqrt(id_te * id_te + ist * ist) : id_te;
}

// Listener echo (G.107 (7-24), (7-25)).
double listener_echo_impairment(const NarrowbandInput& in, double ro) noexcept {
    const double rle = 10.5 * (in.wepl + 7) * std::pow(in.tr_ms + 1, -0.25);
    const double half = (ro - rle) / 2;
    return half + std::sqrt(half * half + 169);
}

// Too long an absolute delay (G.107 (7-26), (7-27)): 0 up to the minimum perceivable delay.
double absolute_delay_impairment(double ta_ms, double s_t, double m_t_ms) noexcept {
    if (!(ta_ms > m_t_ms)) return 0;
    const double x = std::log2(ta_ms / m_t_ms);
    const double n = 6 * s_t;
    return 25 * (std::pow(1 + std::pow(x, n), 1 / n) - 3 * std::pow(1 + std::pow(x / 3, n), 1 / n) + 2);
}

RatingResult rate_wider(Scale scale, double ie, double bpl, double ppl, double ta_ms) noexcept {
    RatingResult out;
    out.ro = scale_maximum(scale);
    out.id_dd = out.id = delay_impairment(scale, ta_ms);
    out.ie_eff = effective_impairment(scale, ie, bpl, ppl, 1);
    out.r = out.ro - out.id - out.ie_eff;
    out.mos = mos_from_r(out.r, scale);
    return out;
}

double normal_cdf(double x) noexcept { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace

const char* scale_name(Scale scale) noexcept {
    switch (scale) {
        case Scale::kWideband:
            return "WB";
        case Scale::kFullband:
            return "FB";
        default:
            return "NB";
    }
}

double scale_maximum(Scale scale) noexcept {
    switch (scale) {
        case Scale::kWideband:
            return 129;
        case Scale::kFullband:
            return 148;
        default:
            return 100;
    }
}

double scale_divisor(Scale scale) noexcept {
    switch (scale) {
        case Scale::kWideband:
            return 1.29;
        case Scale::kFullband:
            return 1.48;
        default:
            return 1;
    }
}

double effective_impairment(Scale scale, double ie, double bpl, double ppl, double burst_r) noexcept {
    if (!(ppl > 0)) return ie;
    const double loss = std::min(ppl, 100.0);
    const double ceiling = scale == Scale::kFullband ? 132 : 95;
    const double divisor = scale == Scale::kNarrowband ? std::max(burst_r, 1.0) : 1;
    return ie + (ceiling - ie) * loss / (loss / divisor + bpl);
}

RatingResult rate_narrowband(const NarrowbandInput& in) noexcept {
    RatingResult out;
    const double noise = total_noise(in);
    const double ist = sidetone_impairment(in);
    out.ro = 15 - 1.5 * (in.slr + noise);
    out.is = loudness_impairment(in, noise) + ist + quantizing_impairment(in, out.ro);
    out.id_te = talker_echo_impairment(in, noise, ist);
    out.id_le = listener_echo_impairment(in, out.ro);
    out.id_dd = absolute_delay_impairment(in.ta_ms, in.s_t, in.m_t_ms);
    out.id = out.id_te + out.id_le + out.id_dd;
    out.ie_eff = effective_impairment(Scale::kNarrowband, in.ie, in.bpl, in.ppl, in.burst_r);
    out.r = out.ro - out.is - out.id - out.ie_eff + in.advantage;
    out.mos = mos_from_r(out.r);
    return out;
}

RatingResult rate_wideband(double ie, double bpl, double ppl, double ta_ms) noexcept {
    return rate_wider(Scale::kWideband, ie, bpl, ppl, ta_ms);
}

RatingResult rate_fullband(double ie, double bpl, double ppl, double ta_ms) noexcept {
    return rate_wider(Scale::kFullband, ie, bpl, ppl, ta_ms);
}

double delay_impairment(Scale scale, double one_way_ms) noexcept {
    if (scale == Scale::kNarrowband) {
        NarrowbandInput in;
        in.set_one_way_delay(std::max(one_way_ms, 0.0));
        return rate_narrowband(in).id;
    }
    // G.107.2 stretches the same curve over its longer scale.
    return (scale == Scale::kFullband ? 1.48 : 1) * absolute_delay_impairment(one_way_ms, 1, 100);
}

double detail::mos_unclamped(double r) noexcept { return 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r); }

double mos_from_r(double r) noexcept {
    if (!(r > 0)) return 1;
    if (r >= 100) return 4.5;
    return std::max(1.0, detail::mos_unclamped(r));
}

double mos_from_r(double r, Scale scale) noexcept { return mos_from_r(r / scale_divisor(scale)); }

double r_from_mos(double mos) noexcept {
    if (!(mos > 1)) return 0;
    if (mos >= 4.5) return 100;
    const double root = -903522 + 1113960 * mos - 202500 * mos * mos;
    const double h = std::atan2(15 * std::sqrt(std::max(root, 0.0)), 18566 - 6750 * mos) / 3;
    return 20.0 / 3 * (8 - std::sqrt(226.0) * std::cos(h + std::numbers::pi / 3));
}

double r_from_mos(double mos, Scale scale) noexcept { return r_from_mos(mos) * scale_divisor(scale); }

double bridge_to_fullband(Scale scale, double ie_eff) noexcept {
    constexpr double kWidebandStep = 19;      // 148 - 129
    constexpr double kNarrowbandStep = 54.8;  // 148 - 93.2
    const double step =
        scale == Scale::kFullband ? 0 : (scale == Scale::kWideband ? kWidebandStep : kNarrowbandStep);
    return scale_maximum(Scale::kFullband) - step - ie_eff;
}

double good_or_better_percent(double r) noexcept { return 100 * normal_cdf((r - 60) / 16); }
double poor_or_worse_percent(double r) noexcept { return 100 * normal_cdf((45 - r) / 16); }

}  // namespace voipprobe::quality
