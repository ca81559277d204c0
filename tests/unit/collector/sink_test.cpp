#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "collector/session/decoder.hpp"
#include "collector/sink/columns.hpp"
#include "collector/sink/flow_csv.hpp"
#include "collector/sink/file_sink.hpp"
#include "collector/sink/line_format.hpp"
#include "collector/sink/part_file.hpp"
#include "message_builder.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::collector {
namespace {

namespace fs = std::filesystem;

template <typename Row>
std::string header(const Columns<Row>& columns) {
    std::string out;
    for (const auto& c : columns) out += (out.empty() ? "" : ",") + c.name;
    return out;
}

// The columns are a promise: their names and order never change without a note to users.
TEST(Columns, Calls) {
    std::string heard;
    for (const char* side : {"caller", "callee"})
        for (const char* name : {"streams",       "media_ip",       "media_port",  "post_answer_delay_ms",
                                 "codec",         "packets",        "expected",    "lost",
                                 "loss_pct",      "discard_pct",    "duplicates",  "reordered",
                                 "jitter_mean",   "jitter_median",  "jitter_max",  "jitter_range",
                                 "jitter_iqr",    "jitter_std_dev", "jitter_last", "max_delta_ms",
                                 "burst_density", "burst_r",        "r_factor",    "mos_lq",
                                 "mos_cq",        "mos_lqo_est",    "mos_scale",   "mos_common",
                                 "mos_basis",     "rtt_ms"})
            heard += std::string(side) + "_" + name + ",";
    EXPECT_EQ(header(call_columns()),
              "record_id,probe,signalling,transport,call_id,correlation_id,state,caller,callee,caller_name,"
              "callee_name,"
              "caller_ip,caller_port,callee_ip,callee_port,user_agent_caller,user_agent_callee,invite_time,"
              "trying_time,"
              "ringing_time,progress_time,ok_time,ack_time,cancel_time,bye_time,bye_ok_time,failure_time,"
              "post_dial_delay_ms,ring_ms,setup_ms,duration_ms,response_code,reason_cause,hangup_by,"
              "retransmissions,"
              "hold_ms,codecs," +
                  heard + "mos,mos_scale,mos_common,verdict,evidence,capture_loss,"
                          "caller_asserted,request_uri,diverted_by,attestation");
}

TEST(Columns, Streams) {
    EXPECT_EQ(
        header(stream_columns()),
        "record_id,probe,call_record_id,call_id,side,match,src_ip,src_port,dst_ip,dst_port,vlan,dscp,ssrc,"
        "payload_type,codec,clock_rate,ptime_ms,bitrate_kbps,first_seq,last_seq,first_ts,last_ts,first_time,"
        "last_time,packets,octets,expected,lost,loss_pct,duplicates,reordered,seq_resets,jitter_last,jitter_"
        "mean,"
        "jitter_median,jitter_min,jitter_max,jitter_range,jitter_iqr,jitter_std_dev,jitter_p95,jitter_p99,"
        "max_delta_ms,max_gap_ms,discard_f60,discard_f200,discard_adaptive,bursts,burst_density,gap_density,"
        "burst_ms,gap_ms,burst_r,clock_skew_ppm,dtmf_events,rtt_ms,reported_loss_pct,reported_jitter_ms,"
        "reported_mos_lq,reported_mos_cq,r_factor,mos_lq,mos_cq,mos_lqo_est,mos_scale,mos_common,mos_basis,"
        "mos_min_10s,capture_loss,codec_mode,application,packet_rate,gap_mean_ms,gap_std_dev_ms,size_mean,size_min,size_max,size_std_dev");
}

TEST(Columns, MessagesAndIntervals) {
    EXPECT_EQ(header(message_columns()),
              "record_id,call_record_id,time,src_ip,src_port,dst_ip,dst_port,transport,kind,method,status,"
              "cseq,has_sdp,"
              "call_id");
    EXPECT_EQ(header(interval_columns()),
              "record_id,stream_record_id,start,packets,lost,discard_adaptive,jitter_mean,jitter_max,mos_lq,"
              "mos_scale");
}

std::string csv(const Cell& cell, bool guard = true) {
    std::string out;
    csv_format(guard)->cell(out, "x", cell, true);
    return out;
}

TEST(Csv, Numbers) {
    EXPECT_EQ(csv(Decimal{12.3456, 3}), "12.346");
    EXPECT_EQ(csv(Decimal{-76.5, 3}), "-76.500");  // a negative number is no formula
    EXPECT_EQ(csv(Decimal{-0.0001, 3}), "0.000");
    EXPECT_EQ(csv(Decimal{1e300, 0}).size(), 301U);
    EXPECT_EQ(csv(scaled_cell(1234567, 1e-6, 6)), "1.234567");
    EXPECT_EQ(csv(count_cell(0)), "0");
    EXPECT_EQ(csv(count_cell(std::nullopt)), "");
    EXPECT_EQ(csv(decimal_cell(std::numeric_limits<double>::quiet_NaN(), 2)), "");
    EXPECT_EQ(csv(time_cell(1700000000123456)), "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(csv(id_cell(kNoId)), "");
}

// C10
TEST(Csv, QuotesAndGuards) {
    EXPECT_EQ(csv(text_cell("plain")), "plain");
    EXPECT_EQ(csv(text_cell("a,b")), "\"a,b\"");
    EXPECT_EQ(csv(text_cell("say \"hi\"")), "\"say \"\"hi\"\"\"");
    EXPECT_EQ(csv(text_cell("two\nlines")), "\"two\nlines\"");
    for (const char* formula : {"=cmd|x", "+49", "-1", "@sum", "\t=",
                                "\xef\xbc\x9d"
                                "1",
                                "\xef\xbc\x8b"
                                "1"}) {
        EXPECT_EQ(csv(text_cell(formula)).front(), '\'') << formula;
        EXPECT_EQ(csv(text_cell(formula), false), formula);
    }
    EXPECT_EQ(csv(text_cell("=1,2")), "\"'=1,2\"");
}

// What any RFC 4180 reader does.
std::vector<std::string> parse_line(const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            out.back() += '"';
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            out.emplace_back();
        } else if (c != '\n' || quoted) {
            out.back() += c;
        }
    }
    return out;
}

