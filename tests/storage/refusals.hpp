// Checks of what a store refuses.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "skald/error.hpp"

namespace skald::test {

[[nodiscard]] inline bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Fails the test unless `action` throws a StoreError of this kind.
template <class Action>
void check_refused(StoreError::Kind kind, Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const StoreError& error) {
    INFO(error.what());
    CHECK(error.kind() == kind);
    return;
  }
  FAIL_CHECK("nothing was refused");
}

}  // namespace skald::test
