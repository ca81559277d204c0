"""Kamailio as a record-routing proxy, and rtpengine that anchors media; what rtpengine says of each stream."""
import collections
import re
import time

from stage import require, skip

NG_PORT = 2223
KAMAILIO = """
debug=2
log_stderror=yes
log_engine_type="file"
children=1
disable_tcp=no
tcp_children=1
auto_aliases=no
listen=udp:{address}:5060
listen=tcp:{address}:5060
{modules}
modparam("rr", "enable_full_lr", 1)
{parameters}
request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ {media} t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        exit;
    }}
    t_check_trans();
    if (is_method("INVITE")) {{ record_route(); {media} t_on_reply("answers"); }}
    t_relay();
}}
onreply_route[answers] {{ {media} exit; }}
"""


HEP_PORT = 9060
SIPTRACE = f"""
modparam("siptrace", "duplicate_uri", "sip:127.0.0.1:{HEP_PORT}")
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "hep_capture_id", 42)
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "trace_mode", 1)
"""


def start_kamailio(stage, host, anchor, hep=False):
    """`hep`: every message it receives or sends goes to a HEP server on its own host."""
    require("kamailio")
    modules = ["tm", "tmx", "sl", "rr", "pv", "maxfwd", "siputils", "textops"] + (["rtpengine"] if anchor else []) + (["siptrace"] if hep else [])
    media = 'rtpengine_manage("replace-origin ICE=remove");' if anchor else ""
    config = KAMAILIO.format(address=stage.address[host], media=media,
                             modules="\n".join(f'loadmodule "{m}.so"' for m in modules),
                             parameters=f'modparam("rtpengine", "rtpengine_sock", "udp:127.0.0.1:{NG_PORT}")' if anchor else SIPTRACE if hep else "")
    path = f"{stage.work}/kamailio.cfg"
    with open(path, "w", encoding="utf-8") as f:
        f.write(config)
    process = stage.start(host, "kamailio", ["kamailio", "-DD", "-E", "-f", path, "-Y", stage.work, "-P", f"{stage.work}/kamailio.pid",
                                             "-m", "32", "-M", "4"])
    time.sleep(2)
    if process.poll() is not None:
        skip("kamailio does not start here: " + stage.log("kamailio").strip()[-500:])


def start_rtpengine(stage, host):
    require("rtpengine")
    process = stage.start(host, "rtpengine", [
        "rtpengine", "--config-file=none", "--table=-1", f"--interface={stage.address[host]}", f"--listen-ng=127.0.0.1:{NG_PORT}",
        "--port-min=50000", "--port-max=51000", "--foreground", "--log-stderr", "--log-level=6", "--num-threads=1",
        f"--pidfile={stage.work}/rtpengine.pid", "--delete-delay=0"])
    time.sleep(1.5)
    if process.poll() is not None:
        skip("rtpengine does not start here: " + stage.log("rtpengine").strip()[-500:])


Heard = collections.namedtuple("Heard", "call_id local_port ip port ssrc packets")


def heard_by_rtpengine(stage):
    """What rtpengine counted of each stream that came to it: its final packet statistics."""
    line = r"\[([^\]\s]+)\]: \[core\] -+ Port +[\d.]+:(\d+) <> +([\d.]+):(\d+), SSRC ([0-9a-f]+), (\d+) p,"
    return [Heard(call_id, local, ip, port, f"0x{int(ssrc, 16):08x}", int(packets))
            for call_id, local, ip, port, ssrc, packets in re.findall(line, stage.log("rtpengine")) if int(packets)]
