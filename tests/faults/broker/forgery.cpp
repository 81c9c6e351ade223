#include "forgery.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "skald/channel.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t deep = 50'000;
constexpr std::size_t beyond_the_limit = 1024UL * 1024 + 1;
constexpr std::size_t beyond_a_header = 300;

Time wall_clock() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

WireMessage success(const Original& original) {
  return honest_reply(original, Outcome::success({{"done", "forged"}}));
}

WireMessage with_body(const Original& original, std::string body) {
  WireMessage reply = success(original);
  reply.body = std::move(body);
  reply.body_bytes = reply.body.size();
  return reply;
}

WireMessage with_header(const Original& original, const char* name, HeaderValue value) {
  WireMessage reply = success(original);
  reply.headers[name] = std::move(value);
  return reply;
}

// To another command, as a whole and consistently.
template <typename Change>
WireMessage to_another(Original original, const Change& change) {
  change(original.command);
  return success(original);
}

SagaId another_saga(std::mt19937_64& random) {
  return SagaId::make(wall_clock(), random(), random());
}

}  // namespace

WireMessage honest_reply(const Original& original, const Outcome& outcome) {
  Command command;
  command.id = original.command;
  command.attempt = {0, original.command.direction, original.command.attempt};
  command.saga_type = "forged";
  command.saga_version = 1;
  command.participant = "nobody";
  command.action = "act";
  command.timeout = Duration{1'000};
  std::string why_not;
  const auto message =
      encode_command(command, original.engine, original.reply_queue, wall_clock(), {}, why_not);
  if (!message) throw ChannelError("a forgery could not be made: " + why_not);
  return encode_reply(*message, outcome, "forger/1", wall_clock());
}

const std::vector<Forgery>& forgeries() {
  using Random = std::mt19937_64;
  static const std::vector<Forgery> all{
      {"a saga that is not there", "UNKNOWN_SAGA",
       [](const Original& o, Random& random) {
         return to_another(o, [&](CommandId& id) { id.saga = another_saga(random); });
       }},
      {"a step that is not there", "UNKNOWN_STEP",
       [](const Original& o, Random&) {
         return to_another(o, [](CommandId& id) { id.step = "nowhere"; });
       }},
      {"an attempt that was never made", "FORGED_ATTEMPT",
       [](const Original& o, Random&) {
         return to_another(o, [](CommandId& id) { id.attempt = 99; });
       }},
      {"the key of another saga", "FORGED_KEY",
       [](const Original& o, Random& random) {
         WireMessage reply = success(o);
         CommandId other = o.command;
         other.saga = another_saga(random);
         reply.properties.correlation_id = other.idempotency_key();
         return reply;
       }},
      {"headers of another saga", "FORGED_KEY",
       [](const Original& o, Random& random) {
         return with_header(o, "skald_saga_id", another_saga(random).to_string());
       }},
      {"another attempt in the headers", "FORGED_KEY",
       [](const Original& o, Random&) {
         return with_header(o, "skald_attempt", std::int64_t{77});
       }},
      {"a body that is no JSON", "BAD_JSON",
       [](const Original& o, Random&) { return with_body(o, "{\"output\":"); }},
      {"a body that is no object", "BAD_JSON",
       [](const Original& o, Random&) { return with_body(o, "[1,2,3]"); }},
      {"no body", "BAD_JSON", [](const Original& o, Random&) { return with_body(o, ""); }},
      {"a body that is no UTF-8", "BAD_JSON",
       [](const Original& o, Random&) { return with_body(o, "{\"output\":\"\xC3\x28\"}"); }},
      {"a body nested too deeply", "BAD_JSON",
       [](const Original& o, Random&) {
         return with_body(o,
                          "{\"output\":" + std::string(deep, '[') + std::string(deep, ']') + "}");
       }},
      {"a body that is too large", "TOO_LARGE",
       [](const Original& o, Random&) {
         return with_body(o, "{\"output\":\"" + std::string(beyond_the_limit, 'x') + "\"}");
       }},
      {"an outcome that is none", "BAD_OUTCOME",
       [](const Original& o, Random&) { return with_header(o, "skald_outcome", "splendid"); }},
      {"a refusal without an error", "BAD_OUTCOME",
       [](const Original& o, Random&) { return with_header(o, "skald_outcome", "rejected"); }},
      {"a lease of nothing", "BAD_OUTCOME",
       [](const Original& o, Random&) {
         WireMessage reply = with_header(o, "skald_outcome", "pending");
         reply.body = R"({"lease_ms":0})";
         return reply;
       }},
      {"no command named", "BAD_HEADERS",
       [](const Original& o, Random&) {
         WireMessage reply = success(o);
         reply.headers.erase("skald_command_id");
         return reply;
       }},
      {"a command named that is none", "BAD_HEADERS",
       [](const Original& o, Random&) { return with_header(o, "skald_command_id", "a/b/c"); }},
      {"no key", "BAD_HEADERS",
       [](const Original& o, Random&) {
         WireMessage reply = success(o);
         reply.properties.correlation_id.clear();
         return reply;
       }},
      {"a header that is too long", "BAD_HEADERS",
       [](const Original& o, Random&) {
         return with_header(o, "skald_key", std::string(beyond_a_header, 'k'));
       }},
      {"another protocol", "UNSUPPORTED_PROTOCOL",
       [](const Original& o, Random&) { return with_header(o, "skald_protocol", "2"); }},
      {"nothing at all", "BAD_HEADERS", [](const Original&, Random&) { return WireMessage{}; }},
  };
  return all;
}

}  // namespace skald::faults
