#include "skald/participant_call.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "handler_outcome.hpp"
#include "skald/limits.hpp"

namespace skald {

HandlerCall::HandlerCall(const Command& command, std::stop_token stop,
                         std::optional<JsonText> output, std::string reply_to)
    : command_(command),
      stop_(std::move(stop)),
      output_(std::move(output)),
      reply_to_(std::move(reply_to)) {}

HandlerCall::~HandlerCall() = default;

std::string HandlerCall::action_key() const {
  CommandId action = command_.id;
  action.direction = Direction::action;
  return action.idempotency_key();
}

const Json& HandlerCall::input() const { return member("input"); }
const Json& HandlerCall::output() const { return member("output"); }
const Json& HandlerCall::reason() const { return member("reason"); }

const Json& HandlerCall::member(const char* name) const {
  static const Json absent;
  if (!body_) {
    body_ = std::make_unique<Json>(parse_json(command_.body.text(), body_limits));
    if (output_ && body_->is_object()) (*body_)["output"] = output_->value();
  }
  const auto found = body_->find(name);
  return found == body_->end() ? absent : *found;
}

Outcome call_handler(const Handler& handler, const HandlerCall& call) {
  try {
    return within_limits(handler(call));
  } catch (...) {  // Whatever it is, the outcome says so.
    return handler_threw();
  }
}

}  // namespace skald
