// No capture but those of the protocol itself gives a call of it (tshark 4.0 finds SCCP, IAX2 and H.225 calls in these three only).
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {
namespace {

TEST(OtherCallsCorpus, NoneInTheRest) {
    const auto folder = corpus();
    if (!folder) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    std::map<std::string, int> calls;
    int files = 0;
    for (const char* part : {"captures", "derived"})
        for (const auto& entry : std::filesystem::directory_iterator(*folder / part)) {
            const std::string name = entry.path().filename().string();
            if (name.find(".pcap") == std::string::npos && name.find(".cap") == std::string::npos) continue;
            CollectingSink sink;
            run_file(entry.path().string(), sink);
            ++files;
            for (const probe::Call& c : sink.calls)
                if (c.signalling != probe::Signalling::sip) ++calls[name + ' ' + std::string(probe::signalling_name(c.signalling))];
        }
    EXPECT_GT(files, 100);
    EXPECT_EQ(calls, (std::map<std::string, int>{{"ndpi-h323.pcap H323", 3}, {"ndpi-iax.pcap IAX2", 1}, {"ndpi-skinny.pcap SCCP", 1}}));
}

}  // namespace
}  // namespace voipprobe::test
