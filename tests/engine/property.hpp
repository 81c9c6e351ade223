// Lets a rapidcheck property be a check of a doctest case: its counterexample and the seed that
// shows it again are in the message.
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <sstream>
#include <string>
#include <utility>

namespace skald::test {

template <typename Testable>
void check_property(const char* sentence, Testable&& property) {
  const rc::detail::TestResult result = rc::detail::checkTestable(std::forward<Testable>(property));
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  const bool held = result.template is<rc::detail::SuccessResult>();
  CHECK_MESSAGE(held, sentence << ": " << text.str());
}

}  // namespace skald::test
