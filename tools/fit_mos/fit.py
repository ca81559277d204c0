#!/usr/bin/env python3
"""Fits the constants of quality/lqo_model.cpp (mos_lqo_est) and says how good they are.

    tools/fit_mos/fit.py STUDY_FOLDER

STUDY_FOLDER holds features.csv: calls of the Tor-VoIP study, one row each, with header figures of the stream
that was heard and the PESQ MOS-LQO of its recording (columns side, codec, tor, loc, loss, jmean, jstd,
p_ad500_40, mos ...). Plain Python 3, no packages. Deterministic: the same file gives the same constants.

Model, one direction (loss and discard in percent of the expected packets, jitter in ms):

    MOS = 1 + (level[codec] - 1) * keep[codec](loss + k * discard)
            * exp(-sensitivity[codec] * (a * sqrt(max(sd_J - 1, 0)) + b * max(mean_J - 10, 0) / 20))

keep() is the share of the codec's clean quality that random loss leaves, from codec experiments with PESQ (Ie,
Bpl of docs/quality.md), so that a pure loss costs what it cost there. All constants are >= 0, so the estimate
never rises with loss, discards or jitter, and below the dead zones nothing is lost.

Printed: leave-one-route-out cross-validation (fitted on two routes, measured on the third) beside the baseline
a_codec - b_codec * ln(1 + sd_J), then the constants fitted on all rows.
"""
import csv
import math
import sys

CODECS = ("g711", "gsm", "opus", "speex")
CONDITIONS = ("Tor", "Non-Tor")
CELLS = [(codec, tor) for codec in CODECS for tor in CONDITIONS]
PESQ_IE_BPL = {"g711": (12.5, 14.7), "gsm": (28.6, 22.9), "opus": (6.4, 15.6), "speex": (19.3, 17.8)}
SD_DEAD_ZONE_MS = 1.0
MEAN_DEAD_ZONE_MS = 10.0


def read_rows(folder):
    rows = []
    with open(folder + "/features.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            loss = float(row["loss"])
            rows.append({
                "codec": row["codec"], "tor": row["tor"], "route": row["loc"], "side": row["side"],
                "loss": loss, "discard": max(0.0, float(row["p_ad500_40"]) - loss),
                "mean": float(row["jmean"]), "sd": float(row["jstd"]), "mos": float(row["mos"]),
                "logs": [math.log(0.1 + float(row[name])) for name in
                         ("jstd", "jmean", "jmax", "jiqr", "p_ad500_40", "p_min200", "p_min60")],
            })
    return rows


# ---- the model ------------------------------------------------------------------------------------------------

def cubic(r):
    if r <= 0:
        return 1.0
    return 4.5 if r >= 100 else max(1.0, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r))


def keep(codec, percent):
    ie, bpl = PESQ_IE_BPL[codec]
    clean = cubic(93.355 - ie) - 1
    return (cubic(93.355 - ie - (95 - ie) * percent / (percent + bpl)) - 1) / clean


# theta: 4 levels, roots of 3 sensitivities (g711 is 1), of k, a and b: squares keep them >= 0.
MODEL_START = [3.56, 2.5, 4.33, 3.2, 1.0, 1.0, 1.0, 0.7, 0.3, 0.3]


def model(theta, row):
    at = CODECS.index(row["codec"])
    sensitivity = 1.0 if at == 0 else theta[3 + at] ** 2
    jitter = (theta[8] ** 2 * math.sqrt(max(row["sd"] - SD_DEAD_ZONE_MS, 0.0)) +
              theta[9] ** 2 * max(row["mean"] - MEAN_DEAD_ZONE_MS, 0.0) / 20)
    left = keep(row["codec"], row["loss"] + theta[7] ** 2 * row["discard"])
    return 1 + (theta[at] - 1) * left * math.exp(-sensitivity * jitter)


BASELINE_START = [3.6, 2.5, 4.4, 3.3, 0.5, 0.3, 0.8, 0.5]


