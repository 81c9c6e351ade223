#include "verbs/verb.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "engine_config.hpp"
#include "output/text.hpp"
#include "saga_pages.hpp"
#include "skald/error.hpp"
#include "text_options.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t input_bytes_max = 1024UL * 1024;

// Reads one byte more than may be, so that too long a text is refused and not cut.
std::string read_all(std::istream& stream) {
  std::string text;
  std::istreambuf_iterator<char> at(stream);
  for (; at != std::istreambuf_iterator<char>() && text.size() <= input_bytes_max; ++at) {
    text += *at;
  }
  return text;
}

}  // namespace

CLI::App& add_verb(CLI::App& app, const std::string& name, const std::string& help,
                   const std::string& example) {
  CLI::App& verb = *app.add_subcommand(name, help);
  verb.footer("Example:\n  skald " + example);
  return verb;
}

void add_saga_argument(CLI::App& verb, std::string& text, bool required) {
  CLI::Option* id =
      verb.add_option("id", text, "Saga id, or its beginning, or key:KEY")->type_name("ID");
  verb.add_option_function<std::string>(
          "--key", [&text](const std::string& key) { text = key_prefix + key; },
          "The saga with this business key, instead of ID")
      ->check(valid_name())
      ->excludes(id)
      ->type_name("KEY");
  if (!required) return;
  verb.callback([&text] {
    if (text.empty()) throw CLI::RequiredError("id, or --key KEY,");
  });
}

JsonText json_argument(const std::string& option, const std::string& text, Context& context) {
  std::string json = text;
  if (text == "-") {
    json = read_all(context.in);
  } else if (!text.empty() && text.front() == '@') {
    try {
      json = read_file(text.substr(1));
    } catch (const Refused& refused) {
      throw Refused(refused.code(), fmt::format("{}: {}", option, refused.what()));
    }
  }
  if (json.size() > input_bytes_max) {  // It may not have been read to its end.
    throw JsonError(
        fmt::format("{}: JSON of more than {} bytes is over the limit; send less, or a "
                    "reference",
                    option, input_bytes_max));
  }
  try {
    return JsonText::parse(json);
  } catch (const JsonError& error) {
    throw JsonError(fmt::format("{}: {}", option, error.what()));
  }
}

std::string text_at(const Json& object, const std::string& name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return {};
  return member->get<std::string>();
}

std::string show_time(Time time, const Context& context) {
  if (context.global.time == TimeStyle::rfc3339) return format_time(time);
  return relative_time(time, context.clock.now());
}

std::string time_at(const Json& object, const std::string& name, const Context& context) {
  const auto time = parse_time(text_at(object, name));
  return time ? show_time(*time, context) : std::string{};
}

std::size_t short_id_length(const std::vector<std::string>& ids) {
  auto sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  // A UUIDv7 begins with its millisecond, which takes 13 characters with its hyphen.
  std::size_t length = 13;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const auto [a, b] = std::mismatch(sorted[i - 1].begin(), sorted[i - 1].end(), sorted[i].begin(),
                                      sorted[i].end());
    length = std::max(length, static_cast<std::size_t>(a - sorted[i - 1].begin()) + 1);
  }
  return length;
}

}  // namespace skald::cli
