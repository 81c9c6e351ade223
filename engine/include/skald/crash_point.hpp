// Places where the process can be told to die, so that tests can show that it may die there.
//
// They are part of every build: what is tested is what is delivered. But nothing dies unless the
// program itself asks for it, which only test programs do: a variable in the environment of a
// service means nothing. A point that is not armed costs one relaxed load and a branch that is not
// taken. docs/testing.md lists what is done with them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace skald {

/// Named in to_string(); a new one belongs into the run that tests/faults/crash/ makes of all.
enum class CrashPoint : std::uint8_t {
  // Opening a store.
  store_locked,
  store_created,
  schema_before_commit,
  schema_after_commit,
  epoch_before_commit,
  store_opened,
  // Working on it.
  store_before_commit,
  store_after_commit,
  store_before_checkpoint,
  store_after_checkpoint,
  store_closing,
  backup_copied,
  backup_linked,
  control_before_request,
  control_before_answer,
  // The engine's batch, from the decision to the answers.
  batch_before_commit,
  batch_before_send,
  batch_after_send,
  batch_before_answers,
  batch_answered,
  watermark_before_commit,
  watermark_after_commit,
  // The engine's recovery and its end.
  recovery_of_saga,
  recovery_rebuilt,
  recovery_open,
  recovery_before_resend,
  recovery_resent,
  engine_stopping,
  engine_stopped,
  // Participants and what goes between.
  participant_before_commit,
  participant_after_commit,
  barrier_claimed,
  barrier_before_finish,
  barrier_finished,
  in_process_before_reply,
  in_process_replied,
  amqp_before_publish,
  amqp_published,
  amqp_before_ack,
  amqp_acked,
  participant_before_reply,
  participant_replied,
  participant_before_ack,
  participant_acked,
};
inline constexpr std::size_t crash_point_count =
    static_cast<std::size_t>(CrashPoint::participant_acked) + 1;

/// `batch.before-send` and so on.
[[nodiscard]] const char* to_string(CrashPoint point);

/// For test programs, before they start a thread: arms the point that SKALD_CRASH_AT=NAME[:N] in
/// the environment names. The process ends by _exit() when it comes there for the Nth time.
/// Without the variable it does nothing; a name that is none ends the process with a message.
void arm_crash_point_from_environment();

/// The exit code of a process that died at a crash point.
inline constexpr int crash_exit_code = 86;

namespace detail {
/// The armed point's number, or -1.
extern std::atomic<int> armed_crash_point;
void come_to_armed_crash_point();
}  // namespace detail

/// Dies here, if this is the place and the time.
inline void crash_point(CrashPoint here) {
  if (detail::armed_crash_point.load(std::memory_order_relaxed) == static_cast<int>(here))
      [[unlikely]] {
    detail::come_to_armed_crash_point();
  }
}

}  // namespace skald
