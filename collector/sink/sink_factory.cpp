#include "collector/sink/file_sink.hpp"
#include "collector/sink/ipfix_sink.hpp"
#include "collector/sink/sink.hpp"
#include "collector/sink/sqlite_sink.hpp"

namespace voipprobe::collector {

Result<std::unique_ptr<Sink>> make_sink(const std::string& spec, const SinkOptions& options) {
    const auto colon = spec.find(':');
    const std::string kind = spec.substr(0, colon);
    const std::string target = colon == std::string::npos ? "" : spec.substr(colon + 1);
    if (colon == std::string::npos || target.empty())
        return fail(ExitCode::usage,
                    "--sink " + spec + ": write KIND:TARGET, for example csv:DIR or jsonl:DIR");
    if (kind == "csv")
        return std::make_unique<FileSink>("csv", target, csv_format(options.formula_guard), options.rotation,
                                          options.explain_column, options.formula_guard);
    if (kind == "ipfix") return std::make_unique<IpfixSink>(target, options.own_pen);
    if (kind == "jsonl") return std::make_unique<FileSink>("jsonl", target, json_format(), options.rotation, options.explain_column);
    if (kind == "sqlite") {
        if (auto sink = make_sqlite_sink(target, options.explain_column)) return sink;
        return fail(ExitCode::usage, "--sink " + spec + ": this build is without SQLite (libsqlite3-dev); csv:DIR and jsonl:DIR are built in");
    }
    if (kind == "kafka" || kind == "clickhouse")
        return fail(ExitCode::usage,
                    "--sink " + spec + ": the " + kind + " sink is not built in; csv:DIR, jsonl:DIR and sqlite:FILE are");
    return fail(ExitCode::usage,
                "--sink " + spec + ": unknown kind '" + kind + "'; csv:DIR, jsonl:DIR, sqlite:FILE and ipfix:URL are built in");
}

}  // namespace voipprobe::collector