def baseline(theta, row):
    at = CODECS.index(row["codec"])
    return theta[at] - theta[4 + at] * math.log(1 + row["sd"])


# ---- least squares (Levenberg-Marquardt) ------------------------------------------------------------------------

def solve(matrix, right):
    size = len(right)
    rows = [matrix[i][:] + [right[i]] for i in range(size)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            for j in range(i, size + 1):
                rows[k][j] -= factor * rows[i][j]
    out = [0.0] * size
    for i in reversed(range(size)):
        out[i] = (rows[i][size] - sum(rows[i][j] * out[j] for j in range(i + 1, size))) / rows[i][i]
    return out


def fit(function, start, rows):
    theta, damping = list(start), 1e-2

    def residuals(values):
        return [function(values, row) - row["mos"] for row in rows]

    errors = residuals(theta)
    cost = sum(e * e for e in errors)
    for _ in range(200):
        columns = []
        for k, value in enumerate(theta):
            step = 1e-6 * max(1.0, abs(value))
            moved = theta[:]
            moved[k] += step
            columns.append([(a - b) / step for a, b in zip(residuals(moved), errors)])
        size = len(theta)
        normal = [[sum(a * b for a, b in zip(columns[i], columns[j])) for j in range(size)] for i in range(size)]
        gradient = [-sum(a * b for a, b in zip(columns[i], errors)) for i in range(size)]
        gained = 0.0
        for _ in range(12):
            damped = [[normal[i][j] + (damping * (normal[i][i] + 1e-9) if i == j else 0.0) for j in range(size)]
                      for i in range(size)]
            trial = [a + max(-1.0, min(1.0, b)) for a, b in zip(theta, solve(damped, gradient))]
            trial_errors = residuals(trial)
            trial_cost = sum(e * e for e in trial_errors)
            if trial_cost < cost:
                gained = (cost - trial_cost) / cost
                theta, errors, cost, damping = trial, trial_errors, trial_cost, max(damping / 5, 1e-9)
                break
            damping *= 4
        if gained < 1e-10:
            break
    return theta


# ---- how good ---------------------------------------------------------------------------------------------------

def pearson(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    spread_a = sum((x - mean_a) ** 2 for x in a)
    spread_b = sum((x - mean_b) ** 2 for x in b)
    if spread_a <= 1e-18 or spread_b <= 1e-18:
        return 0.0  # a constant estimate explains nothing
    return sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b)) / math.sqrt(spread_a * spread_b)


def held_out(function, start, rows):
    estimates = [0.0] * len(rows)
    for route in sorted({row["route"] for row in rows}):
        theta = fit(function, start, [row for row in rows if row["route"] != route])
        for i, row in enumerate(rows):
            if row["route"] == route:
                estimates[i] = min(4.5, max(1.0, function(theta, row)))
    return estimates


def select(rows, **wanted):
    return [i for i, row in enumerate(rows) if all(row[key] == value for key, value in wanted.items())]


def within(estimates, rows, groups):
    return [pearson([estimates[i] for i in group], [rows[i]["mos"] for i in group]) for group in groups]


def same_speech(estimates, rows):
    """r within codec x condition once the mean of each side is taken out: the two sides speak different text."""
    out = []
    for codec, tor in CELLS:
        a, b = [], []
        for side in ("caller", "callee"):
            group = select(rows, codec=codec, tor=tor, side=side)
            mean_a = sum(estimates[i] for i in group) / len(group)
            mean_b = sum(rows[i]["mos"] for i in group) / len(group)
            a += [estimates[i] - mean_a for i in group]
            b += [rows[i]["mos"] - mean_b for i in group]
        out.append(pearson(a, b))
    return out


def average(values):
    return sum(values) / len(values)


def clean_bias(estimates, rows, codec):
    group = [i for i in select(rows, codec=codec)
             if rows[i]["loss"] == 0 and rows[i]["discard"] == 0 and rows[i]["sd"] < 1]
    return average([estimates[i] - rows[i]["mos"] for i in group])


