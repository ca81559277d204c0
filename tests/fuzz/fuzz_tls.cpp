// Any octets as TLS: records and hellos, key logs, and a connection of both directions read with secrets that fit its hellos.
// First octet: how the octets are cut; two: how many of the rest are the client's. All of them are tried as a key log too.
#include <cstdlib>
#include <string>
#include <vector>

#include "probe/voip/sip/tcp_streams.hpp"
#include "wire/hex.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const wire::Bytes body(data + 3, size - 3);
    const std::size_t first = std::min<std::size_t>(wire::load_be16(data + 1), body.size());
    (void)probe::tls_start(body);
    probe::TlsRecord record;
    probe::TlsRandom random{};
    for (std::size_t at = 0; at < body.size();) {
        if (probe::parse_tls_record(body.subspan(at), record) != probe::TlsParse::whole) break;
        if (record.octets > body.size() - at || record.fragment.size() + probe::kTlsHeader != record.octets) std::abort();
        probe::TlsClientHello client;
        if (probe::parse_client_hello(record.fragment, client)) {
            random = client.random;
            for (const char c : client.server_name)
                if (c <= ' ' || c > '~') std::abort();
        }
        probe::TlsServerHello server;
        (void)probe::parse_server_hello(record.fragment, server);
        at += record.octets;
    }
    const probe::SipTcpLimits limits{2, 2, {2, 2, {}}};
    probe::SipTcpStreams tcp(limits);
    probe::TlsKeyLog& keys = tcp.inner().keys();
    const std::string name = wire::hex(random), secret(96, '5');
    keys.add("\nCLIENT_RANDOM " + name + " " + secret + "\nCLIENT_TRAFFIC_SECRET_0 " + name + " " + secret.substr(0, 64) +
             "\nSERVER_TRAFFIC_SECRET_0 " + name + " " + secret.substr(0, 64) + "\n");
    keys.add(wire::as_text(body));
    probe::FlowIndex evicted = 0;
    const std::uint32_t id = tcp.open(1, evicted);
    std::uint32_t next[2] = {0, 0};
    for (const std::uint8_t way : {std::uint8_t{0}, std::uint8_t{1}}) tcp.start(id, way, 0);
    probe::SipTcpMessage m;
    const auto read = [&] {
        while (tcp.next(m))
            if (m.text.empty() || m.text.size() > m.whole) std::abort();
    };
    const std::size_t step = data[0] * 8U + 1;
    std::size_t n = 0;
    for (std::size_t at = 0; at < body.size(); at += n) {
        const std::uint8_t way = at < first ? 0 : 1;
        n = std::min(step, (way == 0 ? first : body.size()) - at);
        probe::PacketView p;
        p.protocol = probe::kProtoTcp;
        p.tcp_sequence = next[way];
        p.payload = body.subspan(at, n);
        p.payload_length = static_cast<std::uint32_t>(p.payload.size());
        p.ip_length = p.payload_length + 40;
        p.time = static_cast<wire::TimeNs>(at) * wire::kMicrosecond;
        next[way] += p.payload_length;
        tcp.add(id, way, p);
        read();
    }
    for (const std::uint8_t way : {std::uint8_t{0}, std::uint8_t{1}}) {
        tcp.finish(id, way);
        read();
    }
    tcp.close(id);
    if (tcp.inner().buffers() != 0 || tcp.inner().connections() != 0 || tcp.buffers() != 0) std::abort();
    return 0;
}
