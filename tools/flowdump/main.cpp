// flowdump FILE...: what is in an IPFIX file or a capture of export packets, or comes to a UDP port, for people: one block
// per record. Uses the collector's own decoder, so it shows what the collector would see. --lint checks the messages
// instead and names every rule that they break; exit code 3 when there is one.
#include <CLI/CLI.hpp>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>

#include "collector/receive/message_file.hpp"
#include "collector/session/decoder.hpp"
#include "collector/receive/udp_socket.hpp"
#include "collector/sink/columns.hpp"
#include "config/collector_config.hpp"
#include "tools/flowdump/lint.hpp"

namespace {

using namespace voipprobe;
using namespace voipprobe::collector;

const char* kind_name(RecordKind k) {
    switch (k) {
        case RecordKind::flow:
            return "flow";
        case RecordKind::call:
            return "call";
        case RecordKind::stream:
            return "stream";
        case RecordKind::rtp:
            return "rtp";
        case RecordKind::sip:
            return "sip";
        case RecordKind::message:
            return "message";
        case RecordKind::interval:
            return "interval";
        case RecordKind::stats:
            return "stats";
        case RecordKind::detail:
            return "stream-detail";
        case RecordKind::options:
            return "options";
    }
    return "?";
}

class Printer final : public RecordConsumer {
  public:
    explicit Printer(bool absent) : absent_(absent) {}

    void on_record(const Record& r, RecordKind kind) override {
        ++records_;
        const CompiledTemplate& t = r.layout();
        std::printf("record %llu  %s  probe %s  template %u  exported %s\n",
                    static_cast<unsigned long long>(records_), kind_name(kind), r.probe().text().c_str(),
                    t.spec.id, wire::iso_time(r.export_time()).c_str());
        const auto names = t.names();
        for (std::size_t i = 0; i < names.size(); ++i) {
            std::string text;
            append_plain(text, flow_cell(r, i));
            if (text.empty() && !absent_) continue;
            std::printf("    %-28s %s\n", names[i].c_str(), text.empty() ? "-" : text.c_str());
        }
    }

  private:
    bool absent_;
    std::uint64_t records_ = 0;
};

volatile std::sig_atomic_t g_stop = 0;

Result<void> listen_udp(const std::string& url, double seconds, const TakeMessage& take) {
    const auto address = config::parse_listen(url);
    if (!address) return tl::unexpected<Error>(address.error());
    const auto bound = open_udp_socket(address->endpoint);
    if (!bound) return tl::unexpected<Error>(bound.error());
    std::fprintf(stderr, "listening on udp://%s\n", bound->local.text().c_str());
    std::signal(SIGINT, [](int) { g_stop = 1; });
    std::signal(SIGTERM, [](int) { g_stop = 1; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    UdpDrain drain;
    DrainCounters counters;
    std::uint32_t drops = 0;
    while (g_stop == 0 && (seconds <= 0 || std::chrono::steady_clock::now() < end)) {
        pollfd p{bound->fd, POLLIN, 0};
        if (::poll(&p, 1, 100) <= 0) continue;
        drain.drain(bound->fd, 64, drops, counters, [&](const wire::Endpoint& from, wire::Bytes m) { return take({Transport::udp, from}, m); });
    }
    ::close(bound->fd);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"flowdump shows the records of IPFIX files and of captures of NetFlow v9 or IPFIX packets.",
                 "flowdump"};
    std::vector<std::string> files;
    bool absent = false;
    std::uint32_t pen = templates::kOwnPen;
    bool lint_only = false;
    std::string listen;
    double seconds = 0;
    std::size_t mtu = 1472;
    app.add_option("FILE", files, "IPFIX file, pcap or pcapng");
    app.add_option("-l,--listen", listen, "udp://ADDRESS:PORT: what comes there, until --seconds are over or a signal");
    app.add_option("--seconds", seconds, "how long to listen (0: for ever)");
    app.add_flag("--lint", lint_only, "name every rule of RFC 7011, 3954, 5103 and 5610 that the messages break");
    app.add_option("--path-mtu", mtu, "lint: the largest message over UDP (1472)");
    app.add_flag("-a,--absent", absent, "show fields without a value too");
    app.add_option("--pen", pen, "enterprise number of voipprobe's own elements");
    CLI11_PARSE(app, argc, argv);

    if (files.empty() == listen.empty()) {
        std::fprintf(stderr, "flowdump: name files, or an address with --listen\n");
        return 2;
    }
    Decoder decoder(pen);
    Printer printer(absent);
    lint::Lint lint({mtu, 600});
    int code = 0;
    const auto take = [&](const Peer& from, wire::Bytes message) {
        if (lint_only) lint.message(from.endpoint.text(), from.transport == Transport::udp, message);
        else decoder.message(from, message, printer);
        return true;
    };
    if (!listen.empty()) {
        const auto done = listen_udp(listen, seconds, take);
        if (!done) {
            std::fprintf(stderr, "flowdump: %s\n", done.error().message.c_str());
            return static_cast<int>(done.error().code);
        }
    }
    for (const std::string& path : files) {
        std::uint64_t other = 0;
        const auto done = read_message_file(path, other, take);
        if (!done) {
            std::fprintf(stderr, "flowdump: %s\n", done.error().message.c_str());
            code = static_cast<int>(done.error().code);
        }
    }
    if (lint_only) {
        for (const lint::Finding& f : lint.findings()) std::printf("%s\n", f.line().c_str());
        std::fprintf(stderr, "%llu messages, %llu records, %zu findings\n", static_cast<unsigned long long>(lint.messages()),
                     static_cast<unsigned long long>(lint.records()), lint.findings().size());
        return code != 0 ? code : lint.findings().empty() ? 0 : static_cast<int>(ExitCode::damaged_input);
    }
    const SessionCounters c = decoder.counters();
    std::fprintf(
        stderr,
        "%llu messages, %llu records, %llu options records, %llu malformed messages, %llu lost by sequence\n",
        static_cast<unsigned long long>(c.messages), static_cast<unsigned long long>(c.data_records),
        static_cast<unsigned long long>(c.options_records),
        static_cast<unsigned long long>(c.bad_message_total()),
        static_cast<unsigned long long>(c.sequence.lost));
    return code;
}
