// pcapgen from outside: the same options give the same octets, and its truth agrees with an independent
// reader.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include "tests/unit/support/scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;

class Pcapgen : public ::testing::Test {
  protected:
    void SetUp() override {
        tool_ = fs::path(VOIPPROBE_BIN_DIR) / "pcapgen";
        if (!fs::exists(tool_)) GTEST_SKIP() << "pcapgen is not built";
    }

    // Exit code of the tool.
    int generate(const std::string& name, const std::string& options) {
        const std::string command = tool_.string() + " -q -o " + (folder_ / name).string() + " " + options +
                                    " 2>" + (folder_ / "stderr").string();
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string content(const std::string& name) {
        std::ifstream file(folder_ / name, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    std::vector<std::map<std::string, std::string>> rows(const std::string& name) {
        std::istringstream file(content(name));
        const auto split = [](const std::string& line) {
            std::vector<std::string> cells(1);
            for (const char c : line) {
                if (c == ',') {
                    cells.emplace_back();
                } else {
                    cells.back() += c;
                }
            }
            return cells;
        };
        std::string line;
        std::getline(file, line);
        const auto header = split(line);
        std::vector<std::map<std::string, std::string>> out;
        while (std::getline(file, line)) {
            const auto cells = split(line);
            EXPECT_EQ(cells.size(), header.size()) << line;
            auto& row = out.emplace_back();
            for (std::size_t i = 0; i < header.size() && i < cells.size(); ++i) row[header[i]] = cells[i];
        }
        return out;
    }

    fs::path tool_;
    voipprobe::test::ScratchFolder scratch_;
    fs::path folder_ = scratch_.path();
};

constexpr const char* kRough =
    "--calls 6 --codec PCMU,opus,AMR-WB --duration 4 --gilbert 0.03,0.4 --jitter 20 --reorder 0.02 "
    "--duplicate 0.02 "
    "--rtcp --proxy --early-media --telephone-event --hold --failed 0.3 --retransmit 0.5 --register 3 "
    "--background 50";

TEST_F(Pcapgen, SameSeedSameOctets) {
    ASSERT_EQ(generate("a.pcap", kRough), 0) << content("stderr");
    ASSERT_EQ(generate("b.pcap", kRough), 0);
    ASSERT_EQ(generate("c.pcap", std::string(kRough) + " --seed 2"), 0);
    EXPECT_GT(content("a.pcap").size(), 100'000U);
    EXPECT_EQ(content("a.pcap"), content("b.pcap"));
    EXPECT_EQ(content("a.streams.csv"), content("b.streams.csv"));
    EXPECT_EQ(content("a.calls.csv"), content("b.calls.csv"));
    EXPECT_NE(content("a.pcap"), content("c.pcap"));
}

TEST_F(Pcapgen, TruthOfACleanCall) {
    ASSERT_EQ(generate("a.pcap", "--calls 1 --duration 4 --first-seq 65500"), 0);
    const auto calls = rows("a.calls.csv");
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].at("state"), "CALL_COMPLETED");
    EXPECT_EQ(calls[0].at("response_code"), "200");
    EXPECT_EQ(calls[0].at("retransmissions"), "0");
    EXPECT_EQ(calls[0].at("invite_time"), "2023-11-14T22:13:20.000000Z");
    const auto streams = rows("a.streams.csv");
    ASSERT_EQ(streams.size(), 2U);
    EXPECT_EQ(streams[0].at("side"), "callee");
    EXPECT_EQ(streams[0].at("packets"), "200");
    EXPECT_EQ(streams[0].at("octets"), "32000");
    EXPECT_EQ(streams[0].at("expected"), "200");
    EXPECT_EQ(streams[0].at("lost"), "0");
    EXPECT_EQ(streams[0].at("first_seq"), "65500");
    EXPECT_EQ(streams[0].at("last_seq"), "163");
    EXPECT_EQ(streams[0].at("jitter_max"), "0.000000");
}

TEST_F(Pcapgen, FailedCallsHaveNoMedia) {
    ASSERT_EQ(generate("a.pcap", "--calls 30 --failed 1"), 0);
    EXPECT_TRUE(rows("a.streams.csv").empty());
    std::map<std::string, int> states;
    for (const auto& call : rows("a.calls.csv")) {
        ++states[call.at("state")];
        EXPECT_TRUE(call.at("ok_time").empty());
        EXPECT_FALSE(call.at("failure_time").empty());
        EXPECT_EQ(call.at("state") == "CALL_CANCELED", call.at("response_code") == "487");
        EXPECT_EQ(call.at("state") == "CALL_CANCELED", !call.at("cancel_time").empty());
    }
    EXPECT_GT(states["CALL_ERROR"], 0);
    EXPECT_GT(states["CALL_CANCELED"], 0);
}

TEST_F(Pcapgen, WrongOptionsAreRefused) {
    EXPECT_EQ(generate("a.pcap", "--codec NONSENSE"), 2);
    EXPECT_EQ(generate("a.pcap", "--vlan 5 --link raw"), 2);
    EXPECT_EQ(generate("a.pcap", "--codec G729 --ptime 15"), 2);
    EXPECT_EQ(generate("no/such/folder/a.pcap", ""), 1);
}

// What tshark's RTP statistics say of every stream: packets and lost.
TEST_F(Pcapgen, TsharkAgrees) {
    if (std::system("command -v tshark >/dev/null 2>&1") != 0) GTEST_SKIP() << "tshark is not installed";
    ASSERT_EQ(
        generate("a.pcap", "--calls 6 --codec PCMU,opus,G729 --loss 0.05 --jitter 20 --duration 5 --ipv6"),
        0);
    const std::string capture = (folder_ / "a.pcap").string();
    ASSERT_EQ(std::system(("tshark -r " + capture + " -q -z rtp,streams >" + (folder_ / "out").string() +
                           " 2>&1 && tshark -r " + capture +
                           " -o udp.check_checksum:TRUE -Y '_ws.malformed || udp.checksum.status == 0' >" +
                           (folder_ / "malformed").string() + " 2>/dev/null")
                              .c_str()),
              0);
    EXPECT_EQ(content("malformed"), "");
    const auto streams = rows("a.streams.csv");
    ASSERT_EQ(streams.size(), 12U);
    const std::string report = content("out");
    for (const auto& stream : streams) {
        std::string ssrc = stream.at("ssrc");
        for (char& c : ssrc)
            if (c != 'x') c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        const auto at = report.find(ssrc);
        ASSERT_NE(at, std::string::npos) << ssrc;
        std::istringstream line(report.substr(at, report.find('\n', at) - at));
        std::string word;
        std::string packets;
        std::string lost;
        line >> word >> word >> packets >> lost;
        EXPECT_EQ(packets, stream.at("packets")) << ssrc;
        EXPECT_EQ(lost, stream.at("lost")) << ssrc;
    }
}

}  // namespace
