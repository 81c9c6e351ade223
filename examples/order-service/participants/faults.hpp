// Planned faults: the failures that real orders meet, on demand.
//
// A fault has a target, `payment` (the step's action) or `payment.refund` (whatever is named), and
// a text: what goes wrong, and how long. Faults come from the program's options or environment,
// and from an order itself, `"faults": {"payment": "decline"}`, so that one running system shows
// every story. An order's own fault comes before the program's.
//
//   fail, unavailable      `failed`, no effect; `fail:3`: the first three attempts only
//   reject, decline, out-of-stock
//                          `rejected`, no effect; `reject:1`: in the first round only
//   unknown                `unknown`, no effect; `unknown:2` as above
//   timeout, lost          the effect happens and the answer is lost; `lost:1` as above
//   hang                   no answer before the attempt is given up, at most 30 s; `hang:500`: 500
//   ms slow:200               the answer takes 200 ms longer fail-until:/tmp/flag   until that file
//   exists; so also with the other words
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "skald/participant.hpp"

namespace order_service {

struct Fault {
  enum class Kind : std::uint8_t { fail, reject, unknown, lost, hang, slow };
  Kind kind = Kind::fail;
  std::string code;          ///< Empty: made from the participant's or action's name.
  std::uint32_t count = 0;   ///< Attempts (rejects: rounds) it holds for; 0: all.
  skald::Duration delay{0};  ///< Of `hang` and `slow`.
  std::string until_file;    ///< Holds until this file exists; empty: always.

  /// \throws skald::Error that says what is allowed.
  [[nodiscard]] static Fault parse(std::string_view text);
  [[nodiscard]] bool holds_for(const skald::HandlerCall& call) const;
};

class Faults {
 public:
  /// `payment=decline,payment.refund=reject-until:/tmp/flag`; the empty text means no faults.
  /// \throws skald::Error
  [[nodiscard]] static Faults parse(std::string_view text);
  /// From $SKALD_EXAMPLE_FAULTS. \throws skald::Error
  [[nodiscard]] static Faults from_environment();

  void add(const std::string& target, std::string_view text);
  void add(const Faults& others);

  /// The fault that this call is to meet, if any. \throws skald::Error when the order names one
  /// that does not exist.
  [[nodiscard]] std::optional<Fault> find(const skald::HandlerCall& call) const;

  /// Registers a handler that meets its faults. Refusals happen inside the transaction, so that the
  /// barrier remembers them like any other.
  void handle(skald::Participant& participant, const std::string& action,
              skald::TransactionHandler handler) const;
  /// Makes the participant meet the other faults, before and after its handlers.
  void install(skald::Participant& participant) const;

 private:
  std::map<std::string, Fault, std::less<>> by_target_;
};

}  // namespace order_service