def report(name, estimates, rows):
    truth = [row["mos"] for row in rows]
    rmse = math.sqrt(average([(a - b) ** 2 for a, b in zip(estimates, truth)]))
    by_codec = within(estimates, rows, [select(rows, codec=codec) for codec in CODECS])
    cells = within(estimates, rows, [select(rows, codec=codec, tor=tor) for codec, tor in CELLS])
    speech = same_speech(estimates, rows)
    print(f"{name}\n  RMSE {rmse:.3f}   r {pearson(estimates, truth):.3f}   mean r within codec {average(by_codec):.3f}")
    print("  bias on clean calls  " + "  ".join(f"{c} {clean_bias(estimates, rows, c):+.3f}" for c in CODECS))
    print("  r within codec x condition  " +
          "  ".join(f"{c}/{t} {r:.2f}" for (c, t), r in zip(CELLS, cells)))
    print(f"    mean {average(cells):.3f}, Tor {average(cells[0::2]):.3f}, not Tor {average(cells[1::2]):.3f};"
          f" same speech only: mean {average(speech):.3f}, Tor {average(speech[0::2]):.3f},"
          f" not Tor {average(speech[1::2]):.3f}")


def free_regression(rows):
    """What any header model could hope for: a regression on seven log figures, fitted per codec x condition."""
    inside, outside = [], []
    for codec, tor in CELLS:
        group = select(rows, codec=codec, tor=tor)

        def regress(indices, ridge):
            inputs = [[1.0] + rows[i]["logs"] for i in indices]
            size = len(inputs[0])
            normal = [[sum(x[i] * x[j] for x in inputs) + (ridge if i == j else 0.0) for j in range(size)]
                      for i in range(size)]
            right = [sum(x[i] * rows[k]["mos"] for x, k in zip(inputs, indices)) for i in range(size)]
            return solve(normal, right)

        def apply(weights, i):
            return sum(w * x for w, x in zip(weights, [1.0] + rows[i]["logs"]))

        truth = [rows[i]["mos"] for i in group]
        weights = regress(group, 1e-6)
        inside.append(pearson([apply(weights, i) for i in group], truth))
        estimates = {}
        for route in sorted({rows[i]["route"] for i in group}):
            weights = regress([i for i in group if rows[i]["route"] != route], 1e-2)
            estimates.update({i: apply(weights, i) for i in group if rows[i]["route"] == route})
        outside.append(pearson([estimates[i] for i in group], truth))
    print(f"ceiling: a free regression of 8 constants in each of the 8 cells reaches a mean r within of "
          f"{average(inside):.3f} on the rows it was fitted to and {average(outside):.3f} on unseen routes")


def constants(theta):
    print("constants for quality/lqo_model.cpp, fitted on all rows")
    for at, codec in enumerate(CODECS):
        sensitivity = 1.0 if at == 0 else theta[3 + at] ** 2
        ie, bpl = PESQ_IE_BPL[codec]
        print(f"  {codec:6} level {theta[at]:.4f}  sensitivity {sensitivity:.4f}  (Ie {ie}, Bpl {bpl})")
    print(f"  kDiscardWeight {theta[7] ** 2:.4f}  kDeviationWeight {theta[8] ** 2:.5f}  kMeanWeight {theta[9] ** 2:.5f}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: fit.py STUDY_FOLDER   (the folder with features.csv)")
    rows = read_rows(sys.argv[1])
    print(f"{len(rows)} calls, {len({row['route'] for row in rows})} routes; leave one route out")
    report("baseline a_codec - b_codec ln(1 + sd_J), 8 constants", held_out(baseline, BASELINE_START, rows), rows)
    report("this model, 10 constants", held_out(model, MODEL_START, rows), rows)
    free_regression(rows)
    constants(fit(model, MODEL_START, rows))


if __name__ == "__main__":
    main()
