// Records per second and core of the two encoders, and of the whole exporter into a loopback socket.
//   encode_bench [SECONDS]      CPU time per measurement, default 1
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "probe/export/exporter.hpp"
#include "wire/message_encoder.hpp"

using namespace voipprobe;

namespace {

std::vector<std::uint8_t> record_of(const wire::TemplateLayout& layout) {
    std::vector<std::uint8_t> out;
    for (const auto& f : layout.fields) {
        if (f.length != wire::kVariable) {
            out.insert(out.end(), f.length, std::uint8_t{0x21});
            continue;
        }
        out.push_back(30);
        out.push_back(0);
        out.insert(out.end(), 30, std::uint8_t{'s'});
    }
    return out;
}

double cpu_seconds() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void encode(const templates::PlannedTemplate& t, std::uint8_t version, double seconds) {
    auto encoder = std::move(version == 9 ? wire::make_netflow9_encoder({}) : wire::make_ipfix_encoder({})).value();
    if (!encoder->add_template(t.layout)) return;
    const auto record = record_of(t.layout);
    std::uint64_t records = 0;
    std::uint64_t octets = 0;
    const double begin = cpu_seconds();
    double took = 0;
    while ((took = cpu_seconds() - begin) < seconds)
        for (int i = 0; i < 10000; ++i, ++records)
            while (encoder->append(t.layout.id, record) == wire::Append::full) octets += encoder->finish(0).size();
    std::printf("%-8s %-7s %2zu fields %4zu octets  %7.2f M records/s %6.0f ns/record %7.0f MB/s\n", version == 9 ? "v9" : "ipfix",
                std::string(record_kind_name(t.kind)).c_str(), t.elements.size(), record.size(),
                static_cast<double>(records) / took / 1e6, took / static_cast<double>(records) * 1e9, static_cast<double>(octets) / took / 1e6);
}

void exporter(const std::vector<templates::PlannedTemplate>& plan, std::uint8_t version, int records) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&a), n) != 0 || ::getsockname(socket, reinterpret_cast<sockaddr*>(&a), &n) != 0) return;
    probe::ExportConfig c;
    c.version = version;
    c.destinations = *probe::parse_destinations("127.0.0.1:" + std::to_string(ntohs(a.sin_port)));
    auto e = probe::Exporter::open(c, plan);
    if (!e) return;
    const auto record = record_of(plan[0].layout);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < records; ++i) (*e)->submit(0, record, i);
    const auto submitted = std::chrono::steady_clock::now();
    const auto stats = (*e)->finish();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const std::chrono::duration<double> submitting = submitted - begin;
    ::close(socket);
    std::printf("%-8s exporter, unpaced, loopback: %.2f M records/s, %.0f k messages/s, submit %.0f ns\n", version == 9 ? "v9" : "ipfix",
                static_cast<double>(stats.records_sent) / took.count() / 1e6, static_cast<double>(stats.messages) / took.count() / 1e3,
                submitting.count() / records * 1e9);
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
    for (const std::uint8_t version : {std::uint8_t{9}, std::uint8_t{10}}) {
        const auto spec = templates::parse_template_spec("voip");
        const auto plan = templates::plan_templates(*spec, {.version = version});
        for (const auto kind : {templates::RecordKind::flow, templates::RecordKind::call, templates::RecordKind::stream})
            encode(plan->templates[*templates::pick_template(plan->templates, kind, 4)], version, seconds);
        exporter(plan->templates, version, 1'000'000);
    }
}