TEST(Csv, AnyTextComesBack) {
    std::mt19937 random(3);
    const std::string alphabet = ",\"\r\n=+-@' abc\t";
    const auto format = csv_format(false);
    for (int i = 0; i < 100000; ++i) {
        std::vector<std::string> cells(1 + random() % 4);
        for (std::string& c : cells)
            for (std::size_t n = random() % 6; n > 0; --n) c += alphabet[random() % alphabet.size()];
        std::string line;
        for (std::size_t k = 0; k < cells.size(); ++k) format->cell(line, "x", text_cell(cells[k]), k == 0);
        format->end(line);
        ASSERT_EQ(parse_line(line), cells);
    }
}

TEST(JsonLines, EscapesAndLeavesOutWhatIsMissing) {
    const auto format = json_format();
    std::string line;
    format->begin(line);
    format->cell(line, "a", Cell{}, true);
    format->cell(line, "b", text_cell("</script>\"\\\x01"), false);
    format->cell(line, "c", Cell{std::uint64_t{5}}, false);
    format->end(line);
    EXPECT_EQ(line, "{\"b\":\"\\u003c/script>\\\"\\\\\\u0001\",\"c\":5}\n");
}

class Files : public testing::Test {
  protected:

    std::string read(const std::string& name) const {
        std::ifstream in(directory_ / name, std::ios::binary);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(directory_ / name, std::ios::binary) << text;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& e : fs::directory_iterator(directory_)) out.push_back(e.path().filename());
        std::sort(out.begin(), out.end());
        return out;
    }

    test::ScratchFolder scratch_;
    fs::path directory_ = scratch_.path();
};

TEST_F(Files, WholeOnlyWhenClosed) {
    PartFile f(directory_, "calls", ".csv", "a,b\n");
    ASSERT_TRUE(f.open());
    f.append("1,2\n");
    f.flush();
    EXPECT_EQ(names(), std::vector<std::string>{"calls.csv.part"});
    EXPECT_EQ(read("calls.csv.part"), "a,b\n1,2\n");
    EXPECT_TRUE(f.close());
    EXPECT_EQ(names(), std::vector<std::string>{"calls.csv"});
}

// F01: what a killed run left is cut after its last whole line and continued.
TEST_F(Files, ContinuesAStalePart) {
    write("calls.csv.part", "a,b\n1,2\n3,");
    PartFile f(directory_, "calls", ".csv", "a,b\n");
    ASSERT_TRUE(f.open());
    f.append("5,6\n");
    EXPECT_TRUE(f.close());
    EXPECT_EQ(read("calls.csv"), "a,b\n1,2\n5,6\n");
}

TEST_F(Files, SetsAsideAPartWithOtherColumnsAndAnEarlierResult) {
    write("calls.csv.part", "old\n1\n");
    write("calls.csv", "a,b\n9,9\n");
    PartFile f(directory_, "calls", ".csv", "a,b\n");
    ASSERT_TRUE(f.open());
    f.append("5,6\n");
    EXPECT_TRUE(f.close());
    EXPECT_EQ(read("calls.csv"), "a,b\n5,6\n");
    ASSERT_EQ(names().size(), 3U);
    std::string aside;
    for (const std::string& n : names())
        if (n != "calls.csv") aside += read(n);
    EXPECT_NE(aside.find("old\n1\n"), std::string::npos);
    EXPECT_NE(aside.find("9,9\n"), std::string::npos);
}

