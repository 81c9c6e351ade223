#include "moments.hpp"

#include "skald/error.hpp"

namespace skald::testing {

void Moments::pass(Accident crash) {
  const auto kind = static_cast<std::size_t>(crash);
  if (!accidents_.happens(crash, mix(kind, ++passed_[kind]))) return;
  trace_.note([crash] { return std::string{"ENGINE: "} + to_string(crash); });
  throw CrashHere{};
}

Position WatchedStore::commit(const Batch& batch) {
  moments_.pass(Accident::crash_before_commit);
  if (accidents_.happens(Accident::store_full, mix(life_, ++commits_, 3))) {
    moments_.trace().note([] { return "the store is full"; });
    throw StoreError(StoreError::Kind::full, "cannot write to the simulated store: it is full");
  }
  const Position first = StoreDecorator::commit(batch);
  checker_.committed(batch, first, life_, {agenda_.now(), agenda_.engine_now()});
  note(batch);
  moments_.pass(Accident::crash_after_commit);
  return first;
}

void WatchedStore::note(const Batch& batch) {
  for (const JournalAppend& append : batch.appends) {
    moments_.trace().note([&append] {
      std::string line = "engine:";
      for (const Event& event : append.events) line += std::string{" "} + event_name(event);
      return line;
    });
  }
}

std::vector<JournalRow> WatchedStore::journal(const SagaId& id, std::uint64_t after_version) {
  if (recovering_) moments_.pass(Accident::crash_in_recovery);
  return StoreDecorator::journal(id, after_version);
}

Position WatchedStore::watermark(const std::string& channel) {
  if (recovering_) moments_.pass(Accident::crash_in_recovery);
  return StoreDecorator::watermark(channel);
}

}  // namespace skald::testing
