#include "any_saga.hpp"

#include <algorithm>
#include <random>

#include "samples.hpp"

namespace skald::test {
namespace {

class JournalMaker {
 public:
  JournalMaker(std::uint64_t number, std::uint64_t seed) : number_(number), random_(seed) {}

  std::vector<JournalRow> make(std::size_t count) {
    steps_ = static_cast<StepIndex>(draw(1, 130));
    std::vector<JournalRow> rows;
    auto start = std::get<SagaStarted>(samples_.front());
    start.id = saga_id(number_);
    start.step_count = steps_;
    fit(start);
    if (draw(0, 1) == 0) start.parent.reset();
    if (draw(0, 1) == 0) start.key.reset();
    rows.push_back(row(1, {start}));
    while (rows.size() <= count) {
      std::vector<Event> events(draw(0, 3));
      for (Event& event : events) event = any_event();
      rows.push_back(row(rows.size() + 1, std::move(events)));
    }
    return rows;
  }

 private:
  std::uint64_t draw(std::uint64_t first, std::uint64_t last) {
    return first + random_() % (last - first + 1);
  }
  StepIndex any_step() { return static_cast<StepIndex>(draw(0, steps_ - 1)); }

  JournalRow row(std::uint64_t version, std::vector<Event> events) {
    return {static_cast<Position>(version), version,
            at(static_cast<std::int64_t>(draw(0, 1 << 20))), std::move(events)};
  }

  Event any_event() {
    Event event = samples_[draw(1, samples_.size() - 1)];
    std::visit([this](auto& e) { fit(e); }, event);
    return event;
  }

  template <typename E>
  void fit(E& e) {
    if constexpr (requires { e.carried; }) {
      for (CarriedOutput& carried : e.carried) carried.step = any_step();
    }
    if constexpr (requires { e.plan; }) {
      e.plan.resize(draw(0, std::min<StepIndex>(2, steps_)));
      for (StepIndex& step : e.plan) step = any_step();
      e.cause.step = draw(0, 1) == 0 ? no_step : any_step();
    } else if constexpr (requires { e.cause; }) {
      e.cause.step = any_step();
    }
    if constexpr (requires { e.why; }) e.why.step = draw(0, 1) == 0 ? no_step : any_step();
    if constexpr (requires { e.step; }) e.step = any_step();
    if constexpr (requires { e.attempt.direction; }) {
      e.attempt = {any_step(), static_cast<Direction>(draw(0, 2)),
                   static_cast<std::uint32_t>(draw(0, 9))};
    }
  }

  std::uint64_t number_;
  std::mt19937_64 random_;
  std::vector<Event> samples_ = one_of_each_event();
  StepIndex steps_ = 1;
};

}  // namespace

std::vector<JournalRow> any_journal(std::uint64_t number, std::uint64_t seed, std::size_t rows) {
  return JournalMaker(number, seed).make(rows);
}

Batch batch_of(std::uint64_t number, const std::vector<JournalRow>& rows) {
  Batch batch;
  batch.summaries = {summary(number)};
  for (const JournalRow& row : rows) {
    batch.appends.push_back({saga_id(number), row.version, row.at, row.events});
  }
  return batch;
}

}  // namespace skald::test
