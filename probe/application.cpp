#include "probe/application.hpp"

#include <sys/random.h>
#include <sys/stat.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>

#include "config/log.hpp"
#include "config/probe_reload.hpp"
#include "probe/capture/key_log_file.hpp"
#include "probe/capture/live_source.hpp"
#include "probe/confinement.hpp"
#include "probe/export/export_setup.hpp"
#include "probe/export/exporter.hpp"
#include "probe/export/hep_output.hpp"
#include "probe/export/record_dump.hpp"
#include "probe/inputs.hpp"
#include "probe/pipeline.hpp"
#include "probe/progress.hpp"
#include "probe/record/record_writer.hpp"
#include "probe/signals.hpp"
#include "probe/statistics.hpp"
#include "probe/workers/backoff.hpp"
#include "probe/workers/feeder.hpp"
#include "probe/workers/measuring_threads.hpp"

namespace voipprobe::probe {
namespace {

wire::SipKey random_key() {
    wire::SipKey key;
    if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) key = {0x9e3779b9, 0x7f4a7c15};
    return key;
}

wire::TimeNs wall_clock() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return wire::TimeNs{t.tv_sec} * wire::kSecond + t.tv_nsec;
}

bool names_any_of(const std::vector<templates::PlannedTemplate>& plan, std::initializer_list<templates::ElementId> ids) {
    for (const templates::PlannedTemplate& t : plan)
        for (const templates::ElementId id : t.elements)
            if (std::find(ids.begin(), ids.end(), id) != ids.end()) return true;
    return false;
}

PipelineConfig pipeline_config(const config::ProbeConfig& c, const std::vector<templates::PlannedTemplate>& plan,
                               const Privacy& privacy, const CaptureLoss* losses) {
    using enum templates::ElementId;
    PipelineConfig p;
    p.context.losses = losses;
    p.context.domain = c.domain;
    p.context.id_key = privacy.id_key();
    p.context.in_interface = c.in_interface;
    p.context.out_interface = c.out_interface;
    p.context.active_s = static_cast<std::uint16_t>(std::min(c.active_timeout, 65535U));
    p.context.idle_s = static_cast<std::uint16_t>(std::min(c.idle_timeout, 65535U));
    p.active_ns = p.media.active_ns = std::int64_t{c.active_timeout} * wire::kSecond;
    p.idle_ns = std::int64_t{c.idle_timeout} * wire::kSecond;
    p.max_flows = c.max_flows;
    p.voip_only = c.voip_only;
    p.table_key = p.sip_tcp.inner.key = random_key();
    p.media.heuristic = c.rtp_heuristic;
    p.dpi = c.dpi;
    if (c.dpi && !Classifier::built_in()) std::fprintf(stderr, "voipprobe: --dpi on: this build is without nDPI (libndpi-dev); applications are not named\n");
    p.media.dtmf = c.dtmf;
    p.media.speech_weighting = c.speech_weighting;
    p.context.g711_plc = c.g711_plc;
    p.media.relative_delay = names_any_of(plan, {STREAM_DELAY_MEDIAN, STREAM_DELAY_P95, STREAM_DELAY_P99, STREAM_DELAY_MAX});
    p.media.source_names = names_any_of(plan, {STREAM_CNAME, STREAM_TOOL});
    p.legs.headers = c.correlation_headers;
    for (const config::RtpMapEntry& e : c.rtp_map) p.media.rtp_map[e.payload_type & 0x7f] = {e.clock_rate, e.codec};
    return p;
}

