// The one family of exceptions that Skald throws.
//
// What the domain expects (a refused request, a duplicate start, a late reply) is a value, not an
// exception. These classes are for what should not have happened: bad configuration, a disk that
// fails, a broker that cannot be reached. Every message names the operation and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace skald {

/// Base of everything Skald throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A text that is not JSON within Skald's limits. The message says where.
class JsonError : public Error {
 public:
  using Error::Error;
};

/// A definition that cannot be used. `where()` is the place, e.g. `steps[2].retry.multiplier`.
class DefinitionError : public Error {
 public:
  DefinitionError(std::string where, const std::string& what)
      : Error(where.empty() ? what : where + ": " + what), where_(std::move(where)) {}
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  std::string where_;
};

/// The store cannot do what was asked of it.
class StoreError : public Error {
 public:
  enum class Kind {
    locked,       ///< Another process owns the store; the message names its pid.
    newer,        ///< Written by a newer version of Skald.
    full,         ///< No space left; works again once there is.
    not_a_store,  ///< The file is not a Skald store, or is missing.
    corrupt,      ///< The file is damaged; nothing was changed.
    failed,       ///< Any other failure of the disk; the engine stops.
    fenced,       ///< A newer owner has taken the store over; this one must stop.
  };
  StoreError(Kind kind, const std::string& what) : Error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A channel cannot be set up or used: bad address, refused login, bad options.
class ChannelError : public Error {
 public:
  using Error::Error;
};

/// A request that the state of the engine or of a saga does not allow.
class Refused : public Error {
 public:
  enum class Code {
    invalid,       ///< The request itself is malformed: CLI exit 2.
    not_found,     ///< Unknown saga, step or definition: exit 3.
    wrong_state,   ///< The saga's state does not allow it: exit 4.
    key_conflict,  ///< The business key is taken by a saga with other input: exit 4.
    unavailable,   ///< The engine is stopping, full, or cannot write: exit 5.
  };
  Refused(Code code, const std::string& what) : Error(what), code_(code) {}
  [[nodiscard]] Code code() const { return code_; }

 private:
  Code code_;
};

/// Why a request is not granted, as a value.
struct Refusal {
  Refused::Code code = Refused::Code::wrong_state;
  std::string message;
};

/// `WRONG_STATE` and so on, as it appears in JSON answers.
[[nodiscard]] const char* to_string(Refused::Code code);

}  // namespace skald
