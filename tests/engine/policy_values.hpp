// Values that the tests of policies share.
#pragma once

#include "skald/command_class.hpp"
#include "skald/time.hpp"

namespace skald::test {

inline constexpr Time start{std::chrono::milliseconds{1'800'000'000'000}};
inline constexpr auto first_try = CommandClass::first_try;

}  // namespace skald::test
