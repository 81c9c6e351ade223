#include "skald/amqp_options.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "skald/error.hpp"

using namespace skald;

namespace {

std::string problem_of(std::string_view url) {
  try {
    static_cast<void>(AmqpOptions::parse(url));
  } catch (const ChannelError& error) {
    return error.what();
  }
  return {};
}

bool says(const std::string& sentence, std::string_view part) {
  return sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an address with every part is read") {
  const auto options = AmqpOptions::parse(
      "amqps://order%40shop:p%3Aw%2Fd@broker.example:5700/my%2Fvhost?heartbeat=5&prefix=shop&"
      "queue_type=classic&prefetch=7&cacertfile=%2Fetc%2Fca.pem&verify=verify_none");
  CHECK(options.tls.enabled);
  CHECK(options.user == "order@shop");
  CHECK(options.password == "p:w/d");
  CHECK(options.host == "broker.example");
  CHECK(options.port == 5700);
  CHECK(options.vhost == "my/vhost");
  CHECK(options.heartbeat.count() == 5);
  CHECK(options.prefix == "shop");
  CHECK(options.queue_type == QueueType::classic);
  CHECK(options.prefetch == 7);
  CHECK(options.tls.ca_file == "/etc/ca.pem");
  CHECK_FALSE(options.tls.verify_peer);
  CHECK_FALSE(says(options.describe(), "p:w/d"));
}

TEST_CASE("what an address leaves out has the usual value") {
  const auto options = AmqpOptions::parse("amqp://localhost");
  CHECK(options.user == "guest");
  CHECK(options.port == 5672);
  CHECK(options.vhost == "/");
  CHECK(AmqpOptions::parse("amqps://h").port == 5671);
  CHECK(AmqpOptions::parse("amqp://h/").vhost == "/");
  CHECK(AmqpOptions::parse("amqp://[::1]:77/x").host == "::1");
  CHECK(AmqpOptions::parse("amqps://h").tls.verify_hostname);
}

TEST_CASE("an address may name several hosts, each with its port or without") {
  const auto options = AmqpOptions::parse("amqp://u:p,w@a:5673,b,[::1]:77/v?heartbeat=5");
  const std::vector<AmqpHost> hosts{{"a", 5673}, {"b", 5672}, {"::1", 77}};
  CHECK(options.hosts() == hosts);
  CHECK(options.password == "p,w");
  CHECK(options.vhost == "v");
  CHECK(options.describe() == "amqp://u@a:5673,b:5672,[::1]:77/v");
  CHECK(options.at(hosts[1]).describe() == "amqp://u@b:5672/v");
  CHECK(AmqpOptions::parse("amqps://a,b").hosts().back().port == 5671);
  CHECK(AmqpOptions::parse("amqp://a").hosts().size() == 1);
}

TEST_CASE("a list of hosts that cannot be used is refused, naming the host and the fix") {
  CHECK(says(problem_of("amqp://u:s3cret@a,,c"), "the host 2 of 3 is empty; write a name there"));
  CHECK(says(problem_of("amqp://u:s3cret@a,b,/"), "the host 3 of 3 is empty"));
  CHECK(says(problem_of("amqp://u:s3cret@,b"), "take a comma out"));
  CHECK(says(problem_of("amqp://u:s3cret@a,b:0"),
             "the port of the host 2 of 2 must be a number from 1 to 65535"));
  CHECK(says(problem_of("amqp://u:s3cret@a:x,b"), "the port of the host 1 of 2"));
  CHECK(says(problem_of("amqp://u:s3cret@a,[::1]x77"), "the host 2 of 2 is malformed"));
  std::string list = "h1";
  for (std::size_t i = 2; i <= amqp_hosts_max; ++i) list += fmt::format(",h{}", i);
  CHECK(AmqpOptions::parse("amqp://u@" + list).hosts().size() == amqp_hosts_max);
  CHECK(says(problem_of("amqp://u:s3cret@" + list + ",h"),
             "it names 33 hosts, and at most 32 are tried; leave some out"));
  for (const char* url : {"amqp://u:s3cret@a,,c", "amqp://u:s3,cret@a,b:0"}) {
    CHECK_FALSE(says(problem_of(url), "cret"));
  }
}

TEST_CASE("an address that cannot be used is refused, naming the part and never the password") {
  CHECK(says(problem_of("http://x"), "must begin with amqp://"));
  CHECK(says(problem_of("amqp://"), "names no host"));
  CHECK(says(problem_of("amqp://u:s3cret@h:99999"), "the port must be a number"));
  CHECK(says(problem_of("amqp://u:s3cret@h:12x"), "the port must be a number"));
  CHECK(says(problem_of("amqp://u:s3cret%2@h"), "the password holds a broken percent code"));
  CHECK(says(problem_of("amqp://u:s3cret%00@h"), "the password holds a zero byte"));
  CHECK(says(problem_of("amqp://u@h/a%0Ab"), "the vhost holds a control character"));
  CHECK(AmqpOptions::parse("amqp://u:a%0Ab@h").password == "a\nb");
  CHECK(says(problem_of("amqp://u:s3cret@h/a/b"), "%2F"));
  CHECK(says(problem_of("amqp://u:s3cret@h?colour=red"), "a setting after the '?' is not known"));
  CHECK(says(problem_of("amqp://u:s3cret@h?heartbeat=0"), "the heartbeat must be"));
  CHECK(says(problem_of("amqp://u:s3cret@h?queue_type=stream"), "quorum or classic"));
  CHECK(says(problem_of("amqp://u:s3cret@h?prefix=a%20b"), "the prefix"));
  CHECK(says(problem_of("amqps://u:s3cret@h?certfile=x"), "go together"));
  for (const char* url : {"amqp://u:s3cret@h:99999", "amqp://u:s3cret%2@h", "amqp://u:s3cret@h/a/b",
                          "amqp://u:s3cret@h?colour=red", "u:s3cret@h"}) {
    CHECK_FALSE(says(problem_of(url), "s3cret"));
  }
}

TEST_CASE("no part of a password is shown, whatever sign in it was not encoded") {
  for (const char sign : std::string_view("/?#&=:@[]%\\ ")) {
    for (const char* pattern : {"amqp://u:one{}two@h/v", "amqp://u:12{}two@h", "amqp://u:{}two@h/",
                                "amqps://u:one{}two", "amqp://u:12{}two=3@h?heartbeat=5"}) {
      const std::string url = fmt::format(fmt::runtime(pattern), sign);
      CAPTURE(url);
      if (url.ends_with("@two")) continue;  // That is the host.
      const std::string problem = problem_of(url);
      CHECK_FALSE(says(problem, "one"));
      CHECK_FALSE(says(problem, "two"));
      if (!problem.empty() || url.find('@') == std::string::npos) continue;
      const auto options = AmqpOptions::parse(url);
      CHECK(says(options.password, "two"));
      CHECK_FALSE(says(options.describe(), "two"));
    }
  }
  for (const char* url : {"amqp://u:1/two@h/", "amqp://u:1?two@h/", "amqp://u:1/2?two@h"}) {
    CHECK(says(problem_of(url), "an @ stands behind the host"));
  }
}

TEST_CASE("the address may come from a file that is its owner's alone") {
  std::string path = "/tmp/skald-url-XXXXXX";
  const int file = ::mkstemp(path.data());
  REQUIRE(file >= 0);
  ::close(file);
  std::ofstream(path) << "amqp://u:s3cret@elsewhere/\n";
  ::unsetenv("SKALD_AMQP_URL");
  ::setenv("SKALD_AMQP_URL_FILE", path.c_str(), 1);
  CHECK(AmqpOptions::from_environment().host == "elsewhere");

  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  CHECK(AmqpOptions::from_environment().host == "elsewhere");
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  CHECK_THROWS_WITH_AS(static_cast<void>(AmqpOptions::from_environment()),
                       doctest::Contains("chmod 600"), ChannelError);
  ::unlink(path.c_str());
  CHECK_THROWS_WITH_AS(static_cast<void>(AmqpOptions::from_environment()),
                       doctest::Contains("cannot read"), ChannelError);
  ::unsetenv("SKALD_AMQP_URL_FILE");
  CHECK_THROWS_WITH_AS(static_cast<void>(AmqpOptions::from_environment()),
                       doctest::Contains("set SKALD_AMQP_URL"), ChannelError);
}
