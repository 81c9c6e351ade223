#include "skald/in_process_channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "in_process_pool.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

constexpr std::size_t threads_min = 2;
constexpr std::size_t queue_limit_min = 2;
constexpr Duration hung_after_min{1};
constexpr Duration hung_after_max{std::chrono::hours{24 * 365}};

std::size_t thread_count(const InProcessOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::max<std::size_t>(std::thread::hardware_concurrency(), threads_min);
}

ChannelError no_share(const std::string& participant) {
  return ChannelError("the share of " + participant +
                      " is 0 threads, and its commands would never run: give it 1 or more");
}

void log_to_stderr(LogLevel level, std::string_view line) {
  if (level >= LogLevel::warning) fmt::print(stderr, "{}\n", line);
}

}  // namespace

InProcessChannel::InProcessChannel(InProcessOptions options)
    : options_(std::move(options)), registry_(std::make_unique<Registry>()) {
  if (!options_.log) options_.log = log_to_stderr;
}

InProcessChannel::~InProcessChannel() = default;

bool InProcessChannel::is_open() const { return pool_ && !pool_->is_closed(); }

void InProcessChannel::demand_closed(const std::string& what) const {
  if (!is_open()) return;
  throw ChannelError("cannot add the handler " + what +
                     ": the channel is open; register handlers before the engine starts");
}

void InProcessChannel::handle(const std::string& participant, const std::string& action,
                              Handler handler) {
  demand_closed(participant + "/" + action);
  auto [entry, added] = registry_->add(participant).handlers.emplace(action, std::move(handler));
  if (!added) throw ChannelError(participant + "/" + action + " has a handler already");
}

void InProcessChannel::handle_others(const std::string& participant, Handler handler) {
  demand_closed("of " + participant);
  Handler& others = registry_->add(participant).others;
  if (others) throw ChannelError(participant + " has a handler for other actions already");
  others = std::move(handler);
}

void InProcessChannel::share(const std::string& participant, std::size_t threads) {
  if (is_open()) {
    throw ChannelError("cannot change the share of " + participant +
                       ": the channel is open; set shares before the engine starts");
  }
  if (threads == 0) throw no_share(participant);
  options_.shares.insert_or_assign(participant, threads);
}

void InProcessChannel::share_out(std::size_t threads) {
  for (const auto& [name, share] : options_.shares) {
    if (share == 0) throw no_share(name);
    if (!registry_->is_nobody(registry_->find(name))) continue;
    throw ChannelError("participant " + name +
                       " has a share of the threads and no handler: register one, or mend the name "
                       "in InProcessOptions::shares or share()");
  }
  std::size_t usual = options_.share;
  if (usual == 0) usual = registry_->size() > 1 ? std::max<std::size_t>(threads - 1, 1) : threads;
  registry_->each([&](InProcessParticipant& participant) {
    const auto own = options_.shares.find(participant.name);
    const std::size_t share = own == options_.shares.end() ? usual : own->second;
    participant.share = std::min(share, threads);
  });
}

void InProcessChannel::open(const std::string&, ChannelListener& listener) {
  if (is_open()) throw ChannelError("the in-process channel is open already");
  const std::size_t threads = thread_count(options_);
  share_out(threads);
  const std::size_t queue_limit = std::max(options_.queue_limit, queue_limit_min);
  const Duration hung_after = std::clamp(options_.hung_after, hung_after_min, hung_after_max);
  pool_ = std::make_unique<Pool>(Pool::Setting{threads, queue_limit, hung_after}, *registry_,
                                 listener, options_.log);
}

void InProcessChannel::send(std::vector<Command> commands) {
  if (pool_) pool_->send(std::move(commands));
}

void InProcessChannel::withdraw(const SagaId& saga, const AttemptRef& attempt) {
  if (pool_) pool_->withdraw(saga, attempt);
}

void InProcessChannel::receipt(const std::vector<std::uint64_t>&) {}

bool InProcessChannel::has_room(const std::string& participant) const {
  return !registry_->find(participant).full;
}

std::optional<std::string> InProcessChannel::refuses(const std::string& participant,
                                                     const std::string& action) const {
  const InProcessParticipant& known = registry_->find(participant);
  if (registry_->is_nobody(known) || known.others || known.handlers.contains(action)) {
    return std::nullopt;
  }
  return "has no handler for " + action + "; register one before the engine starts";
}

bool InProcessChannel::complete(const CommandId& id, Outcome outcome) {
  if (outcome.kind == OutcomeKind::pending) {
    throw ChannelError("complete() of " + id.to_string() +
                       " takes what the call came to, and pending is no end");
  }
  return pool_ && pool_->complete(id, std::move(outcome));
}

void InProcessChannel::close() {
  if (pool_) pool_->close();
}

}  // namespace skald
