// The requests of the control socket, from JSON to what the coordinator takes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>

#include "coordinator/arrivals.hpp"

namespace skald {

/// Asks whether a saga has ended, for at most `timeout`.
struct WaitRequest {
  SagaId saga;
  Duration timeout{0};
};
/// Asks what this engine is.
struct InfoRequest {};

/// Copies the store to `file`, or, with a `job`, asks how far that copy is: an answer comes when it
/// is made, or after `timeout`.
struct BackupRequest {
  std::string file;
  std::optional<std::uint32_t> job;
  Duration timeout{0};
  bool stop = false;  ///< Break it off.
};

/// Arrivals come without their answer; whoever submits them sets it.
using ControlRequest =
    std::variant<StartArrival, RequestArrival, ReplayArrival, DefineArrival, DropQuarantinedArrival,
                 RequeueQuarantinedArrival, ParticipantsArrival, PurgeArrival, ReleaseSpaceArrival,
                 DropDefinitionArrival, SetBreakerArrival, WaitRequest, InfoRequest, BackupRequest>;

struct ParsedRequest {
  ControlRequest request;
  DefinitionPtr define_first;  ///< Of a start that brings its definition along; absent: none.
};

/// \throws Refused (invalid) that names the field and the mend; DefinitionError for a definition.
[[nodiscard]] ParsedRequest parse_control_request(const Json& request);

[[nodiscard]] Json refusal_json(const Refusal& refusal);

}  // namespace skald
