// How a row becomes a line: CSV (RFC 4180 quoting, lines end in LF) or JSON Lines. Thread rule: stateless.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "collector/sink/cell.hpp"

namespace voipprobe::collector {

class LineFormat {
  public:
    virtual ~LineFormat() = default;
    virtual std::string extension() const = 0;                                 // ".csv"
    virtual std::string header(std::span<const std::string> names) const = 0;  // with line end, or empty
    virtual void begin(std::string& out) const = 0;
    virtual void cell(std::string& out, std::string_view name, const Cell& cell, bool first) const = 0;
    virtual void end(std::string& out) const = 0;
};

std::unique_ptr<LineFormat> csv_format(bool formula_guard);
std::unique_ptr<LineFormat> json_format();

}  // namespace voipprobe::collector
