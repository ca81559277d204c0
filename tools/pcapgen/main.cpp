// pcapgen: captures of VoIP calls with known truth. See --help and docs/quality.md.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "tools/pcapgen/generator.hpp"

namespace {

using namespace voipprobe::pcapgen;

void report(const Summary& summary, const PacketWriter& writer, double seconds) {
    std::fprintf(
        stderr,
        "pcapgen: %llu packets, %.1f MB (%llu RTP, %llu RTCP, %llu SIP, %llu other), %llu calls, %llu "
        "streams, "
        "%llu RTP packets lost on purpose; %.2f s, %.2f M packets/s\n",
        static_cast<unsigned long long>(writer.packets()), static_cast<double>(writer.octets()) / 1e6,
        static_cast<unsigned long long>(summary.rtp), static_cast<unsigned long long>(summary.rtcp),
        static_cast<unsigned long long>(summary.sip), static_cast<unsigned long long>(summary.background),
        static_cast<unsigned long long>(summary.calls), static_cast<unsigned long long>(summary.streams),
        static_cast<unsigned long long>(summary.dropped), seconds,
        static_cast<double>(writer.packets()) / 1e6 / (seconds > 0 ? seconds : 1));
}

int run(const Options& options) {
    PacketWriter writer;
    if (!writer.open(options)) {
        std::fprintf(stderr, "pcapgen: cannot write %s\n", writer.error().c_str());
        return 1;
    }
    TruthFiles truth;
    if (!truth.open(options.truth_base)) {
        std::fprintf(stderr, "pcapgen: cannot write the truth files %s.*.csv: %s\n",
                     options.truth_base.c_str(), std::strerror(errno));
        return 1;
    }
    const auto begin = std::chrono::steady_clock::now();
    Generator generator(options, writer, truth);
    const Summary summary = generator.run();
    if (!writer.close()) {
        std::fprintf(stderr, "pcapgen: %s: %s\n", options.output.c_str(), writer.error().c_str());
        return 1;
    }
    if (!truth.close()) {
        std::fprintf(stderr, "pcapgen: the truth files %s.*.csv could not be written\n",
                     options.truth_base.c_str());
        return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!options.quiet) report(summary, writer, took.count());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto parsed = parse_options(argc, argv);
    return parsed.options ? run(*parsed.options) : parsed.exit_code;
}
