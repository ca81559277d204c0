// SIP in TLS: handshake, keys, records.
#include <algorithm>

#include "probe/voip/sip/inner_streams.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kWaitForKeys = 5 * wire::kSecond;
constexpr std::uint64_t kLostRecords = 256;     // numbers tried after a hole
constexpr std::uint16_t kTrials = 4096;         // of one hole
constexpr std::uint8_t kKeyUpdate = 24;         // RFC 8446 §4

}  // namespace

// Its text is never read; the name stays.
void InnerStreams::ignore(Connection& c, std::uint64_t& counter) {
    if (c.ignored) return;
    c.ignored = true;
    ++counter;
    for (Way& w : c.way) give_back(w);
    plain_at_ = plain_end_ = 0;
}

std::size_t InnerStreams::read_tls(std::uint32_t owner, wire::Bytes octets, wire::TimeNs now) {
    Connection& c = connections_[owner / 2];
    Way& w = c.way[owner % 2];
    std::size_t used = 0;
    for (;;) {
        if (c.ignored) return octets.size();
        TlsRecord record;
        const TlsParse step = parse_tls_record(octets.subspan(used), record);
        if (step == TlsParse::more && used + kTlsHeader + kTlsMaxFragment > octets.size()) return used;
        if (step != TlsParse::whole) {
            ++used;
            ++counters_.tls_garbage_octets;
            if (!w.hunting) gap(owner / 2, owner % 2);
            continue;
        }
        const bool secret = w.secret || record.type == TlsType::application_data;
        if (secret && w.keys.suite == nullptr && !get_keys(c, now)) {
            if (c.ignored) return octets.size();
            return used;  // the keys may still come
        }
        if (w.hunting) {
            const auto plain = record.type == TlsType::handshake && !secret ? std::nullopt : open_after_hole(w, record);
            if (!plain) {
                ++used;
                ++counters_.tls_garbage_octets;
                continue;
            }
            w.hunting = false;
            used += record.octets;
            on_plain(owner, *plain);
            return used;
        }
        used += record.octets;
        if (!secret) {
            if (record.type == TlsType::handshake) on_hello(c, owner % 2, record.fragment);
            if (record.type == TlsType::change_cipher_spec && c.server.version != 0x0304) w.secret = true;
            continue;
        }
        open_record(owner, record);
        return used;
    }
}

void InnerStreams::on_hello(Connection& c, std::uint8_t way, wire::Bytes fragment) {
    TlsClientHello hello;
    TlsServerHello server;
    if (!c.hello && parse_client_hello(fragment, hello)) {
        c.hello = true;
        c.client = way;
        c.random = hello.random;
        const std::string_view name = hello.server_name.substr(0, c.name.size());
        std::copy(name.begin(), name.end(), c.name.begin());
        c.name_size = static_cast<std::uint8_t>(name.size());
        if (keys_.hopeless()) ignore(c, counters_.tls_without_keys);
    } else if (!c.answer && parse_server_hello(fragment, server) && !server.retry) {
        c.answer = true;
        c.server = server;
        const bool read = tls_suite(server.suite) != nullptr && (server.version == 0x0303 || server.version == 0x0304);
        if (!read || keys_.hopeless()) ignore(c, counters_.tls_without_keys);
    }
}

// Both directions' keys. False: not yet, or never.
bool InnerStreams::get_keys(Connection& c, wire::TimeNs now) {
    if (c.hello && c.answer) {
        if (const TlsSecrets* s = keys_.find(c.random)) {
            std::array<TlsKeys, 2> keys;
            const bool v13 = c.server.version == 0x0304;
            const bool got = v13 ? derive_tls13(s->traffic[0], c.server.suite, keys[0]) && derive_tls13(s->traffic[1], c.server.suite, keys[1])
                                 : derive_tls12(s->master, c.random, c.server, keys);
            if (got) {
                ++counters_.tls_with_keys;
                for (std::uint8_t i = 0; i < 2; ++i) c.way[i].keys = keys[i == c.client ? 0 : 1];
                return true;
            }
        }
    }
    if (c.waiting_since == wire::kNever) c.waiting_since = now;
    if (keys_.hopeless() || now - c.waiting_since > kWaitForKeys) ignore(c, counters_.tls_without_keys);
    return false;
}

