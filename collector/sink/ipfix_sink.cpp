#include "collector/sink/ipfix_sink.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "sandbox/output_folder.hpp"
#include "wire/layout.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {
namespace {

using templates::Absent;
using templates::ElementId;
using wire::FieldType;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxMessage = 1400;
constexpr std::size_t kMaxLayouts = 4096;
constexpr std::uint32_t kTemplatesEvery = 20;  // messages, over UDP
constexpr auto kTemplatesAfter = std::chrono::seconds(60);
constexpr timeval kPatience{2, 0};
constexpr auto kReconnectAfter = std::chrono::seconds(60);  // RFC 7011 §10.4.4
constexpr std::uint16_t kOriginalExporter4 = 403, kOriginalExporter6 = 404, kOriginalDomain = 405;
constexpr std::uint16_t kFirstV9Private = 32768;

// A column as an IPFIX field; number 0: it has no place in IPFIX.
wire::WrittenField field_of(const Column& c, wire::FlowProtocol protocol, std::uint32_t own_pen) {
    wire::WrittenField f{c.spec.pen, c.spec.number, c.spec.length};
    if (protocol == wire::FlowProtocol::netflow9) {
        if (c.element == nullptr && c.spec.number >= kFirstV9Private) return {};
        if (c.element != nullptr) {
            f.pen = c.element->pen == templates::kOwnPen ? own_pen : c.element->pen;
            f.number = c.element->number;
            if (c.element->id == ElementId::FIRST_SWITCHED || c.element->id == ElementId::LAST_SWITCHED)
                return {0, static_cast<std::uint16_t>(c.element->id == ElementId::FIRST_SWITCHED ? 152 : 153), 8};
        }
    }
    if (f.length == 0) return {};
    if (c.typed && c.type == FieldType::string) f.length = wire::kVariable;
    if (c.typed && c.type == FieldType::float64) f.length = 8;
    return f;
}

std::uint64_t absent_code(Absent a) { return a == Absent::ones ? UINT64_MAX : 0; }

}  // namespace

IpfixSink::IpfixSink(std::string target, std::uint32_t own_pen)
    : target_(std::move(target)), own_pen_(own_pen), writer_(1, kMaxMessage, [this](wire::Bytes m, std::size_t n) { send(m, n); }) {}

IpfixSink::~IpfixSink() {
    if (fd_ >= 0) ::close(fd_);
    if (file_ != nullptr) std::fclose(file_);
}

Result<void> IpfixSink::open() {
    const std::string wanted = "--sink ipfix:" + target_ + ": write ipfix:udp://HOST:PORT, ipfix:tcp://HOST:PORT or ipfix:file:PATH";
    if (target_.starts_with("file:")) {
        kind_ = Kind::file;
        const std::filesystem::path path = target_.substr(5);
        file_ = sandbox::OutputFolder::of(path).create(path.filename().string() + ".part");
        if (file_ == nullptr) return fail(ExitCode::failure, "--sink ipfix:" + target_ + ": " + std::strerror(errno));
        return {};
    }
    if (!target_.starts_with("udp://") && !target_.starts_with("tcp://")) return fail(ExitCode::usage, wanted);
    kind_ = target_.starts_with("udp://") ? Kind::udp : Kind::tcp;
    const std::string rest = target_.substr(6);
    const std::size_t colon = rest.rfind(':');
    if (colon == rest.npos || colon == 0 || colon + 1 == rest.size()) return fail(ExitCode::usage, wanted);
    host_ = rest.substr(0, colon);
    if (host_.size() > 2 && host_.front() == '[' && host_.back() == ']') host_ = host_.substr(1, host_.size() - 2);
    port_ = rest.substr(colon + 1);
    return connect();
}

Result<void> IpfixSink::connect() {
    connected_at_ = Clock::now();
    addrinfo wanted{};
    wanted.ai_socktype = kind_ == Kind::udp ? SOCK_DGRAM : SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host_.c_str(), port_.c_str(), &wanted, &found); error != 0)
        return fail(ExitCode::failure, "--sink ipfix:" + target_ + ": " + gai_strerror(error));
    int error = 0;
    for (const addrinfo* a = found; a != nullptr && fd_ < 0; a = a->ai_next) {
        const int fd = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        // Who neither answers nor reads may hold up what is received for so long, once a minute; then his records are lost.
        if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
        if (fd >= 0 && ::connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
            fd_ = fd;
            break;
        }
        error = errno;
        if (fd >= 0) ::close(fd);
    }
    freeaddrinfo(found);
    if (fd_ < 0) return fail(ExitCode::failure, "--sink ipfix:" + target_ + ": " + std::strerror(error));
    return {};
}

void IpfixSink::begin_session() {
    writer_.restart();
    layouts_.clear();
}

