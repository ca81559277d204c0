#!/usr/bin/env python3
"""Faults survived: F01-F24 of docs/reliability.md, tried on the real programs.

  faults.py BIN_FOLDER [ID...] [--long]

Prints a line for each: what was done and what came of it, with the conservation law in numbers. Exit code 1 when one is
not survived, 77 when the only one asked for cannot be tried here. --long: 200 rounds of kill -9, a million flows.
"""
import os
import sys
import tempfile
import time

import network
import storage
import system
from world import World, end_descendants, in_namespace

# id: (what happens, function, namespaces it needs)
FAULTS = {
    "F01": ("kill -9 of the collector while it writes", storage.f01_kill_collector, None),
    "F02": ("kill -9 of the probe", network.f02_kill_probe, None),
    "F03": ("full disk", storage.f03_full_disk, "-m"),
    "F04": ("disk fails (EIO), disk is slow", storage.f04_failing_disk, None),
    "F05": ("killed while it renames a file", storage.f05_rename_crash, None),
    "F06": ("port refuses (ICMP unreachable)", network.f06_refused, None),
    "F07": ("collector restarts under load, TCP", network.by_transport("restart-tcp"), None),
    "F08": ("collector restarts under load, UDP with --state", network.by_transport("restart-udp"), None),
    "F09": ("the collector's name moves to another address", network.by_transport("names"), None),
    "F09-start": ("the collector's name does not resolve at first", network.f09_no_name_at_start, "-nm"),
    "F10": ("interface down and up", system.f10_link_down, "-n"),
    "F11": ("interface removed and made anew", system.f11_interface_made_anew, "-n"),
    "F12": ("idle link", system.f12_idle_link, "-n"),
    "F13": ("SIGTERM with a full flow table", system.f13_sigterm, None),
    "F13-live": ("the same, captured live and sent over UDP", system.f13_live, "-n"),
    "F14": ("SIGHUP with good and bad configurations", system.f14_sighup, None),
    "F15": ("the capture's ring overflows", system.f15_ring_drops, None),
    "F16": ("no memory", system.f16_no_memory, None),
    "F17": ("EINTR, EAGAIN, ENOBUFS, EMFILE, cut input", system.f17_failing_calls, None),
    "F18": ("clock steps by days and years", system.f18_clock_steps, None),
    "F19": ("path MTU shrinks", network.by_transport("path-mtu"), None),
    "F20": ("64 threads stopped for 2 s", system.f20_stalled, "-n"),
    "F21": ("ten times the flows of the cap", system.f21_memory_limit, None),
    "F22": ("hostile configurations", system.f22_configurations, None),
    "F23": ("every packet mirrored twice", system.f23_mirrored_twice, None),
    "F24": ("two probes with one domain id", network.f24_same_domain, None),
    "relay": ("a path that loses, copies, reorders, corrupts", network.impaired, None),
}


def attempt(bin_dir, id_, rounds, inside):
    what, fault, namespaces = FAULTS[id_]
    if namespaces and not inside:
        return in_namespace(os.path.abspath(__file__), id_, bin_dir, namespaces)
    with tempfile.TemporaryDirectory() as work:
        try:
            return fault(World(bin_dir, work, rounds))
        finally:
            end_descendants()


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    bin_dir, asked = os.path.abspath(arguments[0]), arguments[1:] or list(FAULTS)
    rounds = 200 if "--long" in sys.argv else 8
    if "--inside" in sys.argv:
        print(attempt(bin_dir, asked[0], rounds, True))
        return 0
    failed = skipped = 0
    print(f"| id | fault | survived | what came of it |\n|---|---|---|---|")
    for id_ in asked:
        began = time.monotonic()
        try:
            verdict, came = "yes", attempt(bin_dir, id_, rounds, False)
        except SystemExit as e:
            if e.code == 77:
                verdict, came, skipped = "not tried", "see above", skipped + 1
            else:
                verdict, came, failed = "NO", str(e.code), failed + 1
        except Exception as e:  # noqa: BLE001
            verdict, came, failed = "NO", f"{type(e).__name__}: {e}", failed + 1
        print(f"| {id_} | {FAULTS[id_][0]} | {verdict} | {came} ({time.monotonic() - began:.0f} s) |", flush=True)
    print(f"{len(asked) - failed - skipped} of {len(asked)} survived, {failed} not, {skipped} not tried here")
    return 1 if failed else 77 if skipped == len(asked) else 0


if __name__ == "__main__":
    sys.exit(main())
