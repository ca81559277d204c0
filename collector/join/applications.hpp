// The application of a path, as flow records name it (L7_PROTO_NAME of a probe with --dpi on): MEDIA_ONLY rows, which no
// signalling explains, get their name from it. Bounded: the oldest path is forgotten. Thread rule: one thread.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "collector/session/record.hpp"
#include "wire/address.hpp"

namespace voipprobe::collector {

class Applications {
  public:
    explicit Applications(std::size_t capacity) : capacity_(capacity) {}

    void on_flow(const Record& record);
    // Empty: nothing is known of the path between these ends.
    std::string of(const ProbeId& probe, const wire::Endpoint& a, const wire::Endpoint& b) const;

  private:
    static std::string key_of(const ProbeId& probe, const wire::Endpoint& a, const wire::Endpoint& b);

    std::size_t capacity_;
    std::unordered_map<std::string, std::string> names_;
    std::deque<std::string> order_;
};

}  // namespace voipprobe::collector
