// How a caller's thread waits for the coordinator's answer.
#pragma once

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "coordinator/arrivals.hpp"

namespace skald {

/// Blocks for an answer of the coordinator's thread; throws the refusal.
template <typename T>
class Waiting {
 public:
  /// Once. Only the answer keeps the promise: if all its copies go uncalled, the wait is over.
  [[nodiscard]] Answer<T> answer() {
    return [promise = std::move(promise_)](std::variant<T, Refusal> value) {
      promise->set_value(std::move(value));
    };
  }
  [[nodiscard]] T get_or_throw() {
    try {
      return unwrap(future_.get());
    } catch (const std::future_error&) {
      // The engine failed while it held the request; what became of it is in the store.
      throw Refused(Refused::Code::unavailable, "the engine has stopped before it could answer");
    }
  }
  [[nodiscard]] std::optional<T> get_within(Duration timeout) {
    // Longer ones would overflow the clock that is waited by.
    if (future_.wait_for(std::min(timeout, duration_max)) != std::future_status::ready)
      return std::nullopt;
    return get_or_throw();
  }

 private:
  static T unwrap(std::variant<T, Refusal> value) {
    if (auto* refusal = std::get_if<Refusal>(&value)) {
      throw Refused(refusal->code, refusal->message);
    }
    return std::get<T>(std::move(value));
  }
  // Shared, because the answer may come after a waiter with a time limit has gone.
  std::shared_ptr<std::promise<std::variant<T, Refusal>>> promise_ =
      std::make_shared<std::promise<std::variant<T, Refusal>>>();
  std::future<std::variant<T, Refusal>> future_ = promise_->get_future();
};

}  // namespace skald
