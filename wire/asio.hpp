// The one way to Asio: Boost 1.74 uses std::exchange without including <utility> under gcc 12 and C++20.
#pragma once
#include <utility>
// keep this order
#include <boost/asio.hpp>
