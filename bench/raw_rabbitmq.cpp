#include "raw_rabbitmq.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "child.hpp"
#include "skald/error.hpp"

namespace skald::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::uint16_t prefetch = 1024;
// Acknowledgements are for many messages at once, as long as there are many.
constexpr std::uint64_t acknowledge_every = 32;

amqp_table_entry_t header(const char* key, amqp_bytes_t value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = value;
  return entry;
}

amqp_table_entry_t header(const char* key, std::int64_t value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_I64;
  entry.value.value.i64 = value;
  return entry;
}

// What a command of the engine carries besides its body, with texts as long as its own.
std::vector<amqp_table_entry_t> command_headers() {
  const auto text = [](const char* key, const char* value) {
    return header(key, amqp_cstring_bytes(value));
  };
  return {text("skald_protocol", "1"),
          text("skald_saga_id", "01a1fc70-c3c1-7b26-ae5d-81fb49d301e0"),
          text("skald_saga_type", "bench-6"),
          header("skald_saga_version", 1),
          text("skald_step", "step-1"),
          text("skald_direction", "action"),
          header("skald_attempt", 1),
          header("skald_round", 1),
          text("skald_idempotency_key", "01a1fc70-c3c1-7b26-ae5d-81fb49d301e0/step-1/action"),
          text("skald_deadline", "2026-01-01T00:00:00.000Z")};
}

std::string command_queue(const std::string& prefix) {
  return fmt::format("{}.cmd.{}", prefix, participant_name);
}

void answer(RawLink& link, const amqp_envelope_t& command) {
  const amqp_basic_properties_t& asked = command.message.properties;
  std::vector<amqp_table_entry_t> headers(asked.headers.entries,
                                          asked.headers.entries + asked.headers.num_entries);
  headers.push_back(header("skald_command_id", asked.message_id));
  headers.push_back(header("skald_outcome", amqp_cstring_bytes("success")));
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
                      AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                      AMQP_BASIC_HEADERS_FLAG;
  properties.delivery_mode = 2;
  properties.content_type = amqp_cstring_bytes("application/json");
  properties.correlation_id = asked.correlation_id;
  properties.message_id = asked.message_id;
  properties.headers = {static_cast<int>(headers.size()), headers.data()};
  const std::string reply_to(static_cast<const char*>(asked.reply_to.bytes), asked.reply_to.len);
  link.publish("", reply_to, properties, amqp_cstring_bytes(R"({"output":null})"));
}

// Follows the publisher confirms, which come out of order: up to which publish all are confirmed.
class Confirms {
 public:
  void published() { waiting_.push_back(false); }
  void take(const RawLink::Confirmed& confirmed) {
    const auto from = confirmed.multiple ? done_ + 1 : confirmed.tag;
    for (std::uint64_t tag = std::max(from, done_ + 1); tag <= confirmed.tag; ++tag) {
      waiting_[tag - done_ - 1] = true;
    }
    while (!waiting_.empty() && waiting_.front()) {
      waiting_.pop_front();
      ++done_;
    }
  }
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  std::deque<bool> waiting_;
  std::uint64_t done_ = 0;
};

// The engine's side without an engine.
class Client {
 public:
  Client(const std::string& url, const std::string& prefix, QueueKind kind, int in_flight,
         Dress dress)
      : link_(url),
        reply_queue_(prefix + ".reply.raw"),
        command_queue_(command_queue(prefix)),
        in_flight_(in_flight),
        body_(fmt::format(R"({{"input":{}}})", payload().text())) {
    if (dress == Dress::headers) headers_ = command_headers();
    link_.declare_queue(reply_queue_, kind);
    link_.consume(reply_queue_, prefetch);
  }

  Sample run(double seconds) {
    (void)exchange(0.3);
    latencies_.clear();
    const double rate = exchange(seconds);
    return {rate, latency_of(latencies_)};
  }

