#include "collector/sink/sqlite_sink.hpp"

#ifdef VP_SQLITE

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace voipprobe::collector {
namespace {

constexpr std::size_t kMaxCachedTemplates = 4096;
constexpr int kBusyMilliseconds = 3000;  // another process reads or copies the database

// Names come from templates, and so from the network.
std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        if (c != '\0') out += c;
    }
    return out + '"';
}

// SQLite tells names apart without regard to case; IPFIX does not.
std::string folded(std::string_view name) {
    std::string out(name);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return out;
}

}  // namespace

class SqliteSink::Database {
  public:
    ~Database() { sqlite3_close(db_); }
    bool open(const std::string& path) {
        const int rc = sqlite3_open_v2(
            path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
        if (rc == SQLITE_OK) sqlite3_busy_timeout(db_, kBusyMilliseconds);
        return rc == SQLITE_OK && run("PRAGMA synchronous=NORMAL");
    }
    bool run(const std::string& sql) {
        return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    }
    bool begin() { return writing_ || (writing_ = run("BEGIN IMMEDIATE")); }
    bool commit() {
        if (!writing_) return true;
        writing_ = !run("COMMIT");
        return !writing_;
    }
    std::string error() const { return db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_); }
    sqlite3* handle() { return db_; }

  private:
    sqlite3* db_ = nullptr;
    bool writing_ = false;
};

class SqliteSink::Table {
  public:
    ~Table() { sqlite3_finalize(insert_); }

    // nullptr: db.error() says why.
    static std::unique_ptr<Table> make(Database& db, const std::string& name,
                                       const std::vector<std::string>& columns) {
        auto t = std::make_unique<Table>();
        if (!t->create(db, name, columns)) return nullptr;
        std::string names;
        for (std::size_t i = 0; i < t->columns_.size(); ++i)
            names += (i == 0 ? "" : ",") + quoted(t->columns_[i]);
        std::string sql = "INSERT OR REPLACE INTO " + quoted(name) + " (" + names + ") VALUES (";
        for (std::size_t i = 0; i < t->columns_.size(); ++i) sql += i == 0 ? "?" : ",?";
        sql += ")";
        if (sqlite3_prepare_v2(db.handle(), sql.c_str(), -1, &t->insert_, nullptr) != SQLITE_OK)
            return nullptr;
        return t;
    }

    void bind(std::size_t column, const Cell& cell) {
        const int at = static_cast<int>(column) + 1;
        if (const auto* text = std::get_if<std::string_view>(&cell)) {
            sqlite3_bind_text(insert_, at, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
        } else if (const auto* number = std::get_if<std::uint64_t>(&cell);
                   number != nullptr && *number <= INT64_MAX) {
            sqlite3_bind_int64(insert_, at, static_cast<sqlite3_int64>(*number));
        } else if (const auto* real = std::get_if<Decimal>(&cell)) {
            const double scale = std::pow(10.0, real->places);
            const double rounded = std::round(real->value * scale) / scale;
            sqlite3_bind_double(insert_, at, std::isfinite(rounded) ? rounded : real->value);
        } else if (!std::holds_alternative<std::monostate>(cell)) {
            text_.clear();
            append_plain(text_, cell);
            sqlite3_bind_text(insert_, at, text_.data(), static_cast<int>(text_.size()), SQLITE_TRANSIENT);
        }
    }
    bool store() {
        const bool done = sqlite3_step(insert_) == SQLITE_DONE;
        sqlite3_reset(insert_);
        sqlite3_clear_bindings(insert_);
        return done;
    }
    std::size_t width() const { return columns_.size(); }

  private:
    bool create(Database& db, const std::string& name, const std::vector<std::string>& columns) {
        std::set<std::string> used;
        for (const std::string& c : columns) {  // names that differ by case only, or twice the same element
            std::string unique = c;
            for (int n = 2; !used.insert(folded(unique)).second; ++n) unique = c + "_" + std::to_string(n);
            columns_.push_back(unique);
        }
        std::string sql = "CREATE TABLE IF NOT EXISTS " + quoted(name) + " (";
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            sql += (i == 0 ? "" : ",") + quoted(columns_[i]);
            if (folded(columns_[i]) == "record_id") sql += " PRIMARY KEY";
        }
        if (!db.run(sql + ")")) return false;
        std::set<std::string> there;
        sqlite3_stmt* info = nullptr;
        if (sqlite3_prepare_v2(db.handle(), ("PRAGMA table_info(" + quoted(name) + ")").c_str(), -1, &info,
                               nullptr) != SQLITE_OK)
            return false;
        while (sqlite3_step(info) == SQLITE_ROW)
            if (const auto* text = sqlite3_column_text(info, 1))
                there.insert(folded(reinterpret_cast<const char*>(text)));
        sqlite3_finalize(info);
        for (const std::string& c : columns_)
            if (!there.contains(folded(c)) &&
                !db.run("ALTER TABLE " + quoted(name) + " ADD COLUMN " + quoted(c)))
                return false;
        return true;
    }

