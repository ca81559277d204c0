#include "probe/capture/live_source.hpp"

#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

namespace voipprobe::probe {
namespace {

std::string explain(const std::string& interface, int code, const char* text) {
    std::string m = interface + ": " + (text != nullptr && *text != 0 ? text : pcap_statustostr(code));
    if (code == PCAP_ERROR_PERM_DENIED)
        m += "; run as root or give the program the capability: setcap cap_net_raw+ep voipprobe";
    if (code == PCAP_ERROR_NO_SUCH_DEVICE) m += "; `ip link` lists the interfaces";
    return m;
}

constexpr std::int64_t kLastBlocks = 300;  // ms: the kernel closes a block of its ring after poll_ms

std::int64_t monotonic_ms() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return t.tv_sec * std::int64_t{1000} + t.tv_nsec / 1'000'000;
}

}  // namespace

Result<std::unique_ptr<LiveSource>> LiveSource::open(const LiveConfig& config) {
    std::unique_ptr<LiveSource> s(new LiveSource(config));
    if (auto done = s->start(); !done) return tl::unexpected<Error>(done.error());
    return s;
}

LiveSource::~LiveSource() { stop(); }

Result<void> LiveSource::start() {
    const std::string& name = config_.interface;
    char error[PCAP_ERRBUF_SIZE] = "";
    handle_ = pcap_create(name.c_str(), error);
    if (handle_ == nullptr) return fail(ExitCode::usage, name + ": " + error);
    pcap_set_snaplen(handle_, static_cast<int>(config_.snaplen));
    pcap_set_promisc(handle_, config_.promiscuous ? 1 : 0);
    pcap_set_timeout(handle_, config_.poll_ms);
    pcap_set_buffer_size(handle_, static_cast<int>(config_.ring_octets));
    pcap_set_tstamp_precision(handle_, PCAP_TSTAMP_PRECISION_NANO);
    const int activated = pcap_activate(handle_);
    if (activated < 0) return fail(ExitCode::failure, explain(name, activated, pcap_geterr(handle_)));
    if (!config_.filter.empty()) {
        bpf_program program{};
        if (pcap_compile(handle_, &program, config_.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
            return fail(ExitCode::usage, "-f " + config_.filter + ": " + pcap_geterr(handle_));
        const int set = pcap_setfilter(handle_, &program);
        pcap_freecode(&program);
        if (set != 0) return fail(ExitCode::failure, "-f " + config_.filter + ": " + pcap_geterr(handle_));
    }
    if (pcap_setnonblock(handle_, 1, error) != 0) return fail(ExitCode::failure, name + ": " + error);
    fd_ = pcap_get_selectable_fd(handle_);
    link_type_ = static_cast<std::uint16_t>(pcap_datalink(handle_));
    index_ = if_nametoindex(name.c_str());
    kernel_seen_ = interface_seen_ = 0;
    return {};
}

void LiveSource::stop() {
    if (handle_ == nullptr) return;
    read_drops();
    pcap_close(handle_);
    handle_ = nullptr;
    fd_ = -1;
}

// The interface is gone, or another one has its name.
void LiveSource::lost(int code) {
    message_ = explain(config_.interface, code, code < 0 ? pcap_geterr(handle_) : "the interface went away");
    if (ending_ == 0) ending_ = monotonic_ms() + kLastBlocks;
}

void LiveSource::give_up() {
    stop();
    ending_ = 0;
    state_ = config_.reopen ? SourceState::idle : SourceState::failed;
}

// Once a second: libpcap says nothing when an interface is made anew under its name.
void LiveSource::look_after(std::int64_t now) {
    looked_ = now;
    const unsigned index = if_nametoindex(config_.interface.c_str());
    if (handle_ != nullptr && index_ != 0 && index != index_) lost(0);
    if (handle_ != nullptr || state_ == SourceState::failed || (index == 0 && config_.interface != "any")) return;
    if (start()) ++reopened_;
    else stop();  // it may still be on its way
}

std::size_t LiveSource::read_batch(std::span<RawPacket> out) {
    const std::int64_t now = monotonic_ms();
    if (ending_ != 0 && now >= ending_) give_up();
    if (now / 1000 != looked_) look_after(now / 1000);
    if (handle_ == nullptr) {
        if (state_ != SourceState::failed) state_ = SourceState::idle;
        return 0;
    }
    struct Batch {
        std::span<RawPacket> out;
        std::vector<std::uint8_t>& copies;
        std::uint16_t link_type = 1;
        std::size_t n = 0;
    } batch{out, copies_, link_type_};
    // libpcap gives a block of its ring back to the kernel before pcap_dispatch returns, so the octets are copied.
    copies_.clear();
    copies_.reserve(out.size() * config_.snaplen);
    const int got = pcap_dispatch(
        handle_, static_cast<int>(out.size()),
        [](u_char* user, const pcap_pkthdr* h, const u_char* data) {
            auto& b = *reinterpret_cast<Batch*>(user);
            RawPacket& p = b.out[b.n++];
            p.time = wire::TimeNs{h->ts.tv_sec} * wire::kSecond + h->ts.tv_usec;  // nanoseconds by tstamp_precision
            const std::size_t at = b.copies.size();
            b.copies.insert(b.copies.end(), data, data + h->caplen);
            p.data = wire::Bytes(b.copies).subspan(at);
            p.wire_length = h->len;
            p.link_type = b.link_type;
        },
        reinterpret_cast<u_char*>(&batch));
    packets_ += batch.n;
    state_ = batch.n == 0 ? SourceState::idle : SourceState::more;
    if (got < 0) lost(got);
    return batch.n;
}

void LiveSource::read_drops() const {
    pcap_stat p{};
    if (handle_ == nullptr || pcap_stats(handle_, &p) != 0) return;
    kernel_drops_ += static_cast<std::uint32_t>(p.ps_drop - std::exchange(kernel_seen_, p.ps_drop));
    interface_drops_ += static_cast<std::uint32_t>(p.ps_ifdrop - std::exchange(interface_seen_, p.ps_ifdrop));
}

CaptureStats LiveSource::stats() const {
    read_drops();
    CaptureStats s;
    s.packets = packets_;
    s.kernel_drops = kernel_drops_;
    s.interface_drops = interface_drops_;
    s.drops_known = true;
    s.reopened = reopened_;
    return s;
}

std::optional<std::string> default_interface() {
    std::ifstream routes("/proc/net/route");
    std::string line;
    std::getline(routes, line);
    while (std::getline(routes, line)) {
        std::istringstream fields(line);
        std::string name, destination;
        fields >> name >> destination;
        if (destination == "00000000") return name;
    }
    return std::nullopt;
}

}  // namespace voipprobe::probe