TEST_F(Files, TwoCollectorsDoNotShareAFile) {
    PartFile a(directory_, "calls", ".csv", "a\n"), b(directory_, "calls", ".csv", "a\n");
    ASSERT_TRUE(a.open());
    const auto second = b.open();
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another collector"), std::string::npos);
}

// F03: no torn line when the disk is full, and it goes on when there is room again.
TEST_F(Files, AFullDiskTearsNoLine) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{}, small{};
    getrlimit(RLIMIT_FSIZE, &before);
    PartFile f(directory_, "calls", ".csv", "a\n");
    ASSERT_TRUE(f.open());
    f.append("first\n");
    f.flush();
    small = before;
    small.rlim_cur = 20;
    setrlimit(RLIMIT_FSIZE, &small);
    f.append("second line that does not fit\n");
    f.flush();
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(read("calls.csv.part"), "a\nfirst\n");
    EXPECT_FALSE(f.last_error().empty());
    f.append("third\n");
    EXPECT_TRUE(f.close());
    EXPECT_EQ(read("calls.csv"), "a\nfirst\nsecond line that does not fit\nthird\n");
    EXPECT_EQ(f.dropped_lines(), 0U);
}

TEST_F(Files, RotationNamesByTime) {
    PartFile f(directory_, "calls", ".csv", "a\n");
    ASSERT_TRUE(f.open());
    f.append("1\n");
    EXPECT_TRUE(f.close(true));
    ASSERT_TRUE(f.open());
    f.append("2\n");
    EXPECT_TRUE(f.close(true));
    ASSERT_EQ(names().size(), 2U);
    EXPECT_THAT(names()[0], testing::MatchesRegex("calls-[0-9]+T[0-9]+Z.*\\.csv"));
}

TEST_F(Files, NothingCameStillGivesHeaders) {
    FileSink sink("csv", directory_, csv_format(true), {});
    ASSERT_TRUE(sink.open());
    ASSERT_TRUE(sink.close());
    EXPECT_EQ(names(), (std::vector<std::string>{"calls.csv", "streams.csv"}));
    EXPECT_EQ(read("calls.csv"), header(call_columns()) + "\n");
}

TEST(SinkFactory, SaysWhatIsNotBuiltIn) {
    const auto kafka = make_sink("kafka:localhost", {});
    ASSERT_FALSE(kafka);
    EXPECT_EQ(kafka.error().code, ExitCode::usage);
    EXPECT_NE(kafka.error().message.find("not built in"), std::string::npos);
    EXPECT_FALSE(make_sink("csv", {}));
    EXPECT_FALSE(make_sink("nonsense:x", {}));
}


// flow_csv.hpp is the same line by a shorter way.
TEST(Csv, FlowsAreWrittenAsTheirCellsAre) {
    using namespace voipprobe::test;
    struct Both : RecordConsumer {
        void on_record(const Record& r, RecordKind) override {
            for (const bool guard : {true, false}) {
                const auto format = csv_format(guard);
                std::string slow, fast;
                format->begin(slow);
                for (std::size_t i = 0; i < r.values().size(); ++i) format->cell(slow, "x", flow_cell(r, i), i == 0);
                format->end(slow);
                append_flow_csv(fast, r, guard);
                EXPECT_EQ(fast, slow);
            }
            ++records;
        }
        int records = 0;
    };
    Both both;
    std::uint64_t random = 1;
    for (const FlowProtocol p : {FlowProtocol::netflow9, FlowProtocol::ipfix}) {
        for (const bool fixed : {true, false}) {
            Decoder decoder;
            std::vector<FieldValue> fields;
            for (const templates::Element& e : templates::elements())
                if (!fixed || e.type != wire::FieldType::string) fields.push_back(num(e.id, 0));
            fields.resize(std::min<std::size_t>(fields.size(), 250));
            for (int n = 0; n < 200; ++n) {
                for (FieldValue& f : fields) {
                    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
                    const unsigned pick = static_cast<unsigned>(random >> 60);
                    f.number = pick == 0 ? 0 : pick == 1 ? UINT64_MAX : random >> (random >> 58);
                    f.real = static_cast<double>(random >> 40) / 7.0;
                    f.text = pick % 3 == 0 ? "=1+1" : pick % 3 == 1 ? "a,\"b" : std::string(pick, static_cast<char>('a' + pick));
                    f.absent = pick == 5;
                }
                Octets sets;
                if (n == 0) sets = set(template_set_id(p), template_record(p, 300, fields));
                decoder.message({}, message(p, sets + set(300, record(p, fields)), static_cast<std::uint32_t>(n), 1700000000), both);
            }
        }
    }
    EXPECT_EQ(both.records, 800);
}

}  // namespace
}  // namespace voipprobe::collector
