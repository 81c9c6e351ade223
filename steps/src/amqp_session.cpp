#include "amqp_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "amqp_failure.hpp"

namespace skald {

namespace {

// A connection that lasted this long was a good one: the next loss starts from the first delay.
constexpr std::chrono::seconds good_connection{5};

}  // namespace

AmqpSession::AmqpSession(const AmqpOptions& options, std::string purpose, const Logger& log)
    : options_(options), purpose_(std::move(purpose)), log_(log), delay_(options.reconnect_delay) {
  for (AmqpHost& host : options_.hosts()) hosts_.push_back({std::move(host)});
}

AmqpSession::~AmqpSession() {
  ask_to_stop();
  stop(std::chrono::steady_clock::now());
}

void AmqpSession::start(Work work) {
  ended_ = false;
  thread_ = std::make_unique<DeepThread>([this, work = std::move(work)] { run(work); });
}

std::optional<std::string> AmqpSession::first_refusal(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return tried_; });
  return refusal_;
}

void AmqpSession::ask_to_stop() {
  stopping_.store(true);
  wake_.raise();
  // Nobody needs to wait for a connection that is only being made.
  if (!connected_.load()) guard_.close_for_good();
}

void AmqpSession::stop(std::chrono::steady_clock::time_point deadline) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return ended_; });
  }
  guard_.close_for_good();
  thread_.reset();
}

void AmqpSession::set_up() {
  connected_.store(true);
  for (Host& host : hosts_) host.last_failure.clear();
  log_(LogLevel::info, fmt::format("connected to {} for {}", peer_, purpose_));
  const std::lock_guard lock(mutex_);
  tried_ = true;
  changed_.notify_all();
}

void AmqpSession::run(const Work& work) {
  while (!stopping()) {
    const auto began = std::chrono::steady_clock::now();
    work_on_next_host(work);
    connected_.store(false);
    if (std::chrono::steady_clock::now() - began > good_connection) {
      delay_ = options_.reconnect_delay;
      tried_in_round_ = 1;
    }
    if (!stopping()) go_to_next_host();
  }
  const std::lock_guard lock(mutex_);
  ended_ = tried_ = true;
  changed_.notify_all();
}

// Connects and works until the connection ends.
void AmqpSession::work_on_next_host(const Work& work) {
  const AmqpOptions here = options_.at(hosts_[current_].address);
  peer_ = here.describe();
  ++tried_in_round_;
  try {
    AmqpConnection connection(here, purpose_, guard_);
    work(connection);
    if (stopping()) connection.close();
  } catch (const UnreadableDelivery& unreadable) {
    // It is out of its queue: the next connection need not wait for a better time.
    note_failure(LogLevel::error, unreadable.what(), false);
    delay_ = options_.reconnect_delay;
  } catch (const SuspectChannel& suspect) {
    note_failure(suspect.reported() ? LogLevel::debug : LogLevel::warning, suspect.what(), false);
  } catch (const ConnectionLost& lost) {
    note_failure(LogLevel::warning, lost.what(), false);
  } catch (const ChannelError& refused) {
    note_failure(LogLevel::error, refused.what(), true);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& bug) {
    // Nothing but lost memory ends this thread: messages would wait for ever and nobody be told.
    note_failure(LogLevel::error,
                 fmt::format("an error inside Skald ended the connection to {}; please report "
                             "it: {}",
                             peer_, bug.what()),
                 false);
  }
}

void AmqpSession::go_to_next_host() {
  current_ = (current_ + 1) % hosts_.size();
  if (tried_in_round_ < hosts_.size()) return;
  tried_in_round_ = 0;
  back_off();
}

void AmqpSession::note_failure(LogLevel level, const std::string& sentence, bool refused) {
  if (stopping()) return;
  // A broker that stays away is worth one line for each host, not one for each attempt.
  const bool known = std::exchange(hosts_[current_].last_failure, sentence) == sentence;
  const std::string next =
      hosts_.size() == 1
          ? std::string{}
          : fmt::format("; next is {}", hosts_[(current_ + 1) % hosts_.size()].address.to_string());
  log_(known ? LogLevel::debug : level, fmt::format("{}{} ({})", sentence, next, purpose_));
  const std::lock_guard lock(mutex_);
  if (refused && !tried_) refusal_ = sentence;
  // While hosts are away, the first attempt ends with the last of them.
  tried_ = tried_ || refused || tried_in_round_ >= hosts_.size();
  changed_.notify_all();
}

void AmqpSession::back_off() {
  std::minstd_rand random{std::random_device{}()};
  const std::int64_t shortest = delay_.count() / 2;
  const Duration delay{
      std::uniform_int_distribution<std::int64_t>{shortest, delay_.count()}(random)};
  delay_ = std::min(delay_ * 2, options_.reconnect_delay_max);
  // Other work may wake the thread too; only stopping is a reason to cut the wait short.
  const auto until = std::chrono::steady_clock::now() + delay;
  while (!stopping()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    wake_.clear();
    if (stopping()) return;
    wake_.wait(left);
  }
}

}  // namespace skald