IpfixSink::Layout& IpfixSink::layout_of(const Record& record) {
    const CompiledTemplate& t = record.layout();
    const std::uint64_t key = t.serial * 2 + (record.probe().address.is_v4() ? 0 : 1);
    if (const auto known = layouts_.find(key); known != layouts_.end()) return known->second;
    if (layouts_.size() >= kMaxLayouts) layouts_.clear();
    Layout layout;
    std::vector<wire::WrittenField> written{{0, record.probe().address.is_v4() ? kOriginalExporter4 : kOriginalExporter6,
                                             static_cast<std::uint16_t>(record.probe().address.is_v4() ? 4 : 16)},
                                            {0, kOriginalDomain, 4}};
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
        const wire::WrittenField f = field_of(t.columns[i], t.protocol, own_pen_);
        if (f.number == 0) continue;
        layout.fields.push_back({i, f});
        written.push_back(f);
    }
    layout.id = writer_.template_for(written);
    return layouts_.emplace(key, std::move(layout)).first->second;
}

void IpfixSink::write_value(wire::ByteWriter& out, const Record& record, const Field& f) const {
    const Column& c = record.layout().columns[f.column];
    const Value& v = record.values()[f.column];
    const std::uint16_t length = f.written.length;
    if (length == wire::kVariable) {
        wire::put_variable(out, v.kind() == ValueKind::text ? wire::as_bytes(v.as_text()) : v.as_octets());
        return;
    }
    switch (v.kind()) {
        case ValueKind::number: {
            std::uint64_t n = *v.as_number();
            const bool was_uptime = f.written.pen == 0 && (f.written.number == 152 || f.written.number == 153) && c.type != FieldType::milliseconds;
            if (was_uptime) n = record.time_of_uptime(n).value_or(0) / 1000;
            if (c.type == FieldType::boolean) n = n == 1 ? 1 : 2;  // RFC 7011 §6.1.5
            if (length > 8) return out.zeros(length);
            return out.uint(n, length);
        }
        case ValueKind::time: {
            const std::uint64_t us = *v.as_time();
            const std::uint64_t n = c.type == FieldType::seconds ? us / 1'000'000 : c.type == FieldType::milliseconds ? us / 1000 : wire::microseconds_to_ntp(us);
            return out.uint(n, length);
        }
        case ValueKind::real: return out.u64(std::bit_cast<std::uint64_t>(*v.as_real()));
        case ValueKind::address:
        case ValueKind::octets: {
            const wire::Bytes b = v.kind() == ValueKind::address ? v.address_octets() : v.as_octets();
            out.bytes(b.first(std::min<std::size_t>(b.size(), length)));
            return out.zeros(length - std::min<std::size_t>(b.size(), length));
        }
        default: break;
    }
    if (c.typed && c.type == FieldType::float64) return out.u64(0x7ff8000000000000);  // NaN
    if (c.absent == Absent::ones && length <= 8) return out.uint(absent_code(c.absent), length);
    out.zeros(length);
}

void IpfixSink::record(const Record& record) {
    if (kind_ == Kind::tcp && fd_ < 0) {
        if (Clock::now() - connected_at_ < kReconnectAfter || !connect()) return void(++lost_);
        begin_session();
    }
    const Layout& layout = layout_of(record);
    packed_.clear();
    wire::ByteWriter out(packed_);
    const auto& octets = record.probe().address.octets;
    if (record.probe().address.is_v4()) out.u32(record.probe().address.v4_host_order());
    else out.bytes(octets);
    out.u32(record.probe().domain);
    for (const Field& f : layout.fields) write_value(out, record, f);
    const auto seconds = static_cast<std::uint32_t>(record.export_time() / wire::kSecond);
    if (layout.id == 0 || !writer_.append(layout.id, packed_, seconds)) ++lost_;
}

void IpfixSink::send(wire::Bytes message, std::size_t records) {
    if (kind_ == Kind::file) {
        if (std::fwrite(message.data(), 1, message.size(), file_) != message.size()) lost_ += records;
        return;
    }
    if (fd_ < 0) return void(lost_ += records);
    std::size_t done = 0;
    while (done < message.size()) {
        const ssize_t n = ::send(fd_, message.data() + done, message.size() - done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || done + static_cast<std::size_t>(n) < message.size()) {  // a part of it: the patience is over
            lost_ += records;
            if (kind_ == Kind::tcp) {
                ::close(fd_);
                fd_ = -1;
            }
            return;
        }
        done += static_cast<std::size_t>(n);
    }
    ++since_templates_;
}

void IpfixSink::flush() {
    if (kind_ == Kind::file) return;
    writer_.flush();
    if (kind_ != Kind::udp || fd_ < 0) return;
    const auto now = Clock::now();
    if (since_templates_ < kTemplatesEvery && now - templates_at_ < kTemplatesAfter) return;
    writer_.repeat_templates();
    since_templates_ = 0;
    templates_at_ = now;
}

Result<void> IpfixSink::close() {
    writer_.flush();
    if (kind_ != Kind::file || file_ == nullptr) return {};
    const std::filesystem::path path = target_.substr(5);
    const std::string name = path.filename().string();
    const bool bad = std::ferror(file_) != 0;
    const bool closed = std::fclose(file_) == 0;
    file_ = nullptr;
    if (bad || !closed || !sandbox::OutputFolder::of(path).rename(name + ".part", name))
        return fail(ExitCode::failure, "--sink ipfix:" + target_ + ": " + std::strerror(errno));
    return {};
}

}  // namespace voipprobe::collector
