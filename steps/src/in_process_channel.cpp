#include "skald/in_process_channel.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "in_process_pool.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

constexpr std::size_t threads_min = 2;
constexpr std::size_t queue_limit_min = 2;

std::size_t thread_count(const InProcessOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::max<std::size_t>(std::thread::hardware_concurrency(), threads_min);
}

}  // namespace

InProcessChannel::InProcessChannel(InProcessOptions options)
    : options_(options), registry_(std::make_unique<Registry>()) {}

InProcessChannel::~InProcessChannel() = default;

void InProcessChannel::demand_closed(const std::string& what) const {
  if (!pool_ || pool_->is_closed()) return;
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

void InProcessChannel::open(const std::string&, ChannelListener& listener) {
  if (pool_ && !pool_->is_closed()) throw ChannelError("the in-process channel is open already");
  const std::size_t queue_limit = std::max(options_.queue_limit, queue_limit_min);
  pool_ = std::make_unique<Pool>(thread_count(options_), queue_limit, *registry_, listener);
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
