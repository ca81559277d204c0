// A planned template compiled to extractors: writes a record source as a packed record (wire/layout.hpp).
// Text from the network leaves here as clean UTF-8, capped at what the element carries (counted).
// Thread rule: one owner; the returned view is valid until the next call.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "probe/record/extract.hpp"
#include "probe/record/privacy.hpp"
#include "templates/template_plan.hpp"

namespace voipprobe::probe {

inline constexpr std::size_t kTextCap = 255;  // octets of a variable string; keeps the one-octet length form

class Projection {
  public:
    // `privacy` outlives the projection; nullptr: everything may leave.
    explicit Projection(const templates::PlannedTemplate& plan, Privacy* privacy = nullptr);
    wire::Bytes pack(const RecordSource& source);
    std::uint64_t shortened() const { return shortened_; }

  private:
    struct Field {
        Extractor extract;
        wire::FieldType type;
        std::uint16_t length;
        std::uint64_t most;    // the greatest number that it carries
        std::uint64_t absent;  // what its octets are when nothing was measured
        templates::Personal personal;
    };
    void put(const Field& f, Value v);
    void put_absent(const Field& f);
    void put_text(const Field& f, std::string_view text);
    // Where the next field goes. There is room for the whole word (see the constructor), and that is quicker than `octets`.
    static std::uint8_t* put_word(std::uint8_t* at, std::uint64_t word, std::size_t octets) {
        std::memcpy(at, &word, sizeof word);
        return at + octets;
    }
    static std::uint8_t* put_number(std::uint8_t* at, const Field& f, std::uint64_t n) {
        return put_word(at, std::min(n, f.most), f.length);  // saturates rather than wraps
    }
    void put_octets(const void* p, std::size_t n) {
        if (n == 0) return;  // empty text may have no address, which memcpy must not see
        std::memcpy(at_, p, n);
        at_ += n;
    }
    void put_fill(std::uint8_t octet, std::size_t n) {
        std::memset(at_, octet, n);
        at_ += n;
    }

    std::vector<Field> fields_;
    std::vector<std::uint8_t> out_;  // has room for the longest record
    std::uint8_t* at_ = nullptr;     // where the next field goes
    std::string scratch_;
    Privacy* privacy_;
    wire::TimeNs now_ = 0;  // of the record
    std::uint64_t shortened_ = 0;
};

}  // namespace voipprobe::probe
