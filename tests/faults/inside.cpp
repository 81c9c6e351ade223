#include "inside.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t handler_threads = 6;
constexpr std::size_t queue_limit = 4096;

}  // namespace

InsideParticipants::InsideParticipants(const Files& files, std::uint64_t seed, const Pace& pace,
                                       Mutant mutant)
    : channel_(InProcessOptions{handler_threads, queue_limit}) {
  for (const char* name : participant_names) {
    participants_.push_back(
        std::make_unique<PlannedParticipant>(files, name, seed, pace, effect_decorator(mutant)));
    PlannedParticipant& planned = *participants_.back();
    if (mutant == Mutant::no_dedup) {
      channel_.handle_others(name, [&planned](const HandlerCall& call) {
        return planned.answer_without_barrier(call);
      });
    } else {
      serve_in_process(planned.participant(), channel_);
    }
  }
}

void InsideParticipants::undo_outside() {
  for (const auto& planned : participants_) planned->undo_outside();
}

}  // namespace skald::faults
