#include "probe/export/hep_output.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "probe/export/hep_report.hpp"
#include "probe/export/sender.hpp"
#include "probe/export/stream_link.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMostWaiting = 8U << 20;
constexpr std::string_view kUdp = "hep://", kTcp = "hep+tcp://";

using templates::RecordKind;

bool ours(RecordKind kind) { return kind == RecordKind::call || kind == RecordKind::stream; }

// One server of Homer, by UDP or TCP.
class Server {
  public:
    static Result<Server> open(const Destination& destination) {
        Server s;
        if (destination.transport == Transport::tcp) {
            StreamOptions options;
            options.reconnect = kReconnect;
            s.stream_ = std::make_unique<StreamLink>(destination, options);
            if (auto up = s.stream_->open(); !up) return tl::unexpected<Error>(up.error());
        } else {
            auto sender = open_udp_sender(destination, {});
            if (!sender) return tl::unexpected<Error>(sender.error());
            s.datagrams_ = std::move(*sender);
        }
        return s;
    }
    // Empty: it is on its way.
    std::string send(wire::Bytes message) {
        if (stream_) {
            stream_->poll();
            if (!stream_->up()) return stream_->last_error();
            stream_->queue(message);
            while (stream_->up() && stream_->waiting() > kMostInLink) wait_a_little();
            return stream_->up() ? std::string() : stream_->last_error();
        }
        std::error_code error;
        datagrams_->send(std::span(&message, 1), std::span(&error, 1));
        return error ? error.message() : std::string();
    }
    void close() {
        if (!stream_) return void(datagrams_->close());
        for (int n = 0; n < 500 && stream_->up() && stream_->waiting() > 0; ++n) wait_a_little();
        stream_->say_goodbye();
        stream_->close();
    }

  private:
    static constexpr std::size_t kMostInLink = 256U << 10;
    static constexpr auto kReconnect = std::chrono::seconds(10);
    void wait_a_little() {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        stream_->poll();
    }
    std::unique_ptr<Sender> datagrams_;
    std::unique_ptr<StreamLink> stream_;
};

}  // namespace

std::vector<std::string> take_hep_destinations(std::vector<std::string>& collectors) {
    std::vector<std::string> hep, rest;
    for (const std::string& argument : collectors) {
        std::string kept;
        for (std::size_t at = 0; at <= argument.size();) {
            const std::size_t comma = std::min(argument.find(',', at), argument.size());
            const std::string part = argument.substr(at, comma - at);
            if (part.starts_with(kUdp) || part.starts_with(kTcp)) hep.push_back(part);
            else kept += (kept.empty() ? "" : ",") + part;
            at = comma + 1;
        }
        if (!kept.empty() || argument.empty()) rest.push_back(kept);
    }
    collectors = std::move(rest);
    return hep;
}

struct HepOutput::Impl {
    std::vector<Server> servers;
    std::uint32_t agent = 0;
    bool live = false;
    Privacy privacy;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::vector<std::uint8_t>> queue;
    std::size_t waiting = 0;
    bool ending = false;
    HepOutputStats stats;
    std::thread thread;

    void submit(std::vector<std::uint8_t> message) {
        std::unique_lock lock(mutex);
        if (live && waiting + message.size() > kMostWaiting) {
            ++stats.dropped;
            return;
        }
        changed.wait(lock, [&] { return waiting < kMostWaiting; });
        if (!thread.joinable()) thread = std::thread([this] { run(); });  // the first one: sandbox::enter() has been called
        waiting += message.size();
        queue.push_back(std::move(message));
        changed.notify_all();
    }
    void run() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return ending || !queue.empty(); });
            if (queue.empty()) return;
            const std::vector<std::uint8_t> message = std::move(queue.front());
            queue.pop_front();
            waiting -= message.size();
            lock.unlock();
            std::string error;
            for (Server& s : servers)
                if (std::string e = s.send(message); !e.empty()) error = std::move(e);
            lock.lock();
            if (!error.empty()) {
                ++stats.send_errors;
                stats.last_error = error;
            } else {
                ++stats.sent;
            }
            changed.notify_all();
        }
    }
    void stop() {
        if (ending) return;
        {
            const std::lock_guard lock(mutex);
            ending = true;
        }
        changed.notify_all();
        if (thread.joinable()) thread.join();
        for (Server& s : servers) s.close();
    }
};

HepOutput::HepOutput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HepOutput::~HepOutput() { impl_->stop(); }

Result<std::unique_ptr<HepOutput>> HepOutput::open(const std::vector<std::string>& destinations, std::uint32_t agent, bool live, Privacy privacy) {
    auto impl = std::make_unique<Impl>();
    for (const std::string& url : destinations) {
        const bool tcp = url.starts_with(kTcp);
        std::string plain = (tcp ? "tcp://" : "udp://") + url.substr(tcp ? kTcp.size() : kUdp.size());
        const std::size_t host = plain.find("//") + 2;
        if (plain.ends_with('/')) plain.pop_back();
        if (plain.find(':', plain.find(']') == plain.npos ? host : plain.find(']')) == plain.npos) plain += ":9060";
        const auto parsed = parse_destinations(plain);
        if (!parsed) return fail(parsed.error().code, "-n " + url + ": " + parsed.error().message);
        auto server = Server::open(parsed->front());
        if (!server) return tl::unexpected<Error>(server.error());
        impl->servers.push_back(std::move(*server));
    }
    impl->agent = agent;
    impl->live = live;
    impl->privacy = std::move(privacy);
    return std::unique_ptr<HepOutput>(new HepOutput(std::move(impl)));
}

bool HepOutput::wants(RecordKind kind) const { return ours(kind) || next_->wants(kind); }

void HepOutput::emit(const RecordSource& source) {
    if (ours(source.kind)) {
        std::vector<std::uint8_t> message;
        if (hep_report(source, impl_->agent, impl_->privacy, message)) impl_->submit(std::move(message));
    }
    if (next_->wants(source.kind)) next_->emit(source);
}

HepOutputStats HepOutput::finish() {
    impl_->stop();
    return impl_->stats;
}

}  // namespace voipprobe::probe
