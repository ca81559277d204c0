#include "probe/workers/feeder.hpp"

#include <algorithm>
#include <boost/lockfree/spsc_queue.hpp>
#include <utility>

#include "probe/pipeline.hpp"
#include "probe/workers/backoff.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kBlocks = 8;

}  // namespace

struct Feeder::Lines {
    boost::lockfree::spsc_queue<PacketBlock*, boost::lockfree::capacity<kBlocks>> ready, empty;
};

Feeder::Feeder(const Pipeline& pipeline, Open open, Spare spare)
    : pipeline_(pipeline), open_(std::move(open)), spare_(std::move(spare)), lines_(std::make_unique<Lines>()) {
    for (std::size_t i = 0; i < kBlocks; ++i) {
        blocks_.push_back(std::make_unique<PacketBlock>());
        blocks_.back()->octets.resize(PacketBlock::kOctets);
        lines_->empty.push(blocks_.back().get());
    }
    thread_ = std::thread([this] { run(); });
}

Feeder::~Feeder() {
    stop_ = true;
    thread_.join();
}

PacketBlock* Feeder::next() {
    PacketBlock* block = nullptr;
    lines_->ready.pop(block);
    return block;
}

void Feeder::release(PacketBlock* block) {
    block->count = block->used = 0;
    block->error.reset();
    block->secrets.clear();
    block->ended.reset();
    lines_->empty.push(block);
}

bool Feeder::done() const { return finished_.load(std::memory_order_acquire) && lines_->ready.read_available() == 0; }

void Feeder::run() {
    while (!stop_) {
        auto source = open_();
        if (!source) break;
        if (open_block() == nullptr) break;
        if (!*source) {
            filling_->error = source->error();
            publish();
            continue;
        }
        while (!stop_ && read(***source)) {}
        if (open_block() == nullptr) break;
        filling_->ended = std::move(**source);
        publish();
    }
    finished_.store(true, std::memory_order_release);
}

bool Feeder::read(PacketSource& source) {
    std::array<RawPacket, PacketBlock::kPackets> batch;
    const std::size_t n = source.read_batch(batch);
    if (std::string secrets = source.take_secrets(); !secrets.empty()) {
        if (open_block() == nullptr) return false;
        filling_->secrets = std::move(secrets);
        if (n == 0) publish();
    }
    for (std::size_t i = 0; i < n; ++i) {
        add(batch[i]);
        if (stop_) return false;
    }
    if (filling_ != nullptr && filling_->count != 0) {
        filling_->progress = progress_of(source);
        publish();
    }
    return source.state() == SourceState::more || source.state() == SourceState::idle;
}

void Feeder::add(const RawPacket& packet) {
    if (open_block() == nullptr) return;
    const std::size_t size = packet.data.size();
    if (filling_->count == PacketBlock::kPackets || (filling_->count != 0 && filling_->used + size > filling_->octets.size())) {
        publish();
        if (open_block() == nullptr) return;
    }
    PacketBlock& b = *filling_;
    if (size > b.octets.size()) b.octets.resize(size);  // the first of its block: nothing points into it yet
    std::uint8_t* const copy = b.octets.data() + b.used;
    std::copy_n(packet.data.data(), size, copy);
    b.used += size;
    if (b.count == 0) b.first_time = packet.time;
    RawPacket moved = packet;
    moved.data = wire::Bytes(copy, size);
    pipeline_.prepare(moved, b.packets[b.count++]);
}

// nullptr: told to stop.
PacketBlock* Feeder::open_block() {
    Backoff patience;
    while (filling_ == nullptr && !stop_) {
        if (lines_->empty.pop(filling_)) break;
        if (spare_ && spare_()) patience.reset();
        else patience.wait();
    }
    return filling_;
}

void Feeder::publish() {
    lines_->ready.push(std::exchange(filling_, nullptr));
}

}  // namespace voipprobe::probe
