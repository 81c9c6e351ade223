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
  /// rest. Of a message whose saga cannot be read all that its sender chose is "***": body,
  /// headers, detail, and the saga it names if that is none.
  [[nodiscard]] QuarantinedMessage shown(const QuarantinedMessage& message);
  /// What shown() has hidden of this message whole, and why, for a note; empty when it has not.
  [[nodiscard]] std::string what_is_hidden(const QuarantinedMessage& shown);
  /// Where that can be read by hand.
  [[nodiscard]] std::string where_it_lies(const QuarantinedMessage& shown) const;

 private:
  [[nodiscard]] bool any_definition_has_secrets();
  [[nodiscard]] bool any_definition_is_unusable();
  [[nodiscard]] std::optional<FoldedSaga> saga_of(const QuarantinedMessage& message);

  StoreAccess& access_;
  std::optional<bool> some_secrets_;
  std::optional<bool> some_unusable_;
};

}  // namespace skald::cli
