#include "probe/export/hep_output.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "probe/export/hep_report.hpp"
#include "probe/export/sender.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMostWaiting = 8U << 20;
constexpr std::string_view kUdp = "hep://", kTcp = "hep+tcp://";

using templates::RecordKind;

bool ours(RecordKind kind) { return kind == RecordKind::call || kind == RecordKind::stream; }

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
    std::vector<std::unique_ptr<Sender>> senders;
    std::uint32_t agent = 0;
    bool live = false;
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
            std::error_code error;
            for (const auto& s : senders)
                if (const auto e = s->send(message)) error = e;
            lock.lock();
            if (error) {
                ++stats.send_errors;
                stats.last_error = error.message();
            } else {
                ++stats.sent;
            }
            changed.notify_all();
        }
    }
    void stop() {
        if (!thread.joinable()) return;
        {
            const std::lock_guard lock(mutex);
            ending = true;
        }
        changed.notify_all();
        thread.join();
        for (const auto& s : senders) (void)s->close();
    }
};

HepOutput::HepOutput(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HepOutput::~HepOutput() { impl_->stop(); }

Result<std::unique_ptr<HepOutput>> HepOutput::open(const std::vector<std::string>& destinations, std::uint32_t agent, bool live) {
    auto impl = std::make_unique<Impl>();
    for (const std::string& url : destinations) {
        const bool tcp = url.starts_with(kTcp);
        std::string plain = (tcp ? "tcp://" : "udp://") + url.substr(tcp ? kTcp.size() : kUdp.size());
        const std::size_t host = plain.find("//") + 2;
        if (plain.ends_with('/')) plain.pop_back();
        if (plain.find(':', plain.find(']') == plain.npos ? host : plain.find(']')) == plain.npos) plain += ":9060";
        const auto parsed = parse_destinations(plain);
        if (!parsed) return fail(parsed.error().code, "-n " + url + ": " + parsed.error().message);
        auto sender = tcp ? open_tcp_sender(parsed->front()) : open_udp_sender(parsed->front());
        if (!sender) return tl::unexpected<Error>(sender.error());
        impl->senders.push_back(std::move(*sender));
    }
    impl->agent = agent;
    impl->live = live;
    std::unique_ptr<HepOutput> out(new HepOutput(std::move(impl)));
    out->impl_->thread = std::thread([&my = *out->impl_] { my.run(); });
    return out;
}

bool HepOutput::wants(RecordKind kind) const { return ours(kind) || next_->wants(kind); }

void HepOutput::emit(const RecordSource& source) {
    if (ours(source.kind)) {
        std::vector<std::uint8_t> message;
        if (hep_report(source, impl_->agent, message)) impl_->submit(std::move(message));
    }
    if (next_->wants(source.kind)) next_->emit(source);
}

HepOutputStats HepOutput::finish() {
    impl_->stop();
    return impl_->stats;
}

}  // namespace voipprobe::probe
