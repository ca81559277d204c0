// Exact quantiles of a series: counting by leading binary digits, then selection among the few values that share
// them with the rank sought. O(n), two passes, nearly no branch that depends on the values' order.
// Units: those of the series. Definition: type 7 of Hyndman & Fan (1996), linear between the order statistics at
// (n - 1) p.
// Errors: an empty series gives zeros. Values must be >= 0 and < 2^31; NaN is not allowed.
// Threads: pure; no allocation.
#pragma once

#include <span>

namespace voipprobe::quality {

// `p`, ascending within 0..1, gives `out`, of the same size. `scratch` holds at least values.size() floats and is
// overwritten; it must not be the same memory.
void series_quantiles(std::span<const float> values, std::span<float> scratch, std::span<const double> p,
                      std::span<double> out) noexcept;

}  // namespace voipprobe::quality
