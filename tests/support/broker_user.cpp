#include "broker_user.hpp"

#include <fmt/format.h>

namespace skald::test {

namespace {

constexpr const char* password = "secret-of-a-test";

// A dot stands for itself.
std::string literal(const std::string& text) {
  std::string expression;
  for (const char c : text) {
    if (c == '.') {
      expression += "[.]";
    } else {
      expression += c;
    }
  }
  return expression;
}

}  // namespace

Rights rights_of_engine(const std::string& prefix, const std::string& engine, Topology topology) {
  const std::string p = literal(prefix);
  const std::string e = literal(engine);
  const std::string read = fmt::format("^{}[.](dead|reply[.]{})$", p, e);
  if (topology == Topology::made_by_administrator) {
    return {"^$", fmt::format("^({}[.]commands|amq[.]default)$", p), read};
  }
  return {fmt::format("^{}[.](commands|events|dead|reply[.]{})$", p, e),
          fmt::format("^({}[.](commands|dead)|amq[.]default)$", p), read};
}

Rights rights_of_participant(const std::string& prefix, const std::string& name,
                             Topology topology) {
  const std::string p = literal(prefix);
  const std::string n = literal(name);
  if (topology == Topology::made_by_administrator) {
    return {"^$", "^amq[.]default$", fmt::format("^{}[.]cmd[.]{}$", p, n)};
  }
  return {fmt::format("^{}[.](commands|events|dead|cmd[.]{})$", p, n),
          fmt::format("^({}[.](dead|cmd[.]{})|amq[.]default)$", p, n),
          fmt::format("^{}[.](commands|dead|cmd[.]{})$", p, n)};
}

// One call for both: each takes rabbitmqctl a second or two.
BrokerUser::BrokerUser(const Broker& broker, const Rights& rights)
    : name_("user-" + unique_prefix()) {
  broker.run("ctl", fmt::format("-q eval 'ok = rabbit_auth_backend_internal:add_user("
                                "<<\"{0}\">>, <<\"{1}\">>, <<\"test\">>), "
                                "ok = rabbit_auth_backend_internal:set_permissions(<<\"{0}\">>, "
                                "<<\"/\">>, <<\"{2}\">>, <<\"{3}\">>, <<\"{4}\">>, <<\"test\">>).'",
                                name_, password, rights.configure, rights.write, rights.read));
}

AmqpOptions BrokerUser::login(AmqpOptions options) const {
  options.user = name_;
  options.password = password;
  return options;
}

}  // namespace skald::test
