#include "broker.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>

#include "skald/error.hpp"

namespace skald::test {

namespace {

std::string make_directory() {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/skald-broker-XXXXXX", base != nullptr ? base : "/tmp");
  if (::mkdtemp(path.data()) == nullptr) throw ChannelError("cannot make " + path);
  return path;
}

}  // namespace

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
  const std::string command =
      fmt::format("{} {} '{}' {} 2>&1", SKALD_RABBITMQ_SCRIPT, verb, directory_, arguments);
  FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) throw ChannelError("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw ChannelError(fmt::format("{} failed: {}", command, output));
  }
  return output;
}

OwnBroker::OwnBroker(const std::string& configuration)
    : directory_(make_directory()), broker_(directory_) {
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
