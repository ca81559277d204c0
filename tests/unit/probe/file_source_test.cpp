// What a file's reader lends: valid to the next read, and beyond it for who holds it; its memory is used again afterwards.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <set>
#include <vector>

#include "probe/capture/file_source.hpp"

namespace voipprobe::test {
namespace {

using probe::FileSource;
using probe::RawPacket;

constexpr std::uint32_t kPackets = 20'000;  // 20 MB: some 80 reads
constexpr std::size_t kSize = 1000;

// The first 4 octets of packet n are n, the others n % 251.
std::FILE* numbered_capture() {
    std::FILE* f = std::tmpfile();
    const auto put = [f](std::initializer_list<std::uint32_t> words) {
        for (const std::uint32_t w : words) std::fwrite(&w, 4, 1, f);
    };
    put({0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1});
    std::array<std::uint8_t, kSize> data;
    for (std::uint32_t n = 0; n < kPackets; ++n) {
        put({n, 0, kSize, kSize});
        data.fill(static_cast<std::uint8_t>(n % 251));
        std::memcpy(data.data(), &n, 4);
        std::fwrite(data.data(), 1, data.size(), f);
    }
    std::fflush(f);
    std::rewind(f);
    return f;
}

bool is_whole(const RawPacket& p) {
    const auto n = static_cast<std::uint32_t>(p.time / wire::kSecond);
    std::uint32_t named = 0;
    std::memcpy(&named, p.data.data(), 4);
    return p.data.size() == kSize && named == n && p.data[4] == n % 251 && p.data.back() == n % 251;
}

TEST(FileSource, WhatIsHeldStaysWhileOthersAreRead) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(numbered_capture(), &std::fclose);
    auto source = FileSource::from_descriptor(::dup(::fileno(file.get())), "numbered");
    ASSERT_TRUE(source);
    struct Held {
        std::vector<RawPacket> packets;
        std::shared_ptr<const void> octets;
    };
    std::deque<Held> held;  // the last 40 batches: some 20 reads
    std::set<const void*> storages;
    std::uint32_t seen = 0;
    std::array<RawPacket, 128> batch;
    while (const std::size_t n = (*source)->read_batch(batch)) {
        held.push_back({{batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(n)}, (*source)->hold()});
        storages.insert(held.back().octets.get());
        seen += static_cast<std::uint32_t>(n);
        if (held.size() < 40) continue;
        for (const RawPacket& p : held.front().packets) EXPECT_TRUE(is_whole(p)) << p.time / wire::kSecond;
        held.pop_front();
    }
    EXPECT_EQ(seen, kPackets);
    for (const Held& h : held)
        for (const RawPacket& p : h.packets) EXPECT_TRUE(is_whole(p)) << p.time / wire::kSecond;
    EXPECT_GT(storages.size(), 3U);   // somebody held them
    EXPECT_LT(storages.size(), 40U);  // and let them go
}

TEST(FileSource, WithoutHoldingItReadsIntoOnePlace) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(numbered_capture(), &std::fclose);
    auto source = FileSource::from_descriptor(::dup(::fileno(file.get())), "numbered");
    ASSERT_TRUE(source);
    std::set<const void*> storages;
    std::array<RawPacket, 128> batch;
    while (const std::size_t n = (*source)->read_batch(batch)) {
        for (const RawPacket& p : std::span(batch).first(n)) EXPECT_TRUE(is_whole(p));
        storages.insert((*source)->hold().get());
    }
    EXPECT_EQ(storages.size(), 1U);
    EXPECT_EQ((*source)->state(), probe::SourceState::end);
}

// A writer that gets 64 KiB rid of at a time makes both take turns 16 times as often.
TEST(FileSource, APipeHoldsAMebibyte) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    constexpr std::array<std::uint32_t, 6> kHeader{0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    ASSERT_EQ(::write(ends[1], kHeader.data(), sizeof kHeader), static_cast<ssize_t>(sizeof kHeader));
    std::ifstream limit("/proc/sys/fs/pipe-max-size");
    int most = 0;
    limit >> most;
    const auto source = FileSource::from_descriptor(ends[0], "pipe");
    ASSERT_TRUE(source);
    EXPECT_GE(::fcntl(ends[1], F_GETPIPE_SZ), std::min(1 << 20, std::max(most, 65536)));
    ::close(ends[1]);
}

// Every 251st packet: most batches have none, which is not the end of the file.
TEST(FileSource, LendsWhatTheFilterKeeps) {
    const auto filter = probe::PacketFilter::compile("ether[4] == 3");
    ASSERT_TRUE(filter);
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(numbered_capture(), &std::fclose);
    auto source = FileSource::from_descriptor(::dup(::fileno(file.get())), "numbered");
    ASSERT_TRUE(source);
    (*source)->set_filter(*filter);
    std::uint32_t next = 3;
    std::array<RawPacket, 64> batch;
    while (const std::size_t n = (*source)->read_batch(batch))
        for (const RawPacket& p : std::span(batch).first(n)) {
            EXPECT_TRUE(is_whole(p));
            EXPECT_EQ(p.time / wire::kSecond, next);
            next += 251;
        }
    EXPECT_GT(next, kPackets);
    EXPECT_EQ((*source)->state(), probe::SourceState::end);
    EXPECT_EQ((*source)->stats().packets, 80U);
}

TEST(PacketFilter, SaysWhatIsWrongAndKeepsByLinkType) {
    const auto wrong = probe::PacketFilter::compile("udp porrt 5060");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ExitCode::usage);
    EXPECT_NE(wrong.error().message.find("-f udp porrt 5060: "), std::string::npos);
    const auto ethernet_only = probe::PacketFilter::compile("ether src 02:00:00:00:00:02");
    ASSERT_TRUE(ethernet_only);
    const std::array<std::uint8_t, 14> frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
    std::array<RawPacket, 3> packets;
    for (RawPacket& p : packets) p.data = frame, p.wire_length = 14;
    packets[0].link_type = 101;
    packets[1].link_type = 65000;
    packets[2].time = 7;
    EXPECT_EQ((*ethernet_only)->keep(packets), 1U);
    EXPECT_EQ(packets[0].time, 7);
}

}  // namespace
}  // namespace voipprobe::test
