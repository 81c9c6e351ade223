#include "crash_places.hpp"

namespace skald::faults {
namespace {

bool is_brokers(CrashPoint point) {
  switch (point) {
    case CrashPoint::amqp_before_publish:
    case CrashPoint::amqp_published:
    case CrashPoint::amqp_before_ack:
    case CrashPoint::amqp_acked:
    case CrashPoint::participant_before_reply:
    case CrashPoint::participant_replied:
    case CrashPoint::participant_before_ack:
    case CrashPoint::participant_acked: return true;
    default: return false;
  }
}

}  // namespace

bool is_participants(CrashPoint point) {
  switch (point) {
    case CrashPoint::participant_before_commit:
    case CrashPoint::participant_after_commit:
    case CrashPoint::barrier_claimed:
    case CrashPoint::barrier_before_finish:
    case CrashPoint::barrier_finished:
    case CrashPoint::participant_before_reply:
    case CrashPoint::participant_replied:
    case CrashPoint::participant_before_ack:
    case CrashPoint::participant_acked: return true;
    default: return false;
  }
}

std::vector<CrashPoint> points_of(bool over_broker) {
  std::vector<CrashPoint> points;
  for (std::size_t i = 0; i < crash_point_count; ++i) {
    const auto point = static_cast<CrashPoint>(i);
    const bool wanted =
        over_broker ? is_brokers(point) || is_participants(point) : !is_brokers(point);
    if (wanted) points.push_back(point);
  }
  return points;
}

bool needs_old_store(CrashPoint point) {
  return point == CrashPoint::schema_before_commit || point == CrashPoint::schema_after_commit;
}

bool needs_much_data(CrashPoint point) {
  return point == CrashPoint::store_before_checkpoint ||
         point == CrashPoint::store_after_checkpoint;
}

bool needs_unfinished(CrashPoint point) {
  return point == CrashPoint::recovery_of_saga || point == CrashPoint::recovery_before_resend ||
         point == CrashPoint::recovery_resent;
}

bool needs_backup(CrashPoint point) {
  return point == CrashPoint::backup_copied || point == CrashPoint::backup_linked;
}

}  // namespace skald::faults
