// Names and types that an exporter sends for its own elements (RFC 5610). Kept per exporter, bounded; an
// element of our table is never renamed, but an enterprise number we do not know may turn out to carry
// elements whose names the table has (our own elements under another --pen). Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "templates/element.hpp"

namespace voipprobe::collector {

inline constexpr std::size_t kMaxTypesPerExporter = 1024;

struct TypeInformation {
    std::string name;  // letters, digits, '_', '.', '-'; at most 64
    wire::FieldType type = wire::FieldType::octets;
    bool typed = false;                           // the data type is one we can show
    const templates::Element* element = nullptr;  // the table's element of that name
};

class TypeRegistry {
  public:
    // `data_type`: informationElementDataType of RFC 5610 §3.1. False: refused (no usable name, table full).
    bool learn(std::uint32_t pen, std::uint16_t number, std::string_view name, std::uint64_t data_type);
    const TypeInformation* find(std::uint32_t pen, std::uint16_t number) const;
    std::uint32_t generation() const { return generation_; }  // grows whenever something new is learnt

  private:
    std::unordered_map<std::uint64_t, TypeInformation> types_;
    std::uint32_t generation_ = 0;
};

}  // namespace voipprobe::collector
