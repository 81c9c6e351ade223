// What waits in the coordinator's inbox: replies, requests, and what channels report.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "skald/channel.hpp"
#include "skald/decide.hpp"
#include "skald/inputs.hpp"
#include "skald/participant_view.hpp"
#include "skald/result.hpp"
#include "skald/store.hpp"

namespace skald {

/// An answer or the refusal that came instead. Called once, on the coordinator's thread, after the
/// commit that the answer depends on.
template <typename T>
using Answer = std::function<void(std::variant<T, Refusal>)>;

struct StartArrival {
  std::string type;
  std::optional<std::uint32_t> version;
  std::optional<std::string> key;
  JsonText input;
  Requester requester;
  Answer<Started> answer;
  std::optional<Duration> delay{};   ///< Nothing is issued before this has passed …
  std::optional<Time> not_before{};  ///< … or, without it, before this time.
  std::optional<std::uint8_t> priority{};
  std::optional<Duration> wait_for_room{};
  std::optional<Time> give_up_at{};  ///< Once it waits for room.
};
struct ReplyArrival {
  Reply reply;
};
struct UnusableArrival {
  QuarantinedMessage message;
  std::uint64_t receipt = 0;
};
struct SentArrival {
  SagaId saga;
  AttemptRef attempt;
};
struct ConfirmedArrival {
  Position position = 0;
  SagaId saga;
  AttemptRef attempt;
};
struct RoomArrival {};
/// How a saga stands after an operator's request.
struct RequestOutcome {
  Status status = Status::pending;
  bool paused = false;
  bool wished = false;
  std::string note{};  ///< What the operator should know besides; empty: nothing.
};
/// A request to one saga; step names are resolved against its definition.
struct RequestArrival {
  SagaId saga;
  std::string step;  ///< Empty: none named.
  Input input;
  Answer<RequestOutcome> answer;
};
struct ReplayArrival {
  SagaId saga;
  std::string from_step;
  std::optional<JsonText> input_patch;
  std::optional<std::uint32_t> version;
  bool force = false;
  Requester requester;
  Answer<SagaId> answer;
};
struct DefineArrival {
  DefinitionPtr definition;
  Answer<bool> answer;
};
/// Answers once the saga has ended or is stuck.
struct WaitArrival {
  SagaId saga;
  std::uint64_t token = 0;
  Answer<SagaResult> answer;
};
struct UnwaitArrival {
  SagaId saga;
  std::uint64_t token = 0;
};
struct LookArrival {
  SagaId saga;
  Answer<Saga> answer;
};
struct ParticipantsArrival {
  Answer<std::vector<ParticipantStatus>> answer;
};
/// An operator sets a participant's breaker; `order.at` is filled in where it is taken.
struct SetBreakerArrival {
  std::string participant;
  BreakerOrder order;
  std::optional<Duration> lasting;  ///< Instead of `order.until`.
  Answer<bool> answer;
};
struct DropQuarantinedArrival {
  std::int64_t number = 0;
  Answer<bool> answer;
};
/// What became of a message that was taken out of quarantine.
struct RequeueOutcome {
  SagaId saga;
  bool used = false;  ///< False: the saga did not need it any more.
  std::string note;
};
struct RequeueQuarantinedArrival {
  std::int64_t number = 0;
  Requester requester;
  Answer<RequeueOutcome> answer;
};

/// Carried out behind the batch: what the batch says of a saga must not find it gone.
struct PurgeArrival {
  PurgeSlice slice;
  Answer<Purged> answer;
};
struct ReleaseSpaceArrival {
  std::uint64_t bytes_max = 0;
  Answer<std::uint64_t> answer;
};

/// Carried out behind the batch, too: a saga of the batch may use the definition.
struct DropDefinitionArrival {
  std::string type;
  std::uint32_t version = 0;
  Answer<bool> answer;
};

using Arrival =
    std::variant<StartArrival, ReplyArrival, UnusableArrival, SentArrival, ConfirmedArrival,
                 RoomArrival, RequestArrival, ReplayArrival, DefineArrival, WaitArrival,
                 UnwaitArrival, LookArrival, DropQuarantinedArrival, RequeueQuarantinedArrival,
                 ParticipantsArrival, PurgeArrival, ReleaseSpaceArrival, DropDefinitionArrival,
                 SetBreakerArrival>;

/// Arrivals, and what keeps them in memory.
struct Portion {
  std::span<Arrival> arrivals;
  std::shared_ptr<std::vector<Arrival>> keep;

  Portion() = default;
  Portion(std::span<Arrival> some, std::shared_ptr<std::vector<Arrival>> of)
      : arrivals(some), keep(std::move(of)) {}
  explicit Portion(std::vector<Arrival> all)
      : keep(std::make_shared<std::vector<Arrival>>(std::move(all))) {
    arrivals = *keep;
  }
};

}  // namespace skald
