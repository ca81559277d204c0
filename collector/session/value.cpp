#include "collector/session/value.hpp"

namespace voipprobe::collector {

std::optional<double> Value::as_real() const {
    if (kind_ == ValueKind::real) return real_;
    if (kind_ == ValueKind::number) return static_cast<double>(number_);
    return std::nullopt;
}

std::optional<wire::IpAddress> Value::as_address() const {
    if (kind_ != ValueKind::address) return std::nullopt;
    return bytes_.size() == 4 ? wire::IpAddress::from_v4_bytes(bytes_.data())
                              : wire::IpAddress::from_v6_bytes(bytes_.data());
}

}  // namespace voipprobe::collector
