#include "participant_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "amqp_failure.hpp"
#include "skald/crash_point.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* consumer_tag = "commands";
constexpr std::chrono::milliseconds watch_interval{500};
// Longest part of a reply's message id that is the participant's name.
constexpr std::size_t instance_name_bytes = 200;
// How long the sessions may take to say goodbye.
constexpr std::chrono::milliseconds goodbye{1'000};

Time wall_clock() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

void log_to_stderr(LogLevel level, std::string_view line) {
  if (level >= LogLevel::warning) fmt::print(stderr, "{}\n", line);
}

}  // namespace

ParticipantServer::ParticipantServer(Participant& participant, const AmqpOptions& amqp,
                                     const ServeOptions& options)
    : participant_(participant),
      amqp_(amqp),
      options_(options),
      log_(options.log ? options.log : Logger(log_to_stderr)),
      topology_(amqp),
      instance_(fmt::format("{}/{:08x}", clean_text(participant.name(), instance_name_bytes),
                            std::random_device{}())),
      desk_(
          [this](const Task& task) {
            return participant_.answers_alone(task.command.command.action);
          },
          [this] { publisher_.wake(); }, [this] { consumer_.wake(); }),
      consumer_(amqp, "commands to " + participant.name(), log_),
      publisher_(amqp, "replies of " + participant.name(), log_),
      replies_(amqp, desk_, publisher_, log_),
      late_(participant, desk_, log_, [this](const WireMessage& command, const Outcome& outcome) {
        return make_reply(command, outcome);
      }) {}

ParticipantServer::~ParticipantServer() { end_sessions(); }

// Both before either is destroyed: each wakes the other.
void ParticipantServer::end_sessions() {
  consumer_.ask_to_stop();
  publisher_.ask_to_stop();
  const auto deadline = Steady::now() + goodbye;
  consumer_.stop(deadline);
  publisher_.stop(deadline);
}

void ParticipantServer::run(const std::stop_token& stop) {
  const std::size_t threads = std::max<std::size_t>(options_.threads, 1);
  for (std::size_t i = 0; i < threads; ++i) {
    workers_.emplace_back([this](const std::stop_token& end) { carry_out(end); });
  }
  consumer_.start([this](AmqpConnection& connection) { consume(connection); });
  publisher_.start([this](AmqpConnection& connection) { replies_.work(connection); });
  for (AmqpSession* session : {&consumer_, &publisher_}) {
    if (const auto refusal = session->first_refusal(amqp_.connect_timeout)) {
      throw ChannelError(*refusal);
    }
  }
  late_.start();
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  // A broker that reads nothing any more blocks no call for longer than two heartbeats.
  const std::chrono::milliseconds blocked_limit = amqp_.heartbeat * 2;
  const auto interval = std::min(watch_interval, blocked_limit / 16);
  while (!stop.stop_requested()) {
    stopped.wait_for(lock, stop, interval, [] { return false; });
    for (AmqpSession* session : {&consumer_, &publisher_}) {
      session->guard().cut_if_blocked(blocked_limit - interval);
    }
  }
  desk_.close();
  for (std::jthread& worker : workers_) worker.request_stop();
  late_.stop();
  desk_.wait_until_done(Steady::now() + options_.grace);
  end_sessions();
  forget_late_replies();
}

// What stays is sent again at the next start.
void ParticipantServer::forget_late_replies() {
  try {
    late_.forget_confirmed();
  } catch (const ParticipantError& error) {
    log_(LogLevel::warning, fmt::format("late replies of {} will be sent once more: {}",
                                        participant_.name(), error.what()));
  }
}

void ParticipantServer::consume(AmqpConnection& connection) {
  ++connection_number_;
  book_ = AckBook{};
  desk_.drop_tasks();
  topology_.declare_for_participant(connection, participant_.name());
  connection.consume(topology_.command_queue(participant_.name()), consumer_tag, options_.prefetch);
  consumer_.set_up();
  try {
    take_deliveries(connection);
  } catch (const UnreadableDelivery& unreadable) {
    connection.reject_and_hang_up(unreadable.tag());
    throw;
  }
}

