// What is meant to happen in a schedule: definitions, starts and operators' requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/events.hpp"
#include "skald/inputs.hpp"

namespace skald::testing {

struct PlannedStart {
  Duration at{0};
  std::string type;
  std::optional<std::string> key;
  JsonText input;                   ///< Different for every start: it names the saga.
  std::optional<Duration> delay{};  ///< Nothing is issued before this has passed.
};

/// What operators ask for, by the control verb's name.
enum class Verb : std::uint8_t {
  resume,
  retry,
  skip,
  skip_as_succeeded,
  skip_as_rejected,
  skip_as_compensated,
  cancel,
  pause,
  abandon,
  replay,
  signal,  ///< The signal `go`.
};
inline constexpr std::size_t verb_count = 11;
[[nodiscard]] const char* to_string(Verb verb);

/// What an operator says with a request.
struct Given {
  Requester requester{"ann", "simulated"};
  std::optional<JsonText> patch{};  ///< Of resume (then the request names the step) and replay.
  JsonText data = JsonText::trusted(R"({"from":"ann"})");  ///< Of a signal.
  std::optional<std::string> signal_id{};
};

struct PlannedRequest {
  Duration at{0};
  JsonText input;  ///< Of the start whose saga it is about.
  Verb verb = Verb::resume;
  std::string step;       ///< Empty: none named.
  std::uint32_t kin = 0;  ///< Not about that saga but about one below it; see Checker::kin_of().
  Given given{};
};

struct Plan {
  std::vector<DefinitionPtr> definitions;
  PoliciesByName participants{};  ///< What the engine's configuration says.
  std::vector<PlannedStart> starts;
  std::vector<PlannedRequest> requests;
  bool carries_out_here = false;  ///< The engine's process carries commands out itself.
  Duration calm_at{0};            ///< From then on nothing goes wrong any more.
  std::size_t cached_sagas_limit = 200'000;
  bool operators_help = true;  ///< In the end, what is paused or stuck.
};

}  // namespace skald::testing
