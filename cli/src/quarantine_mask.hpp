// Quarantined messages as people are shown them. Their bodies are payloads that nobody could use,
// so where a secret lies in one is known only when the message can be read after all.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "store_access.hpp"

namespace skald::cli {

class QuarantineMask {
 public:
  /// Borrows the access.
  explicit QuarantineMask(StoreAccess& access) : access_(access) {}

  /// The message with its secrets hidden; its body is "***" where they cannot be told from the
  /// rest.
  [[nodiscard]] QuarantinedMessage shown(const QuarantinedMessage& message);
  /// Where a hidden body can be read by hand, for a note.
  [[nodiscard]] std::string where_it_lies(const QuarantinedMessage& message) const;

 private:
  [[nodiscard]] bool any_definition_has_secrets();
  [[nodiscard]] std::optional<FoldedSaga> saga_of(const QuarantinedMessage& message);

  StoreAccess& access_;
  std::optional<bool> some_secrets_;
};

}  // namespace skald::cli
