#include "channel_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "skald/closed_mark.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"
#include "sqlite/statement.hpp"

namespace skald {
namespace {

std::vector<std::string> channels(sqlite::Connection& connection) {
  std::vector<std::string> names;
  sqlite::Statement statement(connection, "SELECT channel FROM watermarks ORDER BY channel");
  auto rows = statement.rows();
  while (rows.next()) {
    std::string name(channel_of_mark(rows.bytes(0)));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::optional<std::string> channel_of(sqlite::Connection& connection) {
  auto names = channels(connection);
  if (names.empty()) return std::nullopt;
  return std::move(names.front());
}

// Stores of earlier versions may have been used over several: each of them may go on.
bool ChannelRecord::is_anothers(std::string_view mark) {
  const auto names = channels(connection_);
  return !names.empty() &&
         std::find(names.begin(), names.end(), channel_of_mark(mark)) == names.end();
}

void ChannelRecord::require(std::string_view mark) {
  if (claimed_ || take_over_ || !is_anothers(mark)) return;
  throw Refused(
      Refused::Code::wrong_state,
      fmt::format("{} belongs to an engine with the channel '{}', and this one's is '{}': handlers "
                  "and answers of the one are out of reach for the other; start the program that "
                  "the store belongs to, or, when the store is to change for good, take it over "
                  "(skald run --take-over-channel, SqliteOptions::take_over_channel)",
                  connection_.path(), escape_controls(channel_of(connection_).value_or("")),
                  escape_controls(channel_of_mark(mark))));
}

void ChannelRecord::claim(std::string_view mark) {
  if (claimed_) return;
  require(mark);
  if (is_anothers(mark)) connection_.run("DELETE FROM watermarks", "take the store over");
}

}  // namespace skald
