#include "change_results.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "exit_code.hpp"
#include "output/text.hpp"
#include "store_access.hpp"

namespace skald::cli {
namespace {

// Of a replay: the new saga's.
std::optional<std::string> new_id(const Json& answer) {
  if (!answer.contains("id")) return std::nullopt;
  return answer.at("id").get<std::string>();
}

bool is_json(Format format) { return format == Format::json || format == Format::jsonl; }

}  // namespace

ChangeResults::ChangeResults(std::string verb, Format format, bool named_one, Context& context)
    : verb_(std::move(verb)),
      context_(context),
      format_(format),
      named_one_(named_one),
      json_(context.out, format),
      paint_(context.colored()) {}

void ChangeResults::add(const std::string& id, const Json& answer) {
  const bool ok = answer.value("ok", false);
  ++(ok ? done_ : failed_);
  if (!ok) last_failure_ = answer;
  if (is_json(format_)) {
    json_.add(as_json(id, answer));
  } else if (format_ == Format::ids) {
    if (ok) context_.out << new_id(answer).value_or(id) << '\n';
  } else if (ok || !named_one_) {
    context_.out << as_text(id, answer) << '\n';
  }
  context_.out.flush();
}

int ChangeResults::finish() {
  if (is_json(format_)) json_.finish();
  if (!named_one_) {
    context_.note(fmt::format("{} done, {} failed", done_, failed_));
    return failed_ > 0 ? exit_some_failed : exit_done;
  }
  if (failed_ == 0) return exit_done;
  const std::string message = last_failure_.at("error").value("message", "the request failed");
  context_.err << "skald: " << printable(message) << '\n';
  return exit_code(refusal_code(last_failure_));
}

Json ChangeResults::as_json(const std::string& id, const Json& answer) const {
  Json row = answer;
  if (const auto made = new_id(answer)) row["new_id"] = *made;
  row["id"] = id;
  row["verb"] = verb_;
  return row;
}

std::string ChangeResults::as_text(const std::string& id, const Json& answer) const {
  if (!answer.value("ok", false)) {
    const Json& error = answer.at("error");
    return fmt::format("{}  {}  {}: {}", printable(id), paint_(Style::bad, "failed"),
                       error.value("code", ""), printable(error.value("message", "")));
  }
  std::string line = printable(id);
  if (const auto made = new_id(answer)) line += "  replayed as " + *made;
  const std::string status = answer.value("status", "");
  if (!status.empty()) line += "  " + paint_(style_of_status(status), status);
  if (answer.contains("note") && answer["note"].is_string()) {
    line += "  " + printable(answer["note"].get<std::string>());
  }
  return line;
}

}  // namespace skald::cli
