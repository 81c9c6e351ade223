// How a verb reaches the store: read-only at any time; changes through the owner that lives, or,
// when none does, by becoming the owner for a moment. Both ways carry the same JSON requests to the
// same Orchestrator::handle(), so that repair with the service down is no second implementation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "context.hpp"
#include "saga_pages.hpp"
#include "skald/error.hpp"
#include "skald/json.hpp"
#include "skald/store.hpp"

namespace skald::cli {

/// One thread. The context is borrowed.
class StoreAccess {
 public:
  /// Opens nothing yet. \throws Refused (invalid) when no store is named.
  explicit StoreAccess(const Context& context);
  ~StoreAccess();
  StoreAccess(const StoreAccess&) = delete;
  StoreAccess& operator=(const StoreAccess&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Whether the store's file is there.
  [[nodiscard]] bool exists() const;
  /// \throws Refused (not_found) when it is not.
  void require_exists() const;

  /// Opened at the first call. \throws Refused (not_found) when the file is missing; StoreError
  [[nodiscard]] StoreReader& reader();
  /// Over reader().
  [[nodiscard]] SagaPages& pages();

  /// Whether an engine answers at the store's control socket now.
  [[nodiscard]] bool engine_running() const;

  /// Carries out one change and answers what docs/control.md says. A store that stays out of reach
  /// is answered as `UNAVAILABLE`, not thrown. With no engine the store is created if it is
  /// missing. \throws StoreError for everything else that the store refuses.
  [[nodiscard]] Json request(const Json& request);
  /// The same, but only a running engine will do; `UNAVAILABLE` when there is none.
  [[nodiscard]] Json request_of_engine(const Json& request);

  /// Lets go of the store if this process owns it for the moment.
  void release();

 private:
  class Moment;

  [[nodiscard]] Json attempt(const Json& request);
  [[nodiscard]] Json retried(const std::function<Json()>& once) const;

  const Context& context_;
  std::string path_;
  std::unique_ptr<StoreReader> reader_;
  std::unique_ptr<SagaPages> pages_;
  std::unique_ptr<Moment> moment_;
};

/// Turns an answer that is not `ok` into the Refused it stands for; otherwise does nothing.
void throw_if_refused(const Json& answer);

/// `{"ok": false, "error": …}` for a refusal found on this side.
[[nodiscard]] Json refused_answer(Refused::Code code, const std::string& message);
/// The code of an answer that is not `ok`.
[[nodiscard]] Refused::Code refusal_code(const Json& answer);

}  // namespace skald::cli
