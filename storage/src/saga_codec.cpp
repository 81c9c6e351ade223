#include "saga_codec.hpp"

#include <algorithm>

#include "checksum.hpp"
#include "field_codec.hpp"
#include "saga_fields.hpp"
#include "skald/definition.hpp"

namespace skald {
namespace {

// Raise it when a field is added, taken away or moved: older snapshots then count for nothing, and
// are made anew.
constexpr std::uint8_t snapshot_format = 4;

std::vector<StepIndex> members(const StepSet& set) {
  std::vector<StepIndex> all;
  set.each([&all](StepIndex step) { all.push_back(step); });
  return all;
}

StepSet read_set(FieldReader& reader, std::size_t steps) {
  std::vector<StepIndex> all;
  reader.steps(all);
  StepSet set;
  for (const StepIndex step : all) {
    if (step >= steps) ByteReader::damaged();
    set.insert(step);
  }
  return set;
}

std::uint32_t snapshot_checksum(const SagaId& saga, std::uint64_t version, std::string_view bytes) {
  std::string whose;
  ByteWriter writer(whose);
  writer.raw(saga.bytes());
  writer.varint(version);
  return crc32c(bytes, crc32c(whose));
}

bool within(StepIndex step, const Saga& saga) {
  return step == no_step || step < saga.steps.size();
}

// What evolve() and decide() rely on, as journal_problem() checks it of rows.
bool makes_sense(const SagaSnapshot& snapshot) {
  const Saga& saga = snapshot.saga;
  const bool plan_fits = std::all_of(saga.undo_plan.begin(), saga.undo_plan.end(),
                                     [&](StepIndex step) { return step < saga.steps.size(); });
  const bool issued_fit =
      std::all_of(snapshot.issued.begin(), snapshot.issued.end(),
                  [&](const auto& issued) { return issued.first.step < saga.steps.size(); });
  return !saga.steps.empty() && saga.steps.size() <= steps_max && saga.priority <= priority_max &&
         plan_fits && issued_fit && (!saga.turn_back || within(saga.turn_back->step, saga)) &&
         (!saga.stuck || within(saga.stuck->step, saga));
}

SagaSnapshot read_snapshot(std::string_view bytes) {
  FieldReader reader(bytes);
  SagaSnapshot snapshot;
  Saga& saga = snapshot.saga;
  reader(saga);
  saga.done = read_set(reader, saga.steps.size());
  saga.begun = read_set(reader, saga.steps.size());
  saga.timed = read_set(reader, saga.steps.size());
  std::vector<AttemptRef> attempts;
  std::vector<std::int64_t> positions;
  reader(attempts), reader(positions), reader(snapshot.children);
  if (attempts.size() != positions.size() || !reader.at_end()) ByteReader::damaged();
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    snapshot.issued.emplace_back(attempts[i], positions[i]);
  }
  return snapshot;
}

}  // namespace

void encode_snapshot(const SagaSnapshot& snapshot, std::string& out) {
  out.clear();
  FieldWriter writer(out);
  const Saga& saga = snapshot.saga;
  writer.bytes().byte(snapshot_format);
  writer(saga);
  for (const StepSet* set : {&saga.done, &saga.begun, &saga.timed}) writer.steps(members(*set));
  std::vector<AttemptRef> attempts;
  std::vector<std::int64_t> positions;
  for (const auto& [attempt, position] : snapshot.issued) {
    attempts.push_back(attempt);
    positions.push_back(position);
  }
  writer(attempts), writer(positions), writer(snapshot.children);
  append_checksum(out, snapshot_checksum(saga.id, saga.version, out));
}

std::optional<SagaSnapshot> decode_snapshot(const SagaId& saga, std::uint64_t version,
                                            std::string_view bytes) {
  try {
    const auto [record, stored] = split_checksum(bytes);
    if (stored != snapshot_checksum(saga, version, record)) return std::nullopt;
    if (record.empty() || static_cast<std::uint8_t>(record.front()) != snapshot_format) {
      return std::nullopt;
    }
    SagaSnapshot snapshot = read_snapshot(record.substr(1));
    const bool ours = snapshot.saga.id == saga && snapshot.saga.version == version;
    if (!ours || !makes_sense(snapshot)) return std::nullopt;
    return snapshot;
  } catch (const StoreError&) {
    return std::nullopt;
  }
}

}  // namespace skald
