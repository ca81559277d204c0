// Everything voipprobe can be told, with its defaults (docs/usage.md). Times in seconds unless the name says more.
// Thread rule: a value, constant after start-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/log.hpp"
#include "wire/result.hpp"

namespace voipprobe::config {

enum class Dispatch : std::uint8_t { all, round_robin, hash_call };
enum class Biflow : std::uint8_t { ntop, rfc5103, off };  // templates::Biflow, same order
enum class Privacy : std::uint8_t { off, hash, drop };
enum class DumpFormat : std::uint8_t { csv, json, text };
enum class Report : std::uint8_t { none, text, json };
enum class FlowKey : std::uint8_t { addresses, vlan, tunnel, vlan_and_tunnel };  // probe::FlowKey, same order
enum class Progress : std::uint8_t { automatic, never, plain };

// Codec of a dynamic payload type where no SDP was seen: 120=opus/48000.
struct RtpMapEntry {
    std::uint8_t payload_type = 0;  // 0..127
    std::string codec;
    std::uint32_t clock_rate = 0;  // Hz
    friend bool operator==(const RtpMapEntry&, const RtpMapEntry&) = default;
};

struct ProbeConfig {
    // where from
    std::vector<std::string> interfaces;  // none: the interface of the default route
    std::string capture_list;             // file with one capture a line, after `interfaces`
    std::string filter;                   // BPF
    std::uint32_t snaplen = 65535;        // octets
    std::uint32_t ring_size = 64;         // MiB of the kernel's ring, per interface
    bool promiscuous = true;
    bool reopen = true;                   // an interface that goes away is waited for
    std::string tls_keylog;               // file; empty: TLS is not opened
    // where to
    std::vector<std::string> collectors;  // as typed; see effective_collectors()
    Dispatch dispatch = Dispatch::all;
    std::string dump_dir;  // empty: no dump
    DumpFormat dump_format = DumpFormat::csv;
    std::uint32_t dump_rotate = 60;  // s of packet time
    std::string csv_separator = "|";  // of the text dump, one character
    bool dump_nested = true;          // YEAR/MONTH/DAY folders below dump_dir
    std::uint32_t reconnect = 60;     // streams: least seconds between two attempts to connect
    std::uint32_t spool = 256;        // streams: MiB of records that wait for a collector
    bool export_options = true;       // statistics and type information as options data
    std::string tls_ca, tls_cert, tls_key;  // files
    std::string source_address;       // ADDRESS[:PORT] that messages leave from; empty: the system's choice
    // what
    std::string template_spec = "voip";
    std::uint16_t template_id = 257;  // first
    std::uint8_t export_version = 10;  // 9 NetFlow v9, 10 IPFIX
    std::uint32_t domain = 1;  // observation domain; options data go into domain 0
    Biflow biflow = Biflow::ntop;
    std::uint32_t in_interface = 0;   // ifIndex in INPUT_SNMP
    std::uint32_t out_interface = 0;  // ifIndex in OUTPUT_SNMP
    std::uint32_t pen = 32473;  // enterprise number of our own elements
    // when
    std::uint32_t active_timeout = 120;
    std::uint32_t idle_timeout = 30;
    std::optional<std::uint32_t> queue_wait;  // default: 30 live, 0 files
    std::uint32_t template_every = 10;        // messages
    std::uint32_t message_size = 1400;        // octets
    std::uint32_t pacing = 0;                 // ms between messages; 0: none live, a token bucket for files
    std::uint32_t pacing_burst = 1;           // messages before `pacing` is waited
    // how
    std::uint32_t max_flows = 1'000'000;
    std::uint32_t workers = 1;
    std::vector<RtpMapEntry> rtp_map;
    std::vector<std::string> correlation_headers{"X-Call-ID", "X-CID", "X-Correlation-ID"};
    bool rtp_heuristic = true;
    bool voip_only = false;
    Privacy privacy = Privacy::off;
    std::string privacy_key;  // file
    bool privacy_daily = false;
    bool dpi = false;
    bool dtmf = false;
    bool speech_weighting = false;
    bool g711_plc = true;  // G.711 is scored with packet loss concealment
    bool dedup = true;
    FlowKey flow_key = FlowKey::addresses;
    bool strict = false;
    // talk
    Report stats = Report::none;
    Progress progress = Progress::automatic;
    std::uint32_t verbose = 0;
    bool quiet = false;
    bool daemon = false;   // to the background once all is checked
    std::string pid_file;  // written then
    std::string syslog;    // name in the system's log; empty: stderr
    std::string user;      // NAME[:GROUP] to become once everything is open; empty: stays who it is
    bool sandbox = true;   // system calls, folders and capabilities only as far as needed

    // nProbe's default collector, 127.0.0.1:2055, unless records are dumped to files.
    std::vector<std::string> effective_collectors() const;
    log::Level log_level() const { return quiet ? log::Level::error : verbose > 0 ? log::Level::debug : log::Level::info; }
    std::uint32_t effective_queue_wait(bool live) const { return queue_wait.value_or(live ? 30U : 0U); }
};

// Contradictions between options, and options that this version refuses because it does not do them yet.
Result<void> validate(const ProbeConfig& config);

}  // namespace voipprobe::config
