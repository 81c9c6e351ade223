#include "quarantine_mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "skald/error.hpp"
#include "skald/secret_mask.hpp"
#include "skald/text.hpp"

namespace skald::cli {
namespace {

constexpr const char* hidden = "***";
constexpr const char* forged_key = "FORGED_KEY";  // As docs/wire.md lists the reasons.

std::optional<Json> parsed(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const JsonError&) {
    return std::nullopt;  // It is in quarantine because it cannot be read.
  }
}

std::string text_in(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// The step that a kept reply names, or the command's id on the wire: `<saga>/<step>/action/1`.
std::string step_named(const Json& headers) {
  if (!headers.is_object()) return {};
  if (const std::string step = text_in(headers, "step"); !step.empty()) return step;
  const auto wire = headers.find("headers");
  if (wire == headers.end() || !wire->is_object()) return {};
  const std::string command = text_in(*wire, "skald_command_id");
  const std::size_t begin = command.find('/');
  if (begin == std::string::npos) return {};
  return command.substr(begin + 1, command.find('/', begin + 1) - begin - 1);
}

// A reply's members are known; of whatever else a body holds nobody knows what is secret.
Json shown_body(const SecretMask& mask, const FoldedSaga& folded, const Json& body,
                const std::string& step) {
  if (!body.is_object()) return hidden;
  const auto index = folded.definition->find(step);
  Json shown = Json::object();
  for (const auto& [name, member] : body.items()) {
    if (name == "output" && index) {
      shown[name] = mask.output(*index, JsonText::trusted(dump_json(member)));
    } else if (name == "outcome" || name == "error") {
      shown[name] = mask.payload(member);
    } else {
      shown[mask.text(name)] = hidden;
    }
  }
  return shown;
}

}  // namespace

bool QuarantineMask::any_definition_has_secrets() {
  if (!some_secrets_) {
    const auto all = access_.reader().definitions();
    some_secrets_ =
        std::any_of(all.begin(), all.end(), [](const auto& d) { return !d->secrets.empty(); });
  }
  return *some_secrets_;
}

// What such a definition declares, nobody can know.
bool QuarantineMask::any_definition_is_unusable() {
  if (!some_unusable_) some_unusable_ = !access_.reader().unusable_definitions().empty();
  return *some_unusable_;
}

std::optional<FoldedSaga> QuarantineMask::saga_of(const QuarantinedMessage& message) {
  const auto id = SagaId::parse(message.saga);
  if (!id) return std::nullopt;
  try {
    auto loaded = access_.pages().try_load(*id);
    if (auto* folded = std::get_if<FoldedSaga>(&loaded)) return std::move(*folded);
  } catch (const Refused& refused) {
    if (refused.code() != Refused::Code::not_found) throw;
  }
  return std::nullopt;
}

QuarantinedMessage QuarantineMask::shown(const QuarantinedMessage& message) {
  if (!any_definition_has_secrets() && !any_definition_is_unusable()) return message;
  QuarantinedMessage shown = message;
  // A key that does not fit what else the message says may stand for another saga's.
  const auto folded = message.reason == forged_key ? std::nullopt : saga_of(message);
  if (!folded) {  // It may be of any saga.
    shown.detail = message.detail.empty() ? "" : hidden;
    shown.headers = hidden;
    shown.body = hidden;
    if (!SagaId::parse(message.saga) && !message.saga.empty()) shown.saga = hidden;
    return shown;
  }
  const SecretMask mask(*folded->definition, folded->saga);
  if (mask.hides_nothing()) return message;
  const auto headers = parsed(message.headers);
  const auto body = parsed(message.body);
  shown.detail = mask.text(message.detail);
  shown.headers = headers ? dump_json(mask.payload(*headers)) : mask.text(message.headers);
  shown.body = hidden;
  if (body && headers && body->is_object()) {
    shown.body = dump_json(shown_body(mask, *folded, *body, step_named(*headers)));
  }
  return shown;
}

std::string QuarantineMask::what_is_hidden(const QuarantinedMessage& shown) {
  if (shown.body != hidden) return {};
  const char* const why = any_definition_is_unusable()
                              ? "definitions in this store cannot be used, so nobody knows what "
                                "they declare secret"
                              : "definitions in this store declare secrets, and it cannot be told "
                                "where they are in it";
  return fmt::format("{} not shown, since {}",
                     shown.headers == hidden ? "what it says is" : "the body is", why);
}

std::string QuarantineMask::where_it_lies(const QuarantinedMessage& shown) const {
  return fmt::format(
      "whoever may see it reads it with: sqlite3 -readonly '{}' 'SELECT {} FROM quarantine WHERE "
      "number = {}'",
      access_.path(), shown.headers == hidden ? "saga, detail, headers, body" : "body",
      shown.number);
}

}  // namespace skald::cli
