// What a verb sees of the world: streams, clock, environment, terminal. Tests make their own, so
// that no verb needs a process to be tested.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>

#include "skald/time.hpp"

namespace skald::cli {

enum class TimeStyle { relative, rfc3339 };

/// The options that every verb takes.
struct GlobalOptions {
  std::string store;           ///< Empty: $SKALD_STORE.
  std::string color = "auto";  ///< auto, always or never.
  TimeStyle time = TimeStyle::relative;
  bool quiet = false;  ///< No notes on stderr; errors still go there.
};

/// Streams and clock are borrowed. One thread.
struct Context {
  std::istream& in;
  std::ostream& out;  ///< Data, and nothing else.
  std::ostream& err;  ///< All else.
  const Clock& clock;
  std::map<std::string, std::string> environment;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  int width = 100;  ///< Columns of the terminal; 100 when there is none.
  std::string login_name;
  /// Waits that long; true when the process was asked to stop meanwhile.
  std::function<bool(Duration)> pause;
  GlobalOptions global;
  /// What went to `out` were notices, no data: that they could not be written is no failure.
  bool out_has_notices_only = false;

  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const;
  /// Path of the store to work on. \throws Refused (invalid) when none is named.
  [[nodiscard]] std::string store_path() const;
  /// Who makes a change: $SKALD_OPERATOR, else the login name. \throws Refused (invalid) when that
  /// is no name.
  [[nodiscard]] std::string operator_name() const;
  /// Whether stdout may carry colour: --color, then NO_COLOR, then whether it is a terminal.
  [[nodiscard]] bool colored() const;
  /// A note for people on stderr; nothing with --quiet.
  void note(const std::string& text) const;
};

}  // namespace skald::cli
