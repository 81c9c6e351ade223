// What the files of the verbs have in common.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "skald/json.hpp"
#include "skald/time.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

/// A subcommand with its one-sentence help and an example line.
[[nodiscard]] CLI::App& add_verb(CLI::App& app, const std::string& name, const std::string& help,
                                 const std::string& example);

/// The saga that a verb is about: its id or `key:KEY` as an argument, or --key. `text` becomes what
/// SagaPages::find() takes. `required`: one of them has to be given.
void add_saga_argument(CLI::App& verb, std::string& text, bool required = true);

/// The JSON that an option such as --input gives: the text itself, `@FILE`, or `-` for stdin.
/// \throws Refused (invalid), JsonError; both name the option
[[nodiscard]] JsonText json_argument(const std::string& option, const std::string& text,
                                     Context& context);

/// A member's text, or nothing said (empty) when it is absent, null or no text.
[[nodiscard]] std::string text_at(const Json& object, const std::string& name);

/// A moment as --time wants it; empty for a null or absent member.
[[nodiscard]] std::string time_at(const Json& object, const std::string& name,
                                  const Context& context);
[[nodiscard]] std::string show_time(Time time, const Context& context);

/// How many characters of these ids (36 each) suffice to tell them apart; at least 13, their time.
[[nodiscard]] std::size_t short_id_length(const std::vector<std::string>& ids);

}  // namespace skald::cli
