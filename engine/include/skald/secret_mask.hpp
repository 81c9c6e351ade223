// Hides what a definition declares secret in everything that people are shown of its sagas.
//
// Where a secret lies is known: values at or below the pointers of `secrets` become "***", also
// where a template takes them. A copy that a participant or an operator made, say in an error's
// message, is found by its text: secret strings of at least 4 bytes, and numbers of at least 6
// digits, are hidden wherever they occur in errors, reasons, lock names and other payloads of that
// saga. The business key is never secret: people look for sagas by it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald {

class SecretTexts;

/// Borrows the definition and the saga. One thread.
class SecretMask {
 public:
  /// Hides by pointer alone, and of lock names all that take a secret.
  SecretMask(const Definition& definition);  // NOLINT: a definition is one, without a saga's texts
  /// `definition` is the effective one: see effective_definition().
  SecretMask(const Definition& definition, const Saga& saga);
  /// Hides what `also`, another version of the definition, declares secret as well.
  SecretMask(const Definition& definition, const Saga& saga, const Definition& also);
  ~SecretMask();
  SecretMask(const SecretMask&) = delete;
  SecretMask& operator=(const SecretMask&) = delete;

  [[nodiscard]] const Definition& definition() const { return definition_; }
  /// True when the definition declares no secret: nothing is hidden then.
  [[nodiscard]] bool hides_nothing() const { return secrets_.empty(); }

  [[nodiscard]] Json input(const JsonText& input) const;
  [[nodiscard]] Json output(StepIndex step, const JsonText& output) const;
  /// The saga's own output, as its template makes it of values that are hidden.
  [[nodiscard]] Json result(const JsonText& output) const;
  /// A patch, or a signal's data: nobody knows which of its values are secret, so all are hidden
  /// where a definition has secrets.
  [[nodiscard]] Json patch(const JsonText& patch) const;
  /// The body of a command to this step, as it would be sent.
  [[nodiscard]] Json body(StepIndex step, Direction direction, const JsonText& body) const;
  [[nodiscard]] ErrorInfo error(const ErrorInfo& error) const;
  /// The name of a lock that the saga has or wants.
  [[nodiscard]] std::string lock(const std::string& name) const;
  /// Free text.
  [[nodiscard]] std::string text(std::string_view text) const;
  /// Any other payload of the saga: its texts and numbers, not its places.
  [[nodiscard]] Json payload(Json value) const;

 private:
  using Tokens = std::vector<std::string>;

  void declare(const std::vector<std::string>& secrets);
  void look_into(const Saga& saga);
  void collect_texts();
  void collect_locks();
  [[nodiscard]] Tokens output_place(StepIndex step) const;
  [[nodiscard]] bool is_hidden(const Tokens& place) const;
  [[nodiscard]] Json hidden_in(Json value, const Tokens& place) const;
  [[nodiscard]] Json rendered(const Template& t, const Step* step) const;
  [[nodiscard]] Json hidden_page(const Json& page, const Step& step) const;
  [[nodiscard]] static Tokens place_of(const Tokens& tokens, const Step* step);
  [[nodiscard]] Json command_input(StepIndex step, Direction direction) const;

  const Definition& definition_;
  const Saga* saga_ = nullptr;
  std::vector<Tokens> secrets_;  // Sorted.
  std::unique_ptr<SecretTexts> texts_;
  std::map<std::string, std::string> locks_;  // Names that take a secret, as they are shown.
  bool locks_take_secrets_ = false;
};

}  // namespace skald
