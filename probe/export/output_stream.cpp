// Output's way into a stream: records wait in the spool until the connection takes them.
#include <thread>

#include "probe/export/output.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kLinkBuffer = 256U << 10;  // octets given to the link before it has to take them
constexpr auto kStep = std::chrono::milliseconds(5);

}  // namespace

void Output::spool(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time) {
    data_.latest = std::max(data_.latest, export_time);
    const auto deadline = std::chrono::steady_clock::now() + config_.linger;
    while (!spool_.push(template_index, packed, export_time)) {
        pump();
        if (spool_.waiting_octets() + packed.size() < config_.spool_octets / 2) continue;
        gave_up_ |= std::chrono::steady_clock::now() > deadline;
        if (config_.live || gave_up_) {  // a file waits
            ++stats_.records_lost;
            ++counts_.not_sent;
            return;
        }
        std::this_thread::sleep_for(kStep);
    }
    if (link_->up()) pump();
}

void Output::pump() {
    link_->poll();
    if (link_->take_up()) begin_session();
    if (was_up_ && !link_->up()) {
        was_up_ = false;
        stats_.last_error = destination_.text() + ": " + link_->last_error();
        say(stats_.last_error + "; records wait, a new connection is tried every " + std::to_string(config_.reconnect.count()) + " s");
    }
    while (link_->up() && !spool_.empty() && link_->waiting() < kLinkBuffer) {
        RecordSpool::Entry& e = spool_.next();
        const bool maybe = maybe_delivered_ > 0;
        if (maybe) --maybe_delivered_;
        // A copy of a record without identity could not be told from another record.
        if (!maybe || identified_[e.template_index]) encode(e.template_index, e.packed, e.time, e.counted);
        e.counted = true;
        spool_.advance();
    }
}

void Output::begin_session() {
    std::size_t not_handed_over = data_.again;
    for (const std::uint64_t n : data_.pending) not_handed_over += n;
    while (queued_records_.size() > link_->unsent_messages()) queued_records_.pop_front();
    for (const std::uint32_t n : queued_records_) not_handed_over += n;
    queued_records_.clear();
    link_->forget_messages();
    for (std::size_t k = 0; k < data_.pending.size(); ++k) {  // encoded, in no message: they count as sent from now on
        stats_.records[k] += data_.pending[k];
        stats_.records_sent += data_.pending[k];
        counts_.records += data_.pending[k];
    }
    if (destination_.resend && stats_.connections > 0) {
        const std::size_t before = spool_.waiting();
        spool_.rewind_window();
        const std::size_t window = spool_.waiting() - before;
        maybe_delivered_ = window > not_handed_over ? window - not_handed_over : 0;
    } else {
        stats_.records_lost += spool_.rewind(not_handed_over);
        maybe_delivered_ = 0;
    }
    rebuild();
    ++stats_.connections;
    was_up_ = true;
    gave_up_ = false;
    if (stats_.connections > 1) say(destination_.text() + ": connected again");
}

void Output::linger() {
    const auto deadline = std::chrono::steady_clock::now() + config_.linger;
    while (true) {
        pump();
        if (link_->up() && spool_.empty())
            for (Channel* c : {&data_, &options_})
                if (c->encoder && !c->encoder->empty()) send(*c);
        if (link_->up() && spool_.empty() && link_->waiting() == 0) {
            if (link_->say_goodbye()) return;
            was_up_ = false;
            stats_.last_error = destination_.text() + ": " + link_->last_error();
            // Without resend=on what the old connection took is not sent again, so there is nothing left to do.
            if (!destination_.resend) return say(stats_.last_error + "; the last records may be lost");
        }
        if (std::chrono::steady_clock::now() > deadline) break;
        std::this_thread::sleep_for(kStep);
    }
    std::uint64_t left = spool_.waiting();
    for (const std::uint32_t n : queued_records_) left += n;
    stats_.records_lost += left;
    if (left > 0) say(destination_.text() + ": " + std::to_string(left) + " records could not be delivered: " + link_->last_error());
}

}  // namespace voipprobe::probe