void ParticipantServer::take_deliveries(AmqpConnection& connection) {
  for (;;) {
    consumer_.clear_wake();
    const bool stopping = consumer_.stopping();
    std::vector<Task> tasks;
    while (auto event = connection.next()) {
      auto* delivered = std::get_if<Delivered>(&*event);
      if (delivered != nullptr) take_delivery(connection, *delivered, tasks);
    }
    if (!tasks.empty()) desk_.put_tasks(std::move(tasks));
    acknowledge(connection);
    if (stopping) return;
    consumer_.wait(connection, no_hurry);
  }
}

void ParticipantServer::take_delivery(AmqpConnection& connection, Delivered& delivered,
                                      std::vector<Task>& tasks) {
  const DeliveryRef delivery{connection_number_, delivered.tag};
  book_.delivered(delivered.tag);
  DecodedCommand decoded = decode_command(delivered.message, participant_.name(), amqp_.limits);
  if (auto* command = std::get_if<ReceivedCommand>(&decoded)) {
    tasks.push_back({delivery, std::move(delivered.message), std::move(*command)});
    return;
  }
  const auto& unusable = std::get<UnusableMessage>(decoded);
  if (unusable.reason == "UNSUPPORTED_PROTOCOL") {
    const auto refusal = Outcome::rejected(unusable.reason, unusable.detail);
    WireMessage reply = make_reply(delivered.message, refusal);
    desk_.put_letter({delivery, delivered.message.properties.reply_to, std::move(reply)});
    return;
  }
  log_(LogLevel::warning,
       fmt::format("a command to {} cannot be used ({}: {}); it goes to {}", participant_.name(),
                   unusable.reason, escape_controls(unusable.detail), topology_.dead()));
  connection.reject(delivered.tag);
  book_.rejected(delivered.tag);
}

void ParticipantServer::acknowledge(AmqpConnection& connection) {
  const auto settled = desk_.take_settled();
  for (const DeliveryRef& delivery : settled) {
    if (LateReplies::is_late(delivery)) late_.confirmed(delivery);
    if (delivery.connection == connection_number_) book_.settle(delivery.tag);
  }
  const std::vector<Ack> acks = book_.take_due();
  std::optional<HeldWrites> held;
  if (acks.size() > 1) held.emplace(connection.socket());
  for (const Ack& ack : acks) {
    crash_point(CrashPoint::participant_before_ack);
    connection.ack(ack.tag, ack.multiple);
    crash_point(CrashPoint::participant_acked);
  }
  if (!settled.empty()) desk_.done(settled.size());
}

void ParticipantServer::carry_out(const std::stop_token& stop) {
  for (;;) {
    const std::vector<Task> tasks = desk_.take_tasks(stop);
    if (tasks.empty()) return;
    const std::vector<Outcome> outcomes = answer(tasks, stop);
    desk_.end_transaction(tasks);
    std::vector<Letter> letters;
    letters.reserve(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      letters.push_back({tasks[i].delivery, tasks[i].command.reply_to,
                         make_reply(tasks[i].message, outcomes[i])});
    }
    desk_.put_letters(std::move(letters));
  }
}

std::vector<Outcome> ParticipantServer::answer(const std::vector<Task>& tasks,
                                               const std::stop_token& stop) {
  std::deque<HandlerCall> calls;
  std::vector<const HandlerCall*> pointers;
  for (const Task& task : tasks) {
    pointers.push_back(
        &calls.emplace_back(task.command.command, stop, std::nullopt, task.command.reply_to));
  }
  return participant_.answer_all(pointers);
}

WireMessage ParticipantServer::make_reply(const WireMessage& command, const Outcome& outcome) {
  const std::string message_id = fmt::format("{}/{}", instance_, ++reply_count_);
  WireMessage reply = encode_reply(command, outcome, message_id, wall_clock());
  const std::size_t limit = amqp_.limits.body_bytes;
  if (reply.body.size() <= limit) return reply;
  return short_reply(reply, fmt::format("the limit is {} bytes", limit));
}

void serve_over_amqp(Participant& participant, const AmqpOptions& amqp, std::stop_token stop,
                     const ServeOptions& options) {
  ParticipantServer server(participant, amqp, options);
  server.run(stop);
}

}  // namespace skald
