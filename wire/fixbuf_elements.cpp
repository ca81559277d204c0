#include "wire/public_elements.hpp"

#include <fixbuf/public.h>
#include <unistd.h>

namespace voipprobe::wire {
namespace {

constexpr const char* kCertElements = "/usr/share/libfixbuf/cert_ipfix.xml";

fbInfoModel_t* model() {
    static fbInfoModel_t* const the_model = [] {
        fbInfoModel_t* m = fbInfoModelAlloc();
        GError* error = nullptr;
        if (::access(kCertElements, R_OK) == 0 && !fbInfoModelReadXMLFile(m, kCertElements, &error)) g_clear_error(&error);
        return m;
    }();
    return the_model;
}

std::optional<FieldType> field_type(std::uint8_t type) {
    switch (type) {
        case FB_OCTET_ARRAY: return FieldType::octets;
        case FB_UINT_8:
        case FB_UINT_16:
        case FB_UINT_32:
        case FB_UINT_64: return FieldType::unsigned_int;
        case FB_FLOAT_32:
        case FB_FLOAT_64: return FieldType::float64;
        case FB_BOOL: return FieldType::boolean;
        case FB_MAC_ADDR: return FieldType::mac;
        case FB_STRING: return FieldType::string;
        case FB_DT_SEC: return FieldType::seconds;
        case FB_DT_MILSEC: return FieldType::milliseconds;
        case FB_DT_MICROSEC:
        case FB_DT_NANOSEC: return FieldType::microseconds;  // both in NTP's format, RFC 7011 §6.1.9, §6.1.10
        case FB_IP4_ADDR: return FieldType::ipv4;
        case FB_IP6_ADDR: return FieldType::ipv6;
        default: return std::nullopt;
    }
}

}  // namespace

std::optional<PublicElement> find_public_element(std::uint32_t pen, std::uint16_t number) {
    const fbInfoElement_t* e = fbInfoModelGetElementByID(model(), number, pen);
    if (e == nullptr || e->ref.name == nullptr || number == 0) return std::nullopt;
    const auto type = field_type(e->type);
    return PublicElement{e->ref.name, type.value_or(FieldType::octets), type.has_value()};
}

}  // namespace voipprobe::wire
