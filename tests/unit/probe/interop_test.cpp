// What other programs make of our messages: tshark and libfixbuf's ipfixDump read records of every bundled template.
// Skipped where a program is not installed (tools/install-deps brings both).
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "templates/template_plan.hpp"
#include "wire/message_encoder.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe {
namespace {

using templates::Element;
using templates::PlannedTemplate;
using wire::FieldType;

constexpr wire::TimeNs kNow = 1'700'000'100 * wire::kSecond;

std::string output_of(const std::string& command) {
    std::string out;
    std::FILE* pipe = ::popen(("( " + command + " ) 2>&1 | grep -v '^Running as user'").c_str(), "r");
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), n);
    ::pclose(pipe);
    return out;
}
bool installed(const std::string& program) { return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0; }

// Plausible values for every element: numbers small, times near kNow, strings with the element's name.
std::vector<std::uint8_t> sample(const PlannedTemplate& t) {
    std::vector<std::uint8_t> out;
    const auto host = [&](std::uint64_t v, std::size_t n) {
        const auto* p = reinterpret_cast<const std::uint8_t*>(&v);
        out.insert(out.end(), p, p + n);
    };
    for (std::size_t i = 0; i < t.elements.size(); ++i) {
        const Element& e = element(t.elements[i]);
        const wire::FieldLayout& f = t.layout.fields[i];
        switch (e.type) {
            case FieldType::string: {
                std::string text = "x" + std::string(e.name).substr(0, 2);
                if (e.id == templates::ElementId::SIP_CALL_ID) text = "call-4711@host";
                if (f.length == wire::kVariable)
                    host(text.size(), 2);
                else
                    text.resize(f.length);
                out.insert(out.end(), text.begin(), text.end());
                break;
            }
            case FieldType::seconds: host(kNow / wire::kSecond, 4); break;
            case FieldType::milliseconds: host(kNow / wire::kMillisecond, 8); break;
            case FieldType::microseconds: host(kNow / wire::kMicrosecond, 8); break;
            case FieldType::float64: {
                const double v = 4.25;
                std::uint64_t bits = 0;
                std::memcpy(&bits, &v, 8);
                host(bits, 8);
                break;
            }
            case FieldType::unsigned_int:
            case FieldType::boolean: host(e.name == "IP_PROTOCOL_VERSION" ? 4 : 7, f.length); break;
            default: out.insert(out.end(), f.length, std::uint8_t{10});
        }
    }
    return out;
}

struct Messages {
    std::vector<std::vector<std::uint8_t>> datagrams;
    std::size_t records = 0;
};

Messages messages_of(const std::string& bundled, std::uint8_t version) {
    Messages out;
    const auto spec = templates::parse_template_spec(bundled);
    const auto plan = templates::plan_templates(spec.value(), {.version = version});
    const wire::EncoderConfig config{.domain = 1, .max_message = 1400, .boot_time = kNow - 10 * wire::kSecond};
    const auto encoder = std::move(version == 9 ? wire::make_netflow9_encoder(config) : wire::make_ipfix_encoder(config)).value();
    const auto close = [&] {
        const wire::Bytes m = encoder->finish(kNow);
        out.datagrams.emplace_back(m.begin(), m.end());
    };
    for (const PlannedTemplate& t : plan->templates) EXPECT_TRUE(encoder->add_template(t.layout).has_value());
    for (const PlannedTemplate& t : plan->templates)
        while (encoder->append_template(t.layout.id) == wire::Append::full) close();
    for (int i = 0; i < 3; ++i)
        for (const PlannedTemplate& t : plan->templates) {
            while (encoder->append(t.layout.id, sample(t)) == wire::Append::full) close();
            ++out.records;
        }
    close();
    EXPECT_EQ(encoder->stats().records, out.records);
    return out;
}

