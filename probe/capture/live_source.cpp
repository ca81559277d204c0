#include "probe/capture/live_source.hpp"

#include <pcap/pcap.h>

#include <fstream>
#include <sstream>

namespace voipprobe::probe {
namespace {

std::string explain(const std::string& interface, int code, const char* text) {
    std::string m = interface + ": " + (text != nullptr && *text != 0 ? text : pcap_statustostr(code));
    if (code == PCAP_ERROR_PERM_DENIED)
        m += "; run as root or give the program the capability: setcap cap_net_raw+ep voipprobe";
    if (code == PCAP_ERROR_NO_SUCH_DEVICE) m += "; `ip link` lists the interfaces";
    return m;
}

}  // namespace

Result<std::unique_ptr<LiveSource>> LiveSource::open(const LiveConfig& config) {
    std::unique_ptr<LiveSource> s(new LiveSource(config));
    char error[PCAP_ERRBUF_SIZE] = "";
    s->handle_ = pcap_create(config.interface.c_str(), error);
    if (s->handle_ == nullptr) return fail(ExitCode::usage, config.interface + ": " + error);
    pcap_set_snaplen(s->handle_, static_cast<int>(config.snaplen));
    pcap_set_promisc(s->handle_, config.promiscuous ? 1 : 0);
    pcap_set_timeout(s->handle_, config.poll_ms);
    pcap_set_buffer_size(s->handle_, static_cast<int>(config.ring_octets));
    pcap_set_tstamp_precision(s->handle_, PCAP_TSTAMP_PRECISION_NANO);
    const int activated = pcap_activate(s->handle_);
    if (activated < 0)
        return fail(ExitCode::failure, explain(config.interface, activated, pcap_geterr(s->handle_)));
    if (!config.filter.empty()) {
        bpf_program program{};
        if (pcap_compile(s->handle_, &program, config.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
            return fail(ExitCode::usage, "-f " + config.filter + ": " + pcap_geterr(s->handle_));
        const int set = pcap_setfilter(s->handle_, &program);
        pcap_freecode(&program);
        if (set != 0) return fail(ExitCode::failure, "-f " + config.filter + ": " + pcap_geterr(s->handle_));
    }
    if (pcap_setnonblock(s->handle_, 1, error) != 0) return fail(ExitCode::failure, config.interface + ": " + error);
    s->fd_ = pcap_get_selectable_fd(s->handle_);
    s->link_type_ = static_cast<std::uint16_t>(pcap_datalink(s->handle_));
    return s;
}

LiveSource::~LiveSource() {
    if (handle_ != nullptr) pcap_close(handle_);
}

std::size_t LiveSource::read_batch(std::span<RawPacket> out) {
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
    if (got < 0) {
        state_ = SourceState::failed;
        message_ = explain(config_.interface, got, pcap_geterr(handle_));
        return 0;
    }
    state_ = batch.n == 0 ? SourceState::idle : SourceState::more;
    packets_ += batch.n;
    return batch.n;
}

CaptureStats LiveSource::stats() const {
    CaptureStats s;
    s.packets = packets_;
    pcap_stat p{};
    if (handle_ != nullptr && pcap_stats(handle_, &p) == 0) {
        s.kernel_drops = p.ps_drop;
        s.interface_drops = p.ps_ifdrop;
        s.drops_known = true;
    }
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
