// A user of a broker who has exactly these rights, and those that docs/wire.md says are enough.
#pragma once

#include <string>

#include "broker.hpp"

namespace skald::test {

/// The three expressions of `rabbitmqctl set_permissions`.
struct Rights {
  std::string configure = "^$";
  std::string write = "^$";
  std::string read = "^$";
};

enum class Topology { made_by_administrator, self_declared };

/// The table in docs/wire.md, "Rights". `prefix` as in AmqpOptions.
[[nodiscard]] Rights rights_of_engine(const std::string& prefix, const std::string& engine,
                                      Topology topology);
[[nodiscard]] Rights rights_of_participant(const std::string& prefix, const std::string& name,
                                           Topology topology);

/// Exists as long as the broker does. \throws ChannelError
class BrokerUser {
 public:
  BrokerUser(const Broker& broker, const Rights& rights);
  [[nodiscard]] const std::string& name() const { return name_; }
  /// `options` with this user's login.
  [[nodiscard]] AmqpOptions login(AmqpOptions options) const;

 private:
  std::string name_;
};

}  // namespace skald::test