// A pcap of UDP datagrams 10.0.0.1:40000 -> 10.0.0.2:2055 on link type 101 (raw IP).
void write_pcap(const std::string& path, const Messages& m) {
    std::ofstream out(path, std::ios::binary);
    const auto le32 = [&](std::uint32_t v) { out.write(reinterpret_cast<const char*>(&v), 4); };
    const auto be16 = [](std::string& s, std::size_t v) {
        s += static_cast<char>(v >> 8);
        s += static_cast<char>(v);
    };
    for (const std::uint32_t v : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 101U}) le32(v);
    for (const auto& d : m.datagrams) {
        std::string ip("\x45\x00", 2);
        be16(ip, 28 + d.size());
        ip += std::string("\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02", 16);
        be16(ip, 40000);
        be16(ip, 2055);
        be16(ip, 8 + d.size());
        be16(ip, 0);
        ip.append(d.begin(), d.end());
        for (const std::size_t v : {std::size_t{1'700'000'100}, std::size_t{0}, ip.size(), ip.size()}) le32(static_cast<std::uint32_t>(v));
        out.write(ip.data(), static_cast<std::streamsize>(ip.size()));
    }
}

class Interop : public testing::TestWithParam<std::tuple<std::string, std::uint8_t>> {};

TEST_P(Interop, tsharkReadsEveryRecordAndNamesItsFields) {
    if (!installed("tshark")) GTEST_SKIP() << "tshark is not installed";
    const auto& [bundled, version] = GetParam();
    const Messages m = messages_of(bundled, version);
    const test::ScratchFolder folder;
    const std::string path = folder / "messages.pcap";
    write_pcap(path, m);
    const std::string read = "tshark -n -r '" + path + "' -d udp.port==2055,cflow ";
    EXPECT_THAT(output_of(read + "-Y '_ws.expert || _ws.malformed || cflow.no_template_found' -T fields -e frame.number -e _ws.expert.message"),
                testing::IsEmpty());
    const std::string verbose = output_of(read + "-V");
    EXPECT_THAT(verbose, testing::Not(testing::HasSubstr("Malformed")));
    EXPECT_THAT(verbose, testing::Not(testing::HasSubstr("More entries than we can handle")));
    EXPECT_THAT(verbose, testing::HasSubstr("SrcAddr: 10.10.10.10"));
    if (bundled != "basic" && bundled != "rtp") {
        EXPECT_THAT(output_of(read + "-T fields -e cflow.pie.ntop.sip_call_id"), testing::HasSubstr("call-4711@host"));
    }
    std::size_t flows = 0;
    for (std::size_t at = verbose.find("\n        Flow "); at != std::string::npos; at = verbose.find("\n        Flow ", at + 1)) ++flows;
    EXPECT_EQ(flows, m.records);
}

class IpfixDump : public testing::TestWithParam<std::string> {};

TEST_P(IpfixDump, namesEveryElement) {
    const std::string bundled = GetParam();
    if (!installed("ipfixDump")) GTEST_SKIP() << "ipfixDump is not installed";
    const Messages m = messages_of(bundled, 10);
    const test::ScratchFolder folder;
    const std::string path = folder / "messages.ipfix";
    {
        std::ofstream out(path, std::ios::binary);
        for (const auto& d : m.datagrams) out.write(reinterpret_cast<const char*>(d.data()), static_cast<std::streamsize>(d.size()));
    }
    const std::string dump = output_of("ipfixDump -e '" VOIPPROBE_SOURCE_DIR "/templates/interop/libfixbuf.xml' --in '" + path + "'");
    EXPECT_THAT(dump, testing::Not(testing::HasSubstr("alienInformationElement")));
    EXPECT_THAT(dump, testing::Not(testing::HasSubstr("rror")));
    const auto spec = templates::parse_template_spec(bundled);
    const auto plan = templates::plan_templates(spec.value(), {});
    for (const PlannedTemplate& t : plan->templates)
        for (const templates::ElementId id : t.elements) EXPECT_THAT(dump, testing::HasSubstr(std::string(element(id).ipfix_name)));
}

std::string test_name(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}
const auto kBundled = testing::Values("voip", "voip-full", "basic", "sip", "rtp", "ntop");

INSTANTIATE_TEST_SUITE_P(Bundled, Interop, testing::Combine(kBundled, testing::Values(std::uint8_t{9}, std::uint8_t{10})),
                         [](const auto& i) {
                             return test_name(std::get<0>(i.param)) + (std::get<1>(i.param) == 9 ? "_netflow9" : "_ipfix");
                         });
INSTANTIATE_TEST_SUITE_P(Bundled, IpfixDump, kBundled, [](const auto& i) { return test_name(i.param); });

}  // namespace
}  // namespace voipprobe