void InnerStreams::open_record(std::uint32_t owner, const TlsRecord& record) {
    Way& w = way_of(owner);
    const auto plain = opener_.open(w.keys, record, std::span(plain_).subspan(w.head.size()));
    if (!plain) {
        // TLS 1.3: the handshake's own keys are not the application's, and are not needed.
        if (w.opened || !w.keys.v13) ++counters_.tls_unopened;
        if (w.opened || !w.keys.v13) gap(owner / 2, owner % 2);
        return;
    }
    on_plain(owner, *plain);
}

std::optional<TlsPlain> InnerStreams::open_after_hole(Way& w, const TlsRecord& record) {
    if (w.trials == 0) w.trials = kTrials;
    TlsKeys trial = w.keys;
    for (std::uint64_t i = 0; i < kLostRecords && w.trials > 1; ++i, --w.trials, ++trial.sequence)
        if (const auto plain = opener_.open(trial, record, std::span(plain_).subspan(w.head.size()))) {
            w.keys.sequence = trial.sequence;
            w.trials = 0;
            return plain;
        }
    if (w.trials > 1) return std::nullopt;
    // Enough was tried. What is not opened stays closed until the connection ends.
    w.keys.suite = nullptr;
    w.secret = true;
    return std::nullopt;
}

void InnerStreams::on_plain(std::uint32_t owner, const TlsPlain& plain) {
    Connection& c = connections_[owner / 2];
    Way& w = c.way[owner % 2];
    ++counters_.tls_records;
    ++w.keys.sequence;
    w.opened = true;
    const std::size_t room = w.head.size();
    if (plain.type == TlsType::handshake && w.keys.v13 && plain.octets != 0 && plain_[room] == kKeyUpdate)
        if (!update_tls13(w.keys)) return ignore(c, counters_.tls_without_keys);
    if (plain.type != TlsType::application_data || plain.octets == 0) return;
    plain_at_ = room - w.held;
    plain_end_ = room + plain.octets;
    std::copy_n(w.head.begin(), w.held, plain_.begin() + static_cast<std::ptrdiff_t>(plain_at_));
    w.held = 0;
    if (c.known) return;
    // What is it? Short beginnings wait for more, as those of a WebSocket frame do.
    wire::Bytes text = wire::Bytes(plain_).subspan(plain_at_, plain_end_ - plain_at_);
    while (!text.empty() && (text[0] == '\r' || text[0] == '\n')) text = text.subspan(1);
    std::size_t head = 0;
    const SipStart sip = sip_start(text, false);
    const WsStart websocket = ws_start(text, head);
    if (websocket == WsStart::request || websocket == WsStart::response || websocket == WsStart::frame) {
        c.websocket = c.known = true;
        c.transport = SipTransport::wss;
        ++counters_.ws_connections;
    } else if (sip == SipStart::yes) {
        c.known = true;
    } else if ((sip == SipStart::maybe || websocket == WsStart::maybe) && text.size() <= w.head.size()) {
        w.held = static_cast<std::uint8_t>(text.size());
        std::copy(text.begin(), text.end(), w.head.begin());
        plain_at_ = plain_end_ = 0;
    } else if (sip == SipStart::no) {
        ignore(c, counters_.tls_not_sip);
    }
}

// From the record's plain text to where messages are read.
void InnerStreams::read_plain(std::uint32_t owner) {
    const wire::Bytes text = wire::Bytes(plain_).subspan(plain_at_, plain_end_ - plain_at_);
    const Connection& c = connections_[owner / 2];
    if (!c.websocket) {
        append_text(owner, text);
        plain_at_ = plain_end_;
        return;
    }
    const std::size_t used = read_frames(owner, text);
    plain_at_ += used;
    Way& w = way_of(owner);
    if (w.complete) return;
    w.held = static_cast<std::uint8_t>(std::min(plain_end_ - plain_at_, w.head.size()));
    std::copy_n(plain_.begin() + static_cast<std::ptrdiff_t>(plain_at_), w.held, w.head.begin());
    plain_at_ = plain_end_;
}

void InnerStreams::append_text(std::uint32_t owner, wire::Bytes text) {
    Buffer* b = buffer_of(owner);
    if (b == nullptr) return;
    if (b->size + text.size() > kBuffer) {
        std::copy(b->data.begin() + b->at, b->data.begin() + b->size, b->data.begin());
        b->size -= b->at;
        b->at = 0;
    }
    if (b->size + text.size() > kBuffer) {  // a message that does not end
        counters_.skipped_octets += b->size;
        b->size = 0;
        way_of(owner).framing = {0, 0, true};
    }
    std::copy(text.begin(), text.end(), b->data.begin() + b->size);
    b->size += static_cast<std::uint32_t>(text.size());
}

}  // namespace voipprobe::probe
