// Records per second and core that the collector decodes, and writes as flows.csv, from the messages of our own exporter.
//   collect_bench [SECONDS] [FOLDER]      CPU time per measurement, default 1; FOLDER for the CSV, default /dev/shm
// With "messages FILE": writes one minute of flow messages as datagrams (length, octets) for collect_compare.py.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "collector/collector.hpp"
#include "templates/template_plan.hpp"
#include "wire/message_encoder.hpp"

using namespace voipprobe;

namespace {

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

using Message = std::vector<std::uint8_t>;

// `records` flows with different addresses and ports, the definition first.
std::vector<Message> messages(std::uint8_t version, std::string_view spec, int records) {
    const auto plan = templates::plan_templates(*templates::parse_template_spec(spec), {.version = version});
    const templates::PlannedTemplate& t = plan->templates[*templates::pick_template(plan->templates, templates::RecordKind::flow, 4, 0)];
    auto encoder = std::move(version == 9 ? wire::make_netflow9_encoder({}) : wire::make_ipfix_encoder({})).value();
    if (!encoder->add_template(t.layout)) return {};
    std::vector<Message> out;
    const auto take = [&] {
        const wire::Bytes m = encoder->finish(1'700'000'000 * wire::kSecond);
        if (!m.empty()) out.emplace_back(m.begin(), m.end());
    };
    encoder->append_template(t.layout.id);
    take();
    Message packed;
    for (int i = 0; i < records; ++i) {
        packed.clear();
        for (const auto& f : t.layout.fields)
            if (f.length == wire::kVariable) {
                packed.insert(packed.end(), {3, 0, 'R', 'T', 'P'});
            } else if (f.type == wire::FieldType::string) {
                packed.insert(packed.end(), {'R', 'T', 'P'});
                packed.resize(packed.size() + f.length - 3);
            } else for (std::size_t k = 0; k < f.length; ++k) packed.push_back(k < 3 ? static_cast<std::uint8_t>(i >> (8 * k)) : std::uint8_t{1});
        while (encoder->append(t.layout.id, packed) == wire::Append::full) take();
    }
    take();
    return out;
}

struct Counting final : collector::RecordConsumer {
    void on_record(const collector::Record& r, collector::RecordKind) override { fields += r.values().size(), ++records; }
    std::uint64_t records = 0, fields = 0;
};

const collector::Peer kPeer{collector::Transport::udp, {wire::IpAddress::v4(0x7f000001), 50000}};

void decode(std::uint8_t version, const char* spec, double seconds) {
    const auto all = messages(version, spec, 20000);
    collector::Decoder decoder;
    Counting counting;
    const double begin = cpu_seconds();
    double took = 0;
    while ((took = cpu_seconds() - begin) < seconds)
        for (const Message& m : all) decoder.message(kPeer, m, counting);
    std::printf("%-6s %-6s decode:        %6.2f M records/s  %5.0f ns/record  %3.0f fields\n", version == 9 ? "v9" : "ipfix", spec,
                static_cast<double>(counting.records) / took / 1e6, took / static_cast<double>(counting.records) * 1e9,
                static_cast<double>(counting.fields) / static_cast<double>(counting.records));
}

void csv(std::uint8_t version, const char* spec, double seconds, const std::string& base) {
    const auto all = messages(version, spec, 20000);
    const std::string folder = base + "/collect_bench-" + std::to_string(::getpid());
    config::CollectorConfig config;
    config.output = folder;
    std::uint64_t rows = 0, octets = 0;
    {
        collector::Collector collector(config);
        if (!collector.open()) return;
        const double begin = cpu_seconds();
        double took = 0;
        while ((took = cpu_seconds() - begin) < seconds) {
            for (const Message& m : all) collector.message(kPeer, m);
            collector.flush();
        }
        rows = collector.join_counters().flow_rows;
        static_cast<void>(collector.finish());
        for (const auto& e : std::filesystem::directory_iterator(folder)) octets += e.file_size();
        std::printf("%-6s %-6s to flows.csv:  %6.2f M rows/s     %5.0f ns/row     %3.0f octets/row\n", version == 9 ? "v9" : "ipfix", spec,
                    static_cast<double>(rows) / took / 1e6, took / static_cast<double>(rows) * 1e9, static_cast<double>(octets) / static_cast<double>(rows));
    }
    std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "messages") {
        std::ofstream out(argv[2], std::ios::binary);
        for (const Message& m : messages(9, "basic", 1'000'000)) {
            const auto n = static_cast<std::uint16_t>(m.size());
            out.write(reinterpret_cast<const char*>(&n), sizeof n);
            out.write(reinterpret_cast<const char*>(m.data()), static_cast<std::streamsize>(m.size()));
        }
        return out.good() ? 0 : 1;
    }
    const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
    const std::string base = argc > 2 ? argv[2] : "/dev/shm";
    for (const std::uint8_t version : {std::uint8_t{9}, std::uint8_t{10}})
        for (const char* spec : {"basic", "voip"}) {
            decode(version, spec, seconds);
            csv(version, spec, seconds, base);
        }
}