    std::vector<std::string> columns_;
    sqlite3_stmt* insert_ = nullptr;
    std::string text_;
};

std::unique_ptr<Sink> make_sqlite_sink(std::string path, bool explain_column) {
    return std::make_unique<SqliteSink>(std::move(path), explain_column);
}

SqliteSink::SqliteSink(std::string path, bool explain_column)
    : path_(std::move(path)), explain_column_(explain_column), flows_{"flows", {}, {}, {}}, options_{"options", {}, {}, {}} {}
SqliteSink::~SqliteSink() {
    for (auto* t : {&calls_, &streams_, &messages_, &intervals_, &details_, &users_}) t->reset();
    flows_.tables.clear();
    options_.tables.clear();
}

void SqliteSink::failed(const std::string& why) {
    ++dropped_;
    if (error_.empty()) error_ = why;
}

Result<void> SqliteSink::open() {
    db_ = std::make_unique<Database>();
    const auto names = [](const auto& columns) {
        std::vector<std::string> out;
        for (const auto& c : columns) out.push_back(c.name);
        return out;
    };
    const bool done = db_->open(path_) && db_->begin() &&
                      (calls_ = Table::make(*db_, "calls", names(call_columns(explain_column_)))) &&
                      (streams_ = Table::make(*db_, "streams", names(stream_columns()))) && db_->commit();
    if (!done) return fail(ExitCode::failure, "cannot open the database " + path_ + ": " + db_->error());
    return {};
}

template <typename Row>
void SqliteSink::write(std::unique_ptr<Table>& table, const char* name, const Columns<Row>& columns,
                       const Row& row) {
    if (!db_->begin()) return failed(db_->error());
    if (!table) {
        std::vector<std::string> names;
        for (const auto& c : columns) names.push_back(c.name);
        table = Table::make(*db_, name, names);
        if (!table) return failed(db_->error());
    }
    for (std::size_t i = 0; i < columns.size(); ++i) table->bind(i, columns[i].cell(row));
    if (!table->store()) failed(db_->error());
}

void SqliteSink::call(const CallRow& row) { write(calls_, "calls", call_columns(explain_column_), row); }
void SqliteSink::stream(const StreamRow& row) { write(streams_, "streams", stream_columns(), row); }
void SqliteSink::message(const MessageRow& row) { write(messages_, "messages", message_columns(), row); }
void SqliteSink::interval(const IntervalRow& row) { write(intervals_, "intervals", interval_columns(), row); }
void SqliteSink::detail(const DetailRow& row) { write(details_, "stream_details", detail_columns(), row); }
void SqliteSink::user(const UserRow& row) { write(users_, "users", user_columns(), row); }

void SqliteSink::by_layout(Family& family, const Record& record) {
    if (!db_->begin()) return failed(db_->error());
    const CompiledTemplate& layout = record.layout();
    std::size_t at = 0;
    if (const auto cached = family.by_template.find(layout.serial); cached != family.by_template.end()) {
        at = cached->second;
    } else {
        std::vector<std::string> names = layout.names();
        auto known = family.by_columns.find(names);
        if (known == family.by_columns.end()) {
            if (family.tables.size() == kMostTables)
                return failed("more than " + std::to_string(kMostTables) + " column sets of " + family.name);
            const std::string number =
                family.tables.empty() ? "" : "_" + std::to_string(family.tables.size() + 1);
            auto table = Table::make(*db_, family.name + number, names);
            if (!table) return failed(db_->error());
            family.tables.push_back(std::move(table));
            known = family.by_columns.emplace(std::move(names), family.tables.size() - 1).first;
        }
        if (family.by_template.size() >= kMaxCachedTemplates) family.by_template.clear();
        family.by_template[layout.serial] = at = known->second;
    }
    Table& table = *family.tables[at];
    for (std::size_t i = 0; i < table.width(); ++i) table.bind(i, flow_cell(record, i));
    if (!table.store()) failed(db_->error());
}

void SqliteSink::flush() {
    if (!db_->commit() && error_.empty()) error_ = db_->error();
}

Result<void> SqliteSink::close() {
    if (!db_->commit()) {
        ++dropped_;  // at least one
        if (error_.empty()) error_ = db_->error();
    }
    if (!error_.empty()) return fail(ExitCode::failure, path_ + ": " + error_);
    return {};
}

}  // namespace voipprobe::collector

#else

namespace voipprobe::collector {

std::unique_ptr<Sink> make_sqlite_sink(std::string, bool) { return nullptr; }

}  // namespace voipprobe::collector

#endif
