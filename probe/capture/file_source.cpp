#include "probe/capture/file_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "wire/prefetch.hpp"

namespace voipprobe::probe {
namespace {

constexpr int kPipe = 1 << 20;  // octets; as much as Linux gives to anybody

}  // namespace

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path) {
    if (path == "-") return from_descriptor(::dup(STDIN_FILENO), "standard input");
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(ExitCode::usage, path + ": cannot be opened: " + std::strerror(errno));
    return from_descriptor(fd, path);
}

Result<std::unique_ptr<FileSource>> FileSource::from_descriptor(int fd, std::string name) {
    if (fd < 0) return fail(ExitCode::failure, name + ": " + std::strerror(errno));
    std::unique_ptr<FileSource> source(new FileSource(fd, std::move(name)));
    struct stat st {};
    if (::fstat(fd, &st) != 0) st.st_mode = 0;
    if (S_ISREG(st.st_mode)) {
        source->size_ = static_cast<std::uint64_t>(st.st_size);
        ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    } else if (S_ISFIFO(st.st_mode)) {
        (void)::fcntl(fd, F_SETPIPE_SZ, kPipe);  // fewer turns between writer and reader; without it, what there is
    }
    if (auto ok = source->read_header(); !ok) return tl::unexpected<Error>(ok.error());
    return source;
}

FileSource::~FileSource() { ::close(fd_); }

Result<void> FileSource::read_header() {
    buffer_.fill(12);
    if (PcapngFormat::recognises(buffer_.available())) {
        format_ = PcapngFormat{};
        return {};
    }
    if (buffer_.fill(PcapFormat::kHeader)) {
        if (auto f = PcapFormat::parse_header(buffer_.available().first(PcapFormat::kHeader))) {
            format_ = *f;
            buffer_.consume(PcapFormat::kHeader);
            return {};
        }
    }
    if (buffer_.last_errno() != 0)
        return fail(ExitCode::failure, name_ + ": cannot be read: " + std::strerror(buffer_.last_errno()));
    return fail(ExitCode::damaged_input,
                name_ + ": neither pcap nor pcapng; convert it first (for example: editcap -F pcap IN OUT)");
}

void FileSource::stop(SourceState state, const std::string& reason) {
    state_ = state;
    message_ = name_ + ": octet " + std::to_string(buffer_.offset()) + ", after " + std::to_string(packets_) +
               " packets: " + reason;
}

// What is in the buffer, up to `out`'s end: the last step, which was a packet when `out` is full.
template <typename Next>
inline ParseResult FileSource::parse(std::span<RawPacket> out, std::size_t& n, Next&& next) {
    wire::Bytes data = buffer_.available();
    const std::size_t all = data.size();
    RawPacket* at = out.data();
    RawPacket* const end = at + out.size();
    ParseResult r;
    do {
        r = next(data, *at);
        if (r.step == ParseStep::packet) {
            wire::prefetch(data.data() + r.consume + 1024);  // measured: a quarter of the bare walk
            ++at;
        }
        data = data.subspan(r.consume);
    } while (at != end && (r.step == ParseStep::packet || r.step == ParseStep::skipped));
    buffer_.consume(all - data.size());
    n = static_cast<std::size_t>(at - out.data());
    return r;
}

std::size_t FileSource::read_batch(std::span<RawPacket> out) {
    std::size_t n = 0;
    if (state_ != SourceState::more) return 0;
    while (n < out.size()) {
        const ParseResult r = std::visit(
            [&](auto& f) {
                if constexpr (std::is_same_v<std::decay_t<decltype(f)>, PcapFormat>)
                    if (f.is_usual())
                        return parse(out, n, [f](wire::Bytes data, RawPacket& to) { return f.template next_as<true>(data, to); });
                return parse(out, n, [&f](wire::Bytes data, RawPacket& to) { return f.next(data, to); });
            },
            format_);
        if (filter_ != nullptr && n > 0) {
            n = filter_->keep(out.first(n));
            if (n == 0) continue;  // none matches: go on from where reading stopped
        }
        if (n > 0) break;  // what was lent stays valid; refill on the next call
        if (r.step == ParseStep::damaged) {
            stop(SourceState::damaged, r.reason);
            break;
        }
        if (buffer_.fill(r.need)) continue;
        if (buffer_.last_errno() != 0)
            stop(SourceState::failed, std::strerror(buffer_.last_errno()));
        else if (buffer_.available().empty())
            state_ = SourceState::end;
        else
            stop(SourceState::damaged, "the file ends in the middle of a packet");
        break;
    }
    packets_ += n;
    return n;
}

}  // namespace voipprobe::probe
