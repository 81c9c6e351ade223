// Which channel a store's engine works over.
//
// Commands that went out over one channel are answered over it, and handlers in a service's process
// are out of reach for every other program. So the first channel that leaves a watermark keeps the
// store, until its owner says that another one is to take it over.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sqlite/connection.hpp"

namespace skald {

/// The channel that left a watermark first by name; nothing in a store that no engine has used.
[[nodiscard]] std::optional<std::string> channel_of(sqlite::Connection& connection);

/// Of the owner. One thread.
class ChannelRecord {
 public:
  ChannelRecord(sqlite::Connection& connection, bool take_over)
      : connection_(connection), take_over_(take_over) {}

  /// Changes nothing. `mark` is the name of a watermark. \throws Refused (wrong_state) that names
  /// both channels when the store is another one's and must not be taken over.
  void require(std::string_view mark);
  /// The same within the transaction that writes the watermark; takes the store over if it may.
  void claim(std::string_view mark);
  /// What was claimed is durable.
  void committed() { claimed_ = true; }

 private:
  [[nodiscard]] bool is_anothers(std::string_view mark);

  sqlite::Connection& connection_;
  bool take_over_;
  bool claimed_ = false;  ///< The rows need not be looked at again.
};

}  // namespace skald
