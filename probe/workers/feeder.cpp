#include "probe/workers/feeder.hpp"

#include <algorithm>
#include <boost/lockfree/spsc_queue.hpp>
#include <utility>

#include "probe/pipeline.hpp"
#include "probe/workers/backoff.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kBlocks = 8;  // 2,048 packets
constexpr std::size_t kAhead = 8;   // packets whose lines are asked for before they are written

}  // namespace

struct Feeder::Lines {
    boost::lockfree::spsc_queue<PacketBlock*, boost::lockfree::capacity<kBlocks>> ready, empty;
};

Feeder::Feeder(const Pipeline& pipeline, Open open, Spare spare)
    : pipeline_(pipeline), open_(std::move(open)), spare_(std::move(spare)), lines_(std::make_unique<Lines>()) {
    for (std::size_t i = 0; i < kBlocks; ++i) {
        blocks_.push_back(std::make_unique<PacketBlock>());
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
    block->count = 0;
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

bool Feeder::read(FileSource& source) {
    if (open_block() == nullptr) return false;
    PacketBlock& b = *filling_;
    std::array<RawPacket, PacketBlock::kPackets> batch;
    b.count = source.read_batch(batch);
    b.secrets = source.take_secrets();
    for (std::size_t i = 0; i < b.count; ++i) {
        wire::prefetch_of_another(b.packets.data() + i + kAhead);  // any address will do
        pipeline_.prepare(batch[i], b.packets[i], b.decoded[i]);
    }
    if (b.count != 0) {
        b.octets = source.hold();
        b.first_time = batch.front().time;
        b.progress = progress_of(source);
    }
    if (b.count != 0 || !b.secrets.empty()) publish();
    return source.state() == SourceState::more;
}

// nullptr: told to stop.
PacketBlock* Feeder::open_block() {
    Backoff patience;
    while (filling_ == nullptr && !stop_) {
        if (lines_->empty.pop(filling_)) {
            filling_->octets.reset();  // here: the reader's storage is used again when nobody holds it
            break;
        }
        if (spare_ && spare_()) patience.reset();
        else patience.wait();
    }
    return filling_;
}

void Feeder::publish() {
    lines_->ready.push(std::exchange(filling_, nullptr));
}

}  // namespace voipprobe::probe
