// --sink sqlite: what CSV would say, once for each record_id, in a file that others may read meanwhile.
#include "collector/sink/sqlite_sink.hpp"

#ifdef VP_SQLITE

#include <sqlite3.h>

#include "join_bench.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using namespace test_join;
using enum templates::ElementId;

// Rows of a query, cells joined by |.
std::vector<std::string> ask(const std::string& path, const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    sqlite3_stmt* q = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &q, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(db);
    std::vector<std::string> out;
    while (q != nullptr && sqlite3_step(q) == SQLITE_ROW) {
        std::string line;
        for (int i = 0; i < sqlite3_column_count(q); ++i) {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(q, i));
            line += (i == 0 ? "" : "|") + std::string(text == nullptr ? "NULL" : text);
        }
        out.push_back(line);
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return out;
}

TEST(SqliteSink, StoresWhatTheRowsSayOnce) {
    const ScratchFolder folder;
    const std::string path = folder / "voip.db";
    Bench b;
    b.send(stream(1, 1), 12);
    b.send(stream(1, 2), 12);
    b.send(call(1), 12);
    b.joiner.finish();
    ASSERT_EQ(b.rows.calls.size(), 1U);
    ASSERT_EQ(b.rows.streams.size(), 2U);
    for (int run = 0; run < 2; ++run) {  // a restart that gets everything again
        SqliteSink sink(path, false);
        ASSERT_TRUE(sink.open());
        for (int copy = 0; copy < 2; ++copy) {
            for (const CallRow& r : b.rows.calls) sink.call(r);
            for (const StreamRow& r : b.rows.streams) sink.stream(r);
        }
        sink.flush();
        EXPECT_EQ(ask(path, "SELECT count(*) FROM calls"), (std::vector<std::string>{"1"}))
            << "visible before the end";
        ASSERT_TRUE(sink.close());
        EXPECT_EQ(sink.dropped_rows(), 0U);
    }
    EXPECT_EQ(ask(path, "SELECT count(*) FROM streams"), (std::vector<std::string>{"2"}));
    // Every cell is that of CSV: the same text, a number by its value.
    std::string list;
    for (const auto& c : call_columns()) list += (list.empty() ? "\"" : ",\"") + c.name + "\"";
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    sqlite3_stmt* q = nullptr;
    ASSERT_EQ(sqlite3_prepare_v2(db, ("SELECT " + list + " FROM calls").c_str(), -1, &q, nullptr), SQLITE_OK);
    ASSERT_EQ(sqlite3_step(q), SQLITE_ROW);
    int numbers = 0, empty = 0;
    for (std::size_t i = 0; i < call_columns().size(); ++i) {
        std::string wanted;
        append_plain(wanted, call_columns()[i].cell(b.rows.calls[0]));
        const int column = static_cast<int>(i);
        const int type = sqlite3_column_type(q, column);
        if (wanted.empty()) {
            EXPECT_EQ(type, SQLITE_NULL) << call_columns()[i].name;
            ++empty;
        } else if (type == SQLITE_FLOAT) {
            EXPECT_DOUBLE_EQ(sqlite3_column_double(q, column), std::stod(wanted)) << call_columns()[i].name;
            ++numbers;
        } else {
            EXPECT_EQ(reinterpret_cast<const char*>(sqlite3_column_text(q, column)), wanted)
                << call_columns()[i].name;
        }
    }
    EXPECT_GT(numbers, 5);
    EXPECT_GT(empty, 5);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

TEST(SqliteSink, ATableOfAnOlderReleaseGetsTheNewColumns) {
    const ScratchFolder folder;
    const std::string path = folder / "voip.db";
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db,
                           "CREATE TABLE calls (record_id PRIMARY KEY, call_id, mine); INSERT INTO calls "
                           "VALUES ('old', 'x', 7)",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
    Bench b;
    b.send(call(1), 12);
    b.joiner.finish();
    SqliteSink sink(path, true);
    ASSERT_TRUE(sink.open());
    sink.call(b.rows.calls.at(0));
    ASSERT_TRUE(sink.close());
    EXPECT_EQ(ask(path, "SELECT record_id, mine, state FROM calls WHERE mine = 7"),
              (std::vector<std::string>{"old|7|NULL"}));
    EXPECT_EQ(ask(path, "SELECT count(*) FROM calls"), (std::vector<std::string>{"2"}));
}

struct ToSink : RecordConsumer {
    explicit ToSink(Sink& s) : sink(s) {}
    void on_record(const Record& r, RecordKind) override { sink.flow(r); }
    Sink& sink;
};

TEST(SqliteSink, FlowsByColumnSetUnderAnyNames) {
    const ScratchFolder folder;
    const std::string path = folder / "voip.db";
    SqliteSink sink(path, false);
    ASSERT_TRUE(sink.open());
    ToSink to(sink);
    Decoder decoder;
    const auto p = FlowProtocol::ipfix;
    const std::vector<FieldValue> one{num(IN_PKTS, 3), num(IN_BYTES, UINT64_MAX - 1),
                                      txt(SIP_CALL_ID, "a'b\"c;--")};
    const std::vector<FieldValue> two{num(IN_PKTS, 4), num(IN_PKTS, 5)};  // one element twice
    std::uint32_t n = 0;
    for (const auto& [id, fields] :
         {std::pair<std::uint16_t, const std::vector<FieldValue>&>{300, one}, {301, two}})
        decoder.message({},
                        message(p, set(2, template_record(p, id, fields)) + set(id, record(p, fields)), n++,
                                1'700'000'000),
                        to);
    ASSERT_TRUE(sink.close());
    EXPECT_EQ(ask(path, "SELECT * FROM flows"),
              (std::vector<std::string>{"3|18446744073709551614|a'b\"c;--"}));
    EXPECT_EQ(ask(path, "SELECT * FROM flows_2"), (std::vector<std::string>{"4|5"}));
    EXPECT_EQ(sink.dropped_rows(), 0U);
}

TEST(SqliteSink, SaysWhatItCannotDo) {
    const ScratchFolder folder;
    SqliteSink nowhere(folder / "no/such/folder.db", false);
    EXPECT_FALSE(nowhere.open());
    const std::string path = folder / "voip.db";
    Bench b;
    b.send(call(1), 12);
    b.joiner.finish();
    SqliteSink sink(path, false);
    ASSERT_TRUE(sink.open());
    ask(path, "DROP TABLE calls");  // somebody does
    sink.call(b.rows.calls.at(0));
    sink.flush();
    EXPECT_EQ(sink.dropped_rows(), 1U);
    EXPECT_FALSE(sink.close());
}

}  // namespace
}  // namespace voipprobe::collector

#endif
