// A store in a folder of its own, the command line on it, and an engine to fill it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"
#include "skald/sqlite_store.hpp"

namespace skald::cli_test {

/// What a command line came to.
struct Result {
  int code = 0;
  std::string out;
  std::string err;

  /// The output as JSON. Fails the test when it is none.
  [[nodiscard]] Json json() const;
  /// The output's lines.
  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] bool says(const std::string& text) const;   ///< On stdout.
  [[nodiscard]] bool warns(const std::string& text) const;  ///< On stderr.
};

/// The saga of these tests: reserve, charge (both compensatable), ship (pivot), notify. Its input
/// says how participants answer: `{"outcomes": {"charge": "rejected"}}`; else they succeed. A
/// failed attempt is retried after an hour.
extern const char* const order_definition;

/// An engine on a store, with in-process participants; stops when it is destroyed.
class Engine {
 public:
  explicit Engine(const std::string& path);
  /// Starts an order and waits until it rests: it has ended, is stuck, or waits for a retry.
  std::string start(const Json& input, const std::string& key = {});
  Orchestrator& orchestrator() { return *orchestrator_; }

 private:
  SqliteStore store_;
  InProcessChannel channel_;
  std::unique_ptr<Orchestrator> orchestrator_;
};

class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Runs `skald --store <store> arguments…`.
  Result skald(std::vector<std::string> arguments, const std::string& input = {});
  /// Runs `skald arguments…`.
  Result bare(const std::vector<std::string>& arguments, const std::string& input = {});

  /// Lets an engine start an order, and stop again when it rests. Answers its id.
  std::string order(const Json& outcomes = Json::object(), const std::string& key = {});
  std::string completed(const std::string& key = {}) { return order({}, key); }
  std::string compensated() { return order({{"ship", "rejected"}}); }
  std::string stuck() { return order({{"ship", "rejected"}, {"refund", "rejected"}}); }
  std::string retrying() { return order({{"charge", "failed"}}); }

  /// Puts messages into the store's quarantine, as if they had just come over AMQP.
  void quarantine(std::vector<QuarantinedMessage> messages);

  /// Writes a file into the world's folder and answers its path.
  std::string write(const std::string& name, const std::string& text);
  [[nodiscard]] std::string store() const { return (folder_ / "orders.db").string(); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] Json show(const std::string& id);

  std::map<std::string, std::string> environment{{"SKALD_OPERATOR", "ada"}};
  bool terminal = false;          ///< Whether stdin and stdout are one.
  int pauses_until_stop = 1'000;  ///< A process that pauses more often is asked to stop.
  bool held_signals = false;  ///< At its last pause it held SIGINT back, or Ctrl-C would kill it.

 private:
  std::filesystem::path folder_;
};

/// Changes the world's store behind everybody's back.
void execute(const World& world, const std::string& sql);

}  // namespace skald::cli_test
