// file:PATH, an IPFIX file (RFC 5655): the messages one after the other. Written as PATH.part, renamed when closed.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "probe/export/sender.hpp"
#include "sandbox/output_folder.hpp"

namespace voipprobe::probe {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

class FileSender final : public Sender {
  public:
    FileSender(std::FILE* file, sandbox::OutputFolder folder, std::string name)
        : file_(file), folder_(std::move(folder)), name_(std::move(name)) {}
    ~FileSender() override { close(); }
    FileSender(const FileSender&) = delete;
    FileSender& operator=(const FileSender&) = delete;

    void send(std::span<const wire::Bytes> messages, std::span<std::error_code> errors) override {
        for (std::size_t i = 0; i < messages.size(); ++i) errors[i] = write(messages[i]);
    }

    std::error_code close() override {
        if (file_ == nullptr) return {};
        std::error_code error;
        if (std::ferror(file_) != 0) error = std::make_error_code(std::errc::io_error);
        if (std::fclose(file_) != 0) error = last_error();
        file_ = nullptr;
        if (!error && !folder_.rename(name_ + ".part", name_)) error = last_error();
        return error;
    }

  private:
    std::error_code write(wire::Bytes message) {
        if (file_ == nullptr) return std::make_error_code(std::errc::bad_file_descriptor);
        if (std::fwrite(message.data(), 1, message.size(), file_) == message.size()) return {};
        return last_error();
    }

    std::FILE* file_;
    sandbox::OutputFolder folder_;
    std::string name_;
};

class NullSender final : public Sender {
  public:
    void send(std::span<const wire::Bytes>, std::span<std::error_code> errors) override {
        for (std::error_code& e : errors) e = {};
    }
};

}  // namespace

Result<std::unique_ptr<Sender>> open_file_sender(const Destination& destination) {
    sandbox::OutputFolder folder = sandbox::OutputFolder::of(destination.host);
    std::string name = std::filesystem::path(destination.host).filename().string();
    std::FILE* file = folder.create(name + ".part");
    if (file == nullptr)
        return fail(ExitCode::failure, destination.text() + ": cannot write: " + std::strerror(errno));
    return std::make_unique<FileSender>(file, std::move(folder), std::move(name));
}

Result<std::unique_ptr<Sender>> open_sender(const Destination& destination, const SenderOptions& options) {
    switch (destination.transport) {
        case Transport::udp: return open_udp_sender(destination, options);
        case Transport::tcp:
        case Transport::tls: return fail(ExitCode::failure, destination.text() + " is a stream");
        case Transport::file: return open_file_sender(destination);
        case Transport::none: break;
    }
    return std::make_unique<NullSender>();
}

}  // namespace voipprobe::probe
