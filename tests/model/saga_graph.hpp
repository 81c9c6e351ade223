// All the sagas that one definition can lead to, each kept once, and what each makes of each input.
//
// Two sagas are the same if no input can tell them apart: texts, absolute times and the past are
// left out of the comparison, the time that is left until something is due is not. So decide() is
// asked, and its answer judged, once for each saga and input, however many ways lead there.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cases.hpp"
#include "coverage.hpp"
#include "findings.hpp"
#include "moves.hpp"
#include "phases.hpp"
#include "rules.hpp"

namespace skald::model {

/// decide(), or a mutant of it.
using Decide =
    std::function<Decision(const Definition&, Saga&, const Input&, Time, const Admission&)>;

/// A command on its way: the attempt, and the round it was made in.
struct Message {
  std::uint8_t step = 0;
  Direction direction = Direction::action;
  std::uint8_t attempt = 0;
  std::uint8_t round = 1;
  auto operator<=>(const Message&) const = default;
};

/// What came of an input.
struct Answer {
  std::uint32_t next = 0;  ///< The saga from then on.
  bool changed = false;
  std::vector<Message> sent;
  std::vector<std::uint8_t> begun_children;   ///< Steps whose child was started,
  std::vector<std::uint8_t> turned_children;  ///< and whose child was told to turn back.
};

class SagaGraph {
 public:
  struct Node {
    Saga saga;
    Time now{};
    History history;
    Phase phase = Phase::not_started;
    bool probed = false;
    // What time and the engine may bring next.
    bool has_timer = false;  ///< Wants to be woken, and not for its deadline only.
    bool may_issue = false;
    std::vector<Message> outstanding;  ///< Attempts that are issued and not answered.
    // How it was first come by.
    std::uint32_t from = 0;
    Move by{};
    bool overslept = false;  ///< By nothing but time.
  };

  SagaGraph(const Case& subject, const Decide& decide, Coverage& coverage,
            testing::Findings& findings);

  [[nodiscard]] const Node& at(std::uint32_t node) const { return nodes_[node]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  /// The empty saga, which only `start` can be told.
  [[nodiscard]] static std::uint32_t not_started() { return 0; }
  /// Stays where it is, as what at() answers does.
  [[nodiscard]] const Answer& tell(std::uint32_t node, const Move& move);
  /// The same saga an hour later, and nobody told it.
  [[nodiscard]] std::uint32_t overslept(std::uint32_t node);
  /// Tells every input, wanted or not, without going on from there.
  void probe(std::uint32_t node);
  [[nodiscard]] std::uint64_t decided() const { return decided_; }
  /// The case, and what the saga has been told, in order.
  [[nodiscard]] std::string path(std::uint32_t node) const;

 private:
  struct Told {
    Node node;
    Decision decision;
  };
  [[nodiscard]] Told decide_once(std::uint32_t from, const Move& move);
  [[nodiscard]] Input start() const;
  [[nodiscard]] std::uint32_t intern(Node node);
  [[nodiscard]] std::string key(const Node& node) const;
  [[nodiscard]] std::string describe(std::uint32_t from, const Move& move) const;
  void probe(std::uint32_t node, const Move& move) { (void)decide_once(node, move); }
  void probe_attempts(std::uint32_t node, std::uint8_t step);

  const Case& subject_;
  const Definition& definition_;
  const Decide& decide_;
  Coverage& coverage_;
  testing::Findings& findings_;
  std::deque<Node> nodes_;  // Nodes stay where they are.
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::uint64_t, Answer> answers_;
  std::uint64_t decided_ = 0;
};

}  // namespace skald::model
