#include "tools/pcapgen/truth.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

namespace voipprobe::pcapgen {
namespace {

std::string milliseconds(double ms) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.6f", ms);
    return text.data();
}

// Type 7 quantile of a sorted series.
double quantile(const std::vector<double>& sorted, double p) {
    const double rank = p * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(rank);
    if (low + 1 >= sorted.size()) return sorted.back();
    return sorted[low] + (rank - static_cast<double>(low)) * (sorted[low + 1] - sorted[low]);
}

}  // namespace

std::string iso_time(Nanos time) {
    if (time < 0) return {};
    const auto seconds = static_cast<std::time_t>(time / kSecond);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> day{};
    std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 16> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(time % kSecond / 1000));
    return std::string(day.data()) + fraction.data();
}

bool StreamTruth::seen_before(std::int64_t extended) {
    if (seen_.empty()) seen_base_ = extended - 70'000, seen_.resize(140'000);
    const std::int64_t index = extended - seen_base_;
    if (index < 0) return true;  // older than anything this generator can hold back
    const auto at = static_cast<std::size_t>(index);
    if (at >= seen_.size()) seen_.resize(at + 65'536);
    if (seen_[at]) return true;
    seen_[at] = true;
    return false;
}

void StreamTruth::add(Nanos time, std::uint16_t seq, std::uint32_t timestamp, std::uint8_t payload_type,
                      bool marker, std::uint32_t payload_octets, bool event) {
    const bool first = packets_ == 0;
    std::int64_t extended = seq;
    if (!first) extended = highest_ + static_cast<std::int16_t>(seq - static_cast<std::uint16_t>(highest_));
    const bool duplicate = seen_before(extended);
    const bool late = !first && !duplicate && extended < highest_;
    if (first) {
        lowest_ = highest_ = extended;
        first_seq_ = seq;
        first_time_ = time;
    } else {
        const Nanos gap = time - last_time_;
        max_gap_ = std::max(max_gap_, gap);
        if (!marker && !event && !duplicate && !late) max_delta_ = std::max(max_delta_, gap);
    }
    lowest_ = std::min(lowest_, extended);
    highest_ = std::max(highest_, extended);
    last_seq_ = seq;
    last_time_ = time;
    ++packets_;
    octets_ += payload_octets;
    duplicates_ += duplicate;
    reordered_ += late;
    event_packets_ += event;
    (event ? event_type_ : audio_type_) = payload_type;

    if (event || duplicate) return;
    if (!have_reference_) {
        series_.push_back(0);
    } else {
        const double sent =
            static_cast<double>(static_cast<std::int32_t>(timestamp - reference_timestamp_)) / clock_;
        const double d = static_cast<double>(time - reference_time_) * 1e-9 - sent;
        if (std::abs(d) <= 10) series_.push_back(series_.back() + (std::abs(d) - series_.back()) / 16);
    }
    have_reference_ = true;
    reference_time_ = time;
    reference_timestamp_ = timestamp;
}

std::uint64_t StreamTruth::lost() const noexcept {
    return packets_ == 0 ? 0 : static_cast<std::uint64_t>(highest_ - lowest_ + 1) - (packets_ - duplicates_);
}

std::string StreamTruth::figures() const {
    std::string row = std::to_string(packets_) + "," + std::to_string(octets_) + "," +
                      std::to_string(highest_ - lowest_ + 1) + "," + std::to_string(lost()) + "," +
                      std::to_string(duplicates_) + "," + std::to_string(reordered_) + "," +
                      std::to_string(first_seq_) + "," + std::to_string(last_seq_) + "," +
                      iso_time(first_time_) + "," + iso_time(last_time_) + ",";
    row += max_gap_ < 0 ? "," : milliseconds(static_cast<double>(max_gap_) * 1e-6) + ",";
    row += max_delta_ < 0 ? "," : milliseconds(static_cast<double>(max_delta_) * 1e-6) + ",";
    if (series_.empty()) return row + ",,,,,";
    std::vector<double> sorted = series_;
    std::sort(sorted.begin(), sorted.end());
    // The quantiles are of the series in whole microseconds (docs/metrics.md).
    std::vector<double> kept;
    for (const double j : sorted) kept.push_back(std::min(std::nearbyint(j * 1e6) * 1e-6, sorted.back()));
    const auto n = static_cast<double>(sorted.size());
    double sum = 0;
    for (const double j : sorted) sum += j;
    const double mean = sum / n;
    double squares = 0;
    for (const double j : sorted) squares += (j - mean) * (j - mean);
    row += milliseconds(series_.back() * 1e3) + "," + milliseconds(mean * 1e3) + "," +
           milliseconds(quantile(kept, 0.5) * 1e3) + "," + milliseconds(sorted.back() * 1e3) + "," +
           milliseconds((quantile(kept, 0.75) - quantile(kept, 0.25)) * 1e3) + ",";
    return row + (sorted.size() > 1 ? milliseconds(std::sqrt(squares / (n - 1)) * 1e3) : std::string());
}