 private:
  double exchange(double seconds) {
    const auto began = Clock::now();
    std::uint64_t answered = 0;
    std::chrono::duration<double> elapsed{0};
    while (elapsed.count() < seconds) {
      while (static_cast<int>(sent_at_.size()) < in_flight_) send();
      const auto event = link_.next();
      if (!event) throw Error("no reply came for half a second");
      if (const auto* reply = std::get_if<RawLink::Delivery>(&*event)) {
        take(*reply);
        ++answered;
      }
      elapsed = Clock::now() - began;
    }
    return static_cast<double>(answered) / elapsed.count();
  }

  void send() {
    const std::string id = fmt::format("{:036d}/step-1/action/1", ++number_);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG |
                        AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                        AMQP_BASIC_REPLY_TO_FLAG;
    properties.delivery_mode = 2;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.correlation_id = borrow(id);
    properties.message_id = borrow(id);
    properties.reply_to = borrow(reply_queue_);
    if (!headers_.empty()) {
      properties._flags |= AMQP_BASIC_HEADERS_FLAG;
      properties.headers = {static_cast<int>(headers_.size()), headers_.data()};
    }
    link_.publish("", command_queue_, properties, borrow(body_));
    sent_at_.push_back(Clock::now());
  }

  // Replies come in order, because one participant answers in order.
  void take(const RawLink::Delivery& reply) {
    latencies_.push_back(Milliseconds(Clock::now() - sent_at_.front()).count());
    sent_at_.pop_front();
    const std::uint64_t tag = reply->delivery_tag;
    const bool due = tag - acknowledged_ >= acknowledge_every || in_flight_ == 1;
    if (!due) return;
    link_.acknowledge(tag);
    acknowledged_ = tag;
  }

  RawLink link_;
  std::string reply_queue_;
  std::string command_queue_;
  int in_flight_;
  std::vector<amqp_table_entry_t> headers_;
  std::string body_;
  std::uint64_t number_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::deque<Clock::time_point> sent_at_;
  std::vector<double> latencies_;
};

}  // namespace

void bare_participant(const std::string& url, const std::string& prefix, QueueKind kind) {
  RawLink link(url);
  const std::string queue = command_queue(prefix);
  link.declare_queue(queue, kind, prefix + ".dead");
  link.bind(queue, prefix + ".commands", participant_name);
  link.consume(queue, prefetch);
  say_ready();
  Confirms confirms;
  std::uint64_t acknowledged = 0;
  while (true) {
    const auto event = link.next();
    if (!event) continue;
    if (const auto* command = std::get_if<RawLink::Delivery>(&*event)) {
      answer(link, **command);
      confirms.published();
      continue;
    }
    // The n-th reply answers the n-th delivery, so the numbers are the same.
    confirms.take(std::get<RawLink::Confirmed>(*event));
    const bool due = confirms.done() - acknowledged >= acknowledge_every || confirms.waiting() == 0;
    if (!due || confirms.done() == acknowledged) continue;
    acknowledged = confirms.done();
    link.acknowledge(acknowledged);
  }
}

std::string fresh_prefix() {
  static int count = 0;
  return fmt::format("bench.{}.{}", ::getpid(), ++count);
}

std::string raw_rabbitmq_name(QueueKind kind, int in_flight) {
  return fmt::format("raw RabbitMQ, {}, {} in flight", to_string(kind), in_flight);
}

Row raw_rabbitmq(const Setting& setting, QueueKind kind, int in_flight, Dress dress) {
  const auto samples = setting.repeat([&] {
    const std::string prefix = fresh_prefix();
    const Child participant({"--participant", "bare", "--rabbitmq", setting.rabbitmq, "--prefix",
                             prefix, "--queue", to_string(kind)});
    Client client(setting.rabbitmq, prefix, kind, in_flight, dress);
    return client.run(setting.seconds);
  });
  const std::string name = raw_rabbitmq_name(kind, in_flight);
  if (dress == Dress::plain) return make_row(name, "round trips", 1, samples);
  return make_row(name + ", with a command's headers", "round trips", 1, samples, name);
}

}  // namespace skald::bench
