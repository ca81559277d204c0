// flowdump FILE...: what is in an IPFIX file or a capture of export packets, for people: one block per
// record. Uses the collector's own decoder, so it shows what the collector would see.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "collector/receive/message_file.hpp"
#include "collector/session/decoder.hpp"
#include "collector/sink/columns.hpp"

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

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"flowdump shows the records of IPFIX files and of captures of NetFlow v9 or IPFIX packets.",
                 "flowdump"};
    std::vector<std::string> files;
    bool absent = false;
    std::uint32_t pen = templates::kOwnPen;
    app.add_option("FILE", files, "IPFIX file, pcap or pcapng")->required();
    app.add_flag("-a,--absent", absent, "show fields without a value too");
    app.add_option("--pen", pen, "enterprise number of voipprobe's own elements");
    CLI11_PARSE(app, argc, argv);

    Decoder decoder(pen);
    Printer printer(absent);
    int code = 0;
    for (const std::string& path : files) {
        std::uint64_t other = 0;
        const auto done = read_message_file(path, other, [&](const Peer& from, wire::Bytes message) {
            decoder.message(from, message, printer);
            return true;
        });
        if (!done) {
            std::fprintf(stderr, "flowdump: %s\n", done.error().message.c_str());
            code = static_cast<int>(done.error().code);
        }
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
