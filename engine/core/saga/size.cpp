#include "saga/size.hpp"

#include <optional>

namespace skald {
namespace {

std::size_t size_of(const JsonText& text) { return text.text().size(); }
std::size_t size_of(const std::optional<JsonText>& text) { return text ? size_of(*text) : 0; }
std::size_t size_of(const ErrorInfo& error) {
  return error.code.size() + error.message.size() + size_of(error.data);
}

// What an event carries, by the names of its members.
struct PayloadOf {
  template <typename E>
  std::size_t operator()(const E& event) const {
    std::size_t bytes = 0;
    if constexpr (requires { event.input; }) bytes += size_of(event.input);
    if constexpr (requires { event.output; }) bytes += size_of(event.output);
    if constexpr (requires { event.data; }) bytes += size_of(event.data);
    if constexpr (requires { event.error; }) bytes += size_of(event.error);
    if constexpr (requires { event.input_patch; }) bytes += size_of(event.input_patch);
    if constexpr (requires { event.cause.error; }) bytes += size_of(event.cause.error);
    if constexpr (requires { event.why.error; }) bytes += size_of(event.why.error);
    if constexpr (requires { event.reason.data; }) bytes += size_of(event.reason);
    if constexpr (requires { event.carried; }) {
      for (const CarriedOutput& carried : event.carried) bytes += size_of(carried.output);
    }
    return bytes;
  }
};

}  // namespace

std::size_t payload_bytes(const Saga& saga) {
  std::size_t bytes = size_of(saga.input) + size_of(saga.output);
  for (const KeptSignal& signal : saga.signals) bytes += size_of(signal.data);
  for (const StepState& s : saga.steps) {
    bytes += size_of(s.output);
    if (s.input_patch) bytes += size_of(*s.input_patch);
    if (s.undo_patch) bytes += size_of(*s.undo_patch);
    if (s.error) bytes += size_of(*s.error);
    for (const Attempts& a : s.attempts) {
      if (a.error) bytes += size_of(*a.error);
    }
  }
  return bytes;
}

std::size_t payload_bytes(const std::vector<Event>& events) {
  std::size_t bytes = 0;
  for (const Event& event : events) bytes += std::visit(PayloadOf{}, event);
  return bytes;
}

}  // namespace skald