// Reads --privacy-key. Errors: usage.
Result<Privacy> privacy_of(const config::ProbeConfig& c) {
    if (c.privacy == config::Privacy::off) return Privacy{};
    std::vector<std::uint8_t> key;
    if (!c.privacy_key.empty()) {
        std::ifstream in(c.privacy_key, std::ios::binary);
        if (!in) return fail(ExitCode::usage, "--privacy-key: cannot read " + c.privacy_key);
        key.assign(std::istreambuf_iterator<char>(in), {});
        if (key.size() < 16)
            return fail(ExitCode::usage, "--privacy-key: " + c.privacy_key + " has " + std::to_string(key.size()) +
                                             " octets, 16 or more are needed (head -c 32 /dev/urandom > FILE)");
        struct stat status {};
        if (stat(c.privacy_key.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
            log::warning("--privacy-key: others may read " + c.privacy_key + " (chmod 600)");
    }
    const auto mode = c.privacy == config::Privacy::hash ? Privacy::Mode::hash : Privacy::Mode::drop;
    if (key.empty()) {  // drop: only record ids need one, and this run's will do
        const wire::SipKey random = random_key();
        const auto* p = reinterpret_cast<const std::uint8_t*>(&random);
        key.assign(p, p + sizeof random);
    }
    return Privacy(mode, key, c.privacy_daily);
}
constexpr std::int64_t kDrain = 250 * wire::kMillisecond;
constexpr int kWaitMs = 100;  // for packets, before timers are looked at

// One run: owns the chain and knows how it went.
class Run {
  public:
    // `live`: the open sources when there is an interface among the inputs, else empty.
    Run(config::ProbeConfig& config, std::vector<Input> inputs, std::vector<std::unique_ptr<PacketSource>> live,
        std::function<Result<config::ProbeConfig>()> reread, std::vector<templates::PlannedTemplate> plan,
        std::unique_ptr<Exporter> exporter, std::unique_ptr<RecordDump> dump, std::unique_ptr<HepOutput> hep, Privacy privacy)
        : config_(config),
          inputs_(std::move(inputs)),
          live_(std::move(live)),
          reread_(std::move(reread)),
          exporter_(std::move(exporter)),
          dump_(std::move(dump)),
          hep_(std::move(hep)),
          writer_(plan,
                  [this](std::size_t i, wire::Bytes packed, wire::TimeNs t) {
                      exporter_->submit(i, packed, t);
                      if (dump_) dump_->record(i, packed, t);
                  },
                  {privacy, config.biflow == config::Biflow::off}),
          pipeline_(pipeline_config(config, plan, privacy, is_live() ? &losses_ : nullptr), sink()),
          progress_(config),
          key_log_(config.tls_keylog) {}

    ExitCode run() {
        const bool live = is_live();
        if (const auto keys = read_keys(); !keys && !live) note(keys.error().code, keys.error().message);
        else if (live) read_live();
        else read_files();
        if (live) exporter_->capture_ended();
        pipeline_.finish();
        export_ = exporter_->finish();
        if (dump_) dump_->close();
        if (hep_) hep_stats_ = hep_->finish();
        progress_.end();
        return conclude();
    }

  private:
    bool is_live() const { return std::any_of(inputs_.begin(), inputs_.end(), [](const Input& i) { return i.live; }); }
    RecordSink& sink() {
        if (!hep_) return writer_;
        hep_->before(writer_);
        return *hep_;
    }
    void feed(std::span<const RawPacket> packets) {
        if (packets.empty()) return;
        start(packets.front().time);
        pipeline_.process(packets);
        after_feeding();
    }
    void start(wire::TimeNs first) {
        if (!started_) exporter_->set_boot_time(first);
        started_ = true;
    }
    void after_feeding() {
        if (pipeline_.now() - last_tick_ >= wire::kSecond) tick();
        answer_requests();
    }
    void answer_requests() {
        if (take_report_request()) report();
        if (take_reload_request()) reload();
    }
    // SIGHUP. A configuration that does not hold changes nothing.
    void reload() {
        const auto next = reread_ ? reread_() : Result<config::ProbeConfig>(fail(ExitCode::usage, "there is no configuration to read again"));
        if (!next) return log::error("SIGHUP: the configuration stays as it was: " + next.error().message);
        const config::Reloaded done = config::take_over(config_, *next);
        pipeline_.reconfigure(pipeline_config(config_, {}, Privacy{}, nullptr));
        log::info("SIGHUP: " + config::describe(done));
        log::set_level(config_.log_level());
    }
    Result<void> read_keys() {
        if (config_.tls_keylog.empty()) return {};
        const auto text = key_log_.read_new();
        pipeline_.add_tls_keys(text ? *text : std::string());  // none yet: connections wait for them all the same
        if (!text) return tl::unexpected<Error>(text.error());
        return {};
    }
    void tick() {
        last_tick_ = pipeline_.now();
        exporter_->tick(last_tick_);
        (void)read_keys();  // the file may not be there yet
    }
    // One thread reads and prepares packets, the others measure streams; this one decides everything, in order.
    void read_files_with_workers() {
        MeasuringThreads crew(pipeline_.media(), config_.workers - 2);
        pipeline_.employ(&crew);
        auto input = inputs_.begin();
        Feeder feeder(
            pipeline_,
            [&]() -> std::optional<Result<std::unique_ptr<FileSource>>> {
                if (input == inputs_.end()) return std::nullopt;
                return open_file(*input++);
            },
            [&] { return crew.help(); });
        Backoff patience;
        while (!stop_wanted()) {
            PacketBlock* const block = feeder.next();
            if (block == nullptr) {
                if (feeder.done()) break;
                if (crew.help()) patience.reset();
                else patience.wait();
                continue;
            }
            patience.reset();
            if (!block->secrets.empty()) pipeline_.add_tls_keys(block->secrets);
            if (block->count != 0) {
                start(block->first_time);
                pipeline_.process(std::span(block->packets).first(block->count), std::span(block->decoded).first(block->count));
                after_feeding();
                progress_.show(block->progress, pipeline_.counters().packets);
            }
            if (block->error) note(block->error->code, block->error->message);
            if (block->ended) end_of(*block->ended);
            feeder.release(block);
        }
        pipeline_.employ(nullptr);
    }
    void read_files() {
        if (config_.workers > 1) return read_files_with_workers();
        std::array<RawPacket, 64> batch;
        for (const Input& input : inputs_) {
            if (stop_wanted()) break;
            auto source = open_input(input, config_);
            if (!source) {
                note(source.error().code, source.error().message);
                continue;
            }
            while ((*source)->state() == SourceState::more && !stop_wanted()) {
                const std::size_t n = (*source)->read_batch(batch);
                if (const std::string secrets = (*source)->take_secrets(); !secrets.empty()) pipeline_.add_tls_keys(secrets);
                feed(std::span(batch).first(n));
                progress_.show(progress_of(**source), pipeline_.counters().packets);
            }
            end_of(**source);
        }
    }
    void read_live() {
        std::vector<std::unique_ptr<PacketSource>>& sources = live_;
        std::optional<MeasuringThreads> crew;
        if (config_.workers > 1) pipeline_.employ(&crew.emplace(pipeline_.media(), config_.workers - 1));
        std::array<RawPacket, 256> batch;
        looked_ = wall_clock();
        // What the kernel has when the signal comes is read too: its last block is closed after 100 ms.
        for (wire::TimeNs stopped = 0; !sources.empty() && (stopped == 0 || wall_clock() - stopped < kDrain);) {
            if (stopped == 0 && stop_wanted()) stopped = wall_clock();
            for (auto& source : sources) {
                feed(std::span(batch).first(source->read_batch(batch)));
                if (const std::string secrets = source->take_secrets(); !secrets.empty()) pipeline_.add_tls_keys(secrets);
            }
            if (std::all_of(sources.begin(), sources.end(), [](const auto& s) { return s->state() == SourceState::idle; })) {
                wait_for_packets(sources, kWaitMs);
                pipeline_.advance(wall_clock() - wire::kSecond);  // packets of the last moments may still be on their way
                if (pipeline_.now() - last_tick_ >= wire::kSecond) tick();
                answer_requests();
            }
            if (wall_clock() - looked_ >= wire::kSecond) look_at_drops(sources);
            std::erase_if(sources, [this](const auto& s) {
                const bool gone = s->state() != SourceState::more && s->state() != SourceState::idle;
                if (gone) end_of(*s);
                return gone;
            });
        }
        look_at_drops(sources);
        for (const auto& source : sources) capture_ += source->stats();
        running_ = {};
        pipeline_.employ(nullptr);
    }
    // What was lost since the last look was lost in this window.
    void look_at_drops(const std::vector<std::unique_ptr<PacketSource>>& sources) {
        running_ = capture_;
        for (const auto& source : sources) running_ += source->stats();
        const std::uint64_t lost = running_.kernel_drops + running_.interface_drops;
        const wire::TimeNs now = wall_clock();
        if (lost != lost_) {  // also goes out with the exporter's statistics
            if (ignored_.packets == 0) ignored_.first = looked_;
            ignored_.packets = lost;
            ignored_.last = now;
            exporter_->set_ignored(ignored_);
        }
        losses_.add(looked_, now, lost - std::exchange(lost_, lost));
        looked_ = now;
    }
    void end_of(const PacketSource& source) {
        capture_ += source.stats();
        if (source.state() == SourceState::damaged) note(ExitCode::damaged_input, source.message());
        if (source.state() == SourceState::failed) note(ExitCode::failure, source.message());
    }
    void note(ExitCode code, const std::string& message) {
        progress_.end();
        log::error(message);
        if (code_ == ExitCode::ok || code == ExitCode::failure || code == ExitCode::usage) code_ = code;
    }
    void report() { print_statistics(config_.stats == config::Report::json ? config::Report::json : config::Report::text, pipeline_, writer_, exporter_->stats(), running_.packets != 0 ? running_ : capture_); }
    ExitCode conclude() {
        print_statistics(config_.stats, pipeline_, writer_, export_, capture_);
        const std::uint64_t lost = hep_stats_.dropped + export_.dropped + export_.records_lost + capture_.kernel_drops +
                                   capture_.interface_drops + (dump_ ? dump_->lost() : 0);
        if (code_ == ExitCode::ok && export_.send_errors > 0)
            log::warning(std::to_string(export_.send_errors) + " messages could not be sent: " + export_.last_error);
        if (hep_stats_.send_errors > 0)
            log::warning("-n hep: " + std::to_string(hep_stats_.send_errors) + " reports could not be sent: " + hep_stats_.last_error);
        if (dump_ && dump_->lost() > 0) log::warning("-P: " + std::to_string(dump_->lost()) + " records could not be written");
        if (code_ == ExitCode::ok && config_.strict && lost > 0) {
            log::error(std::to_string(lost) + " packets or records were lost (--strict); --stats says where");
            return ExitCode::lost;
        }
        return code_;
    }

    config::ProbeConfig& config_;  // reload() changes it
    std::vector<Input> inputs_;
    std::vector<std::unique_ptr<PacketSource>> live_;
    std::function<Result<config::ProbeConfig>()> reread_;
    std::unique_ptr<Exporter> exporter_;
    std::unique_ptr<RecordDump> dump_;  // -P
    std::unique_ptr<HepOutput> hep_;    // -n hep://
    HepOutputStats hep_stats_;
    CaptureLoss losses_;
    RecordWriter writer_;
    Pipeline pipeline_;
    ProgressLine progress_;
    KeyLogFile key_log_;
    CaptureTotals capture_;   // of sources that have ended
    CaptureTotals running_;   // and of those that have not
    wire::TimeNs looked_ = 0; // at their counters, wall clock
    std::uint64_t lost_ = 0;
    ExportStats export_;
    wire::TimeNs last_tick_ = 0;
    Ignored ignored_;
    bool started_ = false;
    ExitCode code_ = ExitCode::ok;
};

// -G and -g. What can be wrong with the options has been said on the terminal by now.
Result<void> detach(const config::ProbeConfig& config) {
    if (config.daemon && daemon(1, config.syslog.empty() ? 1 : 0) != 0)
        return fail(ExitCode::failure, std::string("-G: ") + std::strerror(errno));
    if (config.pid_file.empty()) return {};
    std::ofstream out(config.pid_file);
    out << getpid() << '\n';
    out.close();
    if (!out) return fail(ExitCode::failure, "-g " + config.pid_file + ": cannot be written");
    return {};
}

ExitCode stop(const Error& error) {
    log::error(error.message);
    return error.code;
}

Result<std::vector<std::unique_ptr<PacketSource>>> open_live(const std::vector<Input>& inputs, const config::ProbeConfig& config) {
    std::vector<std::unique_ptr<PacketSource>> out;
    for (const Input& input : inputs) {
        auto source = open_input(input, config);
        if (!source) return tl::unexpected<Error>(source.error());
        log::info("capturing on " + (*source)->name());
        out.push_back(std::move(*source));
    }
    return out;
}

}  // namespace

ExitCode run_probe(const config::ProbeConfig& given, const ConfigSource& source) {
    config::ProbeConfig config = given;
    const std::vector<std::string> hep_to = take_hep_destinations(config.collectors);
    if (!hep_to.empty() && config.collectors.empty()) config.collectors = {"none"};
    auto inputs = resolve_inputs(config);
    if (!inputs) return stop(inputs.error());
    const bool live = std::any_of(inputs->begin(), inputs->end(), [](const Input& i) { return i.live; });
    auto setup = make_export_setup(config, live);
    if (!setup) return stop(setup.error());
    for (const std::string& w : setup->plan.warnings) log::warning(w);
    setup->config.warn = [](const std::string& line) { log::warning(line); };
    if (auto detached = detach(config); !detached) return stop(detached.error());
    auto exporter = Exporter::open(setup->config, setup->plan.templates);
    if (!exporter) return stop(exporter.error());
    std::unique_ptr<RecordDump> dump;
    if (!config.dump_dir.empty()) {
        auto opened = RecordDump::open({config.dump_dir, static_cast<DumpStyle>(config.dump_format),
                                        std::int64_t{config.dump_rotate} * wire::kSecond, setup->config.warn,
                                        config.csv_separator.front(), config.dump_nested},
                                       setup->plan.templates);
        if (!opened) return stop(opened.error());
        dump = std::move(*opened);
    }
    auto privacy = privacy_of(config);
    if (!privacy) return stop(privacy.error());
    std::unique_ptr<HepOutput> hep;
    if (!hep_to.empty()) {
        auto opened = HepOutput::open(hep_to, config.domain, live, *privacy);
        if (!opened) return stop(opened.error());
        hep = std::move(*opened);
    }
    std::vector<std::unique_ptr<PacketSource>> sources;
    if (live) {
        auto opened = open_live(*inputs, config);
        if (!opened) return stop(opened.error());
        sources = std::move(*opened);
    }
    const auto entered = sandbox::enter(needs_of(config, *inputs, setup->config.destinations, hep_to, source.file));
    if (!entered) return stop(entered.error());
    for (const std::string& w : entered->warnings) log::warning(w);
    install_signals();
    Run run(config, std::move(*inputs), std::move(sources), source.read, std::move(setup->plan.templates), std::move(*exporter), std::move(dump), std::move(hep),
            std::move(*privacy));
    const ExitCode code = run.run();
    if (!config.pid_file.empty()) std::remove(config.pid_file.c_str());
    return code;
}

}  // namespace voipprobe::probe
