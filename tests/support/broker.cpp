#include "broker.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "scripts.hpp"
#include "skald/error.hpp"

namespace skald::test {

Broker Broker::shared() {
  const char* directory = std::getenv("SKALD_TEST_BROKER");
  if (directory == nullptr) {
    throw ChannelError(
        "SKALD_TEST_BROKER is not set: run this through ctest, or start a broker by "
        "tests/support/rabbitmq.sh start DIR and set it to DIR");
  }
  return Broker(directory);
}

std::string Broker::url() const {
  std::ifstream file(directory_ + "/url");
  std::string url;
  if (!std::getline(file, url)) throw ChannelError("no broker runs in " + directory_);
  return url;
}

AmqpOptions Broker::options(const std::string& prefix) const {
  AmqpOptions options = AmqpOptions::parse(url());
  options.prefix = prefix;
  options.reconnect_delay = Duration{50};
  options.reconnect_delay_max = Duration{500};
  return options;
}

std::string Broker::run(const std::string& verb, const std::string& arguments) const {
  return run_script_file(SKALD_RABBITMQ_SCRIPT, verb, directory_, arguments);
}

OwnBroker::OwnBroker(const std::string& configuration)
    : directory_(make_scratch_directory()), broker_(directory_) {
  std::ofstream(directory_ + "/extra.conf") << configuration;
  broker_.run("start");
}

OwnBroker::~OwnBroker() {
  try {
    broker_.run("remove");
  } catch (const ChannelError& error) {
    fmt::print(stderr, "{}\n", error.what());
  }
}

std::string unique_prefix() {
  static std::atomic<int> count{0};
  return fmt::format("t{}.{}", ::getpid(), ++count);
}

}  // namespace skald::test
