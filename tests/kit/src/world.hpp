// A whole world in one thread and in virtual time: clients, operators, the production coordinator
// on a memory disk, a channel and participants. The same plan and the same accidents give the same
// run, byte for byte.
//
// It goes wrong until the plan's `calm_at`; then everything heals, operators help what is stuck,
// and when all is quiet the checker looks at what came of it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/coordinator.hpp"
#include "moments.hpp"
#include "plan.hpp"
#include "sabotage.hpp"
#include "simulated_channel.hpp"
#include "skald/memory_store.hpp"

namespace skald::testing {

class World final : private ChannelListener {
 public:
  /// Everything is borrowed. `sabotage` may be absent.
  World(const Plan& plan, Accidents& accidents, Participants& participants, Findings& findings,
        Sabotage* sabotage = nullptr);
  ~World() override;

  /// The whole schedule. Once. Without `counts_effects` nothing is made of what took effect, since
  /// the participants do not say.
  void run(bool counts_effects = true);

  struct Counts {
    std::uint64_t lives = 0;
    std::uint64_t crashes = 0;
    std::uint64_t batches = 0;
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;
    std::uint64_t unheard = 0;  ///< Requests that came while no engine ran.
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] Trace& trace() { return trace_; }
  [[nodiscard]] const Checker& checker() const { return checker_; }
  [[nodiscard]] const SimulatedChannel& channel() const { return channel_; }

 private:
  struct Life;
  struct Client {
    bool waiting = false;  ///< Asked, and not answered yet.
    bool done = false;
    int tries = 0;
  };

  // Of the channel: into the inbox.
  void sent(const SagaId& saga, const AttemptRef& attempt) override;
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override;
  void replied(Reply reply) override;
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override;
  void room() override;

  // Lives of the engine.
  void open();
  void stop();
  void die(bool crashed);
  void take_over();
  void plan_end_of_life();
  [[nodiscard]] std::unique_ptr<Life> make_life(Mode mode);
  void commit_aside_later(Life& life, std::uint64_t number);
  void process();
  void process_batch(std::vector<Arrival> batch);
  void note_holds();
  void receipt_early(const std::vector<Arrival>& batch);

  // Owners for a moment (world_moments.cpp).
  void schedule_visits();
  void visit(std::uint64_t number);
  [[nodiscard]] bool becomes_owner(Label occasion);
  void own_for(Arrival arrival);

  // Clients and operators.
  void schedule_plan();
  void schedule_shortage(std::size_t number);
  void set_room(const std::string& participant, bool room);
  void start(std::size_t number);
  void retry_start(std::size_t number);
  void request(const PlannedRequest& planned);
  [[nodiscard]] Arrival start_arrival(std::size_t number);
  void ask(const SagaId& saga, Verb verb, const std::string& step, const Given& given = {});
  [[nodiscard]] Arrival asking(const SagaId& saga, Verb verb, const std::string& step,
                               const Given& given);
  bool tend();
  bool tend(const Witness& witness);

  void run_until_quiet();
  bool step();
  [[nodiscard]] std::optional<Time> engine_due() const;

  const Plan& plan_;
  Accidents& accidents_;
  Sabotage* sabotage_;
  Agenda agenda_;
  Trace trace_;
  Checker checker_;
  Moments moments_;
  SimulatedChannel channel_;
  NullChannel no_channel_;
  MemoryDisk disk_;
  std::unique_ptr<Life> life_;
  std::shared_ptr<MemoryStore> memory_;  ///< The newest owner's; shared, for the mutant only.
  std::vector<Arrival> inbox_;
  std::vector<Client> clients_;
  std::map<SagaId, int> tended_;
  bool nudged_ = false;  ///< A commit is done, and the engine does not know yet.
  Time busy_until_{};
  Time calm_at_{};
  Counts counts_;
};

}  // namespace skald::testing