void CallTruth::add(const SipStep& step, Nanos written, std::uint32_t failure_code, const Endpoint& from,
                    const Endpoint& to) {
    retransmissions += step.repeated;
    const auto first = [written](Nanos& at) {
        if (at < 0) at = written;
    };
    switch (step.kind) {
        case SipKind::kInvite:
            if (invite < 0) first_from = from, first_to = to;
            first(invite);
            break;
        case SipKind::kTrying:
            first(trying);
            break;
        case SipKind::kRinging:
            first(ringing);
            break;
        case SipKind::kProgress:
            first(progress);
            break;
        case SipKind::kOk:
            first(ok), response_code = 200;
            break;
        case SipKind::kAck:
            first(ack);
            break;
        case SipKind::kCancel:
            first(cancel);
            break;
        case SipKind::kFailure:
            first(failure), response_code = failure_code;
            break;
        case SipKind::kBye:
            first(bye);
            break;
        case SipKind::kByeOk:
            first(bye_ok);
            break;
        default:
            break;
    }
}

const char* CallTruth::state() const noexcept {
    if (ok >= 0) return bye >= 0 ? "CALL_COMPLETED" : "CALL_IN_PROGRESS";
    if (cancel >= 0 || response_code == 487) return "CALL_CANCELED";
    return response_code >= 300 ? "CALL_ERROR" : "CALL_STARTED";
}

TruthFiles::~TruthFiles() { close(); }

bool TruthFiles::open(const std::string& base) {
    if (base.empty()) return true;
    calls_ = std::fopen((base + ".calls.csv").c_str(), "we");
    if (calls_ == nullptr) return false;
    streams_ = std::fopen((base + ".streams.csv").c_str(), "we");
    if (streams_ == nullptr) return false;
    std::fputs(
        "call_id,caller,callee,caller_ip,caller_port,callee_ip,callee_port,invite_time,trying_time,"
        "ringing_time,progress_time,ok_time,ack_time,cancel_time,bye_time,bye_ok_time,failure_time,"
        "response_code,state,codecs,retransmissions\n",
        calls_);
    std::fputs(
        "src_ip,src_port,dst_ip,dst_port,ssrc,call_id,side,payload_type,codec,clock_rate,packets,octets,"
        "expected,lost,duplicates,reordered,first_seq,last_seq,first_time,last_time,max_gap_ms,max_delta_ms,"
        "jitter_last,jitter_mean,jitter_median,jitter_max,jitter_iqr,jitter_std_dev,rtt_ms\n",
        streams_);
    return true;
}

void TruthFiles::add_call(const SipParties& parties, const CallTruth& call) {
    if (calls_ == nullptr || call.invite < 0) return;
    std::string row = parties.call_id + "," + parties.caller_uri() + "," + parties.callee_uri() + "," +
                      call.first_from.ip_text() + "," + std::to_string(call.first_from.port) + "," +
                      call.first_to.ip_text() + "," + std::to_string(call.first_to.port);
    for (const Nanos time : {call.invite, call.trying, call.ringing, call.progress, call.ok, call.ack,
                             call.cancel, call.bye, call.bye_ok, call.failure})
        row.append(",").append(iso_time(time));
    row += ',';
    if (call.response_code != 0) row += std::to_string(call.response_code);
    row += std::string(",") + call.state() + "," + std::string(parties.codec.name) + "," +
           std::to_string(call.retransmissions) + "\n";
    std::fputs(row.c_str(), calls_);
}

void TruthFiles::add_stream(const Endpoint& from, const Endpoint& to, std::uint32_t ssrc,
                            const std::string& call_id, const char* side, const Codec& codec,
                            const StreamTruth& stream, double rtt_ms) {
    if (streams_ == nullptr || stream.packets() == 0) return;
    std::array<char, 16> ssrc_text{};
    std::snprintf(ssrc_text.data(), ssrc_text.size(), "0x%08x", ssrc);
    const std::string row = from.ip_text() + "," + std::to_string(from.port) + "," + to.ip_text() + "," +
                            std::to_string(to.port) + "," + ssrc_text.data() + "," + call_id + "," + side +
                            "," + std::to_string(stream.payload_type()) + "," + std::string(codec.name) +
                            "," + std::to_string(codec.clock) + "," + stream.figures() + "," +
                            (rtt_ms >= 0 ? milliseconds(rtt_ms) : std::string()) + "\n";
    std::fputs(row.c_str(), streams_);
}

bool TruthFiles::close() {
    bool well = true;
    for (auto** file : {&calls_, &streams_}) {
        if (*file == nullptr) continue;
        well = std::ferror(*file) == 0 && well;
        well = std::fclose(*file) == 0 && well;
        *file = nullptr;
    }
    return well;
}

}  // namespace voipprobe::pcapgen
