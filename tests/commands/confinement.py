"""Both programs do their work within their system calls, folders and rights: under strace nothing is refused to them.

  confinement.py BIN
Capture files, an interface that is made anew, UDP, TCP, names, several sinks, rotation, --user, SIGUSR1 and SIGHUP.
"""
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PORT = 42471


def refused(log):
    """System calls that failed for want of permission, without those that only ask what is possible or prove a point."""
    # fchown: SQLite as root would give its journal to the owner of the base, and does without.
    harmless = ("SO_RCVBUFFORCE", "PR_CAPBSET_DROP", "setuid(0)", "fchown(")
    lines = []
    for line in Path(log).read_text(errors="replace").splitlines():
        if re.search(r"= -1 (EPERM|EACCES)", line) and not any(h in line for h in harmless):
            lines.append(line)
    return lines


def traced(log, *command, **options):
    return subprocess.Popen(["strace", "-f", "-Z", "-o", log, *map(str, command)], **options)


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


def child_of(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_for(lambda: path.read_text().split(), "the traced program")
    return int(path.read_text().split()[0])


def collector(bin_dir, work, *extra):
    log = work / "collector.log"
    process = traced(work / "collector.strace", bin_dir / "voipcollector", "-l", f"udp://127.0.0.1:{PORT}", "-l", f"tcp://127.0.0.1:{PORT}",
                     "-o", work / "csv", "--sink", f"jsonl:{work}/json", "--sink", f"ipfix:file:{work}/copy.ipfix",
                     "--sink", f"sqlite:{work}/base/rows.db",
                     "--sink", f"ipfix:udp://localhost:{PORT + 1}", "--state", work / "state", "--rotate-time", "1", "--stats", *extra,
                     stderr=open(log, "w"), stdout=open(work / "collector.out", "w"))
    wait_for(lambda: log.read_text().count("listening on") == 2, "the collector")
    return process, log


def probe_by_names(bin_dir, work, capture):
    keys = work / "keys.log"
    keys.write_text("")
    return subprocess.run(["strace", "-f", "-Z", "-o", work / "probe.strace", bin_dir / "voipprobe", "-i", capture, "-n", f"udp://localhost:{PORT}",
                           "-n", f"tcp://127.0.0.1:{PORT}", "-n", f"file:{work}/records.ipfix", "-P", work / "dump", "--workers", "4", "--stats", "--tls-keylog", keys],
                          capture_output=True, text=True, timeout=120)


def reload_collector(pid, log, config):
    os.kill(pid, signal.SIGUSR1)
    wait_for(lambda: "messages received" in log.read_text(), "the statistics")
    config.write_text("verdict: nonsense=1\n")
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: "the configuration stays as it was" in log.read_text(), "the refusal")
    config.write_text("verdict: loss_pct=7\npen: 12345\n")
    os.kill(pid, signal.SIGHUP)
    wait_for(lambda: "only after a restart: pen" in log.read_text(), "the new configuration")


def live(bin_dir, work, capture):
    """An interface of our own, as nobody; it goes away and comes back; SIGHUP with a bad and a good file."""
    config = work / "probe.yaml"
    config.write_text("active-timeout: 60\n")
    os.chmod(work, 0o755)
    log = work / "live.log"
    inner = f"""set -e
ip link add vp0 type veth peer name vp1; ip link set vp0 up; ip link set vp1 up; ip link set lo up
strace -f -Z -o {work}/live.strace {bin_dir}/voipprobe -i vp1 -n 127.0.0.1:{PORT} --config {config} --user nobody --stats 2> {log} &
for n in $(seq 100); do grep -q capturing {log} && break; sleep 0.1; done
sleep 0.3; child=$(tr -d " " < /proc/$!/task/$!/children); trap "kill -9 $child" EXIT
kill -USR1 $child; sleep 0.3
echo 'active-timeout: never' > {config}; kill -HUP $child; sleep 0.3
printf 'active-timeout: 30\\nsnaplen: 200\\n' > {config}; kill -HUP $child; sleep 0.3
grep -E '^(Uid|CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/$child/status > {work}/status
ip link del vp0; sleep 1.5
ip link add vp0 type veth peer name vp1; ip link set vp0 up; ip link set vp1 up; sleep 2.5
kill -TERM $child; trap - EXIT; wait $!"""
    run = subprocess.run(["unshare", "-n", "bash", "-c", inner], capture_output=True, text=True, timeout=60)
    said, status = log.read_text(), (work / "status").read_text()
    assert run.returncode == 0, (run, said)
    assert "the configuration stays as it was" in said, said
    assert "SIGHUP: changed: active-timeout; only after a restart: snaplen" in said, said
    assert re.search(r"reopened +1", said), said
    uid = re.search(r"Uid:\s+(\d+)", status).group(1)
    assert uid != "0" and re.search(r"CapEff:\s+0000000000002000", status) and re.search(r"CapBnd:\s+0{16}", status), status  # CAP_NET_RAW
    assert re.search(r"Seccomp:\s+2", status) and re.search(r"NoNewPrivs:\s+1", status), status
    return refused(work / "live.strace")


def main():
    if shutil.which("strace") is None:
        print("skipped: strace is not installed")
        return 77
    bin_dir = Path(sys.argv[1]).resolve()
    problems = []
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        capture = work / "calls.pcap"
        subprocess.run([bin_dir / "pcapgen", "-o", capture, "-q", "--calls", "12", "--rate", "4", "--duration", "4", "--rtcp"], check=True)
        config = work / "etc" / "collector.yaml"
        config.parent.mkdir()
        config.write_text("verdict: loss_pct=3\n")
        (work / "base").mkdir()
        process, log = collector(bin_dir, work, "--config", config)
        pid = child_of(process)
        probe = probe_by_names(bin_dir, work, capture)
        assert probe.returncode == 0, probe.stderr
        reload_collector(pid, log, config)
        time.sleep(2.2)  # a rotation
        os.kill(pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()
        rows = sum(len(f.read_text().splitlines()) - 1 for f in (work / "csv").glob("calls*.csv"))
        assert rows == 12, f"{rows} of 12 calls: " + log.read_text()
        with contextlib.closing(sqlite3.connect(work / "base" / "rows.db")) as base:
            assert base.execute("select count(*) from calls").fetchone()[0] == 12
        for name in ("probe", "collector"):
            problems += refused(work / f"{name}.strace")
        warnings = [line for line in (log.read_text() + probe.stderr).splitlines() if "sandbox" in line]
        assert all("Landlock" in w for w in warnings), warnings
        if os.geteuid() == 0 and shutil.which("ip") and subprocess.run(["unshare", "-n", "true"]).returncode == 0:
            problems += live(bin_dir, work, capture)
        else:
            print("no network namespace: files only")
    print(f"{len(problems)} calls refused", *problems[:20], sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
