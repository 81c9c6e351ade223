// One story: an engine, sagas of hostile definitions, and a small healthy saga beside them all the
// time; everything from a seed.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "answers.hpp"
#include "engine.hpp"
#include "skald/edge_data.hpp"
#include "views.hpp"

namespace skald::faults {

struct StoryOptions {
  std::uint64_t seed = 1;
  DataMutant mutant = DataMutant::none;
  std::string folder;  ///< Where stores in files are made.
};

class Story {
 public:
  Story(const StoryOptions& options, Tally& tally);
  ~Story();
  void run();

 private:
  struct Type {
    std::string name;
    Json document;
  };

  bool begin();
  bool act();
  bool turn(Arrival arrival, const char* what);
  bool work_off();

  // Deeds; false when the engine cannot be opened any more.
  bool define();
  bool start();
  bool request();
  bool answer();
  bool stray();
  bool requeue();
  bool let_time_pass();
  bool crash();
  bool damage();
  bool one_shot();

  // The healthy saga.
  void add_neighbour(std::vector<Arrival>& batch);
  bool finish();
  bool end(const SagaId& id);

  [[nodiscard]] std::optional<Arrival> parsed(const Json& request);
  void note_refusal(const Refusal& refusal, Deed deed);

  StoryOptions options_;
  Tally& tally_;
  testing::EdgeData edge_;
  std::string file_;
  WatchedEngine engine_;
  Answers answers_;
  Views views_;
  std::vector<Type> types_;
  std::vector<Digest> accepted_;
  std::vector<std::pair<SagaId, std::size_t>> sagas_;  ///< And its type.
  std::deque<Command> unanswered_;
  std::optional<SagaId> neighbour_;
};

}  // namespace skald::faults
