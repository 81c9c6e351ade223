#include "amqp_bench.hpp"

#include <doctest/doctest.h>

namespace skald::test {

template <class Change>
void Notes::note(const Change& change) {
  const std::lock_guard lock(mutex_);
  change(page_);
  changed_.notify_all();
}

void Notes::sent(const SagaId&, const AttemptRef& attempt) {
  note([&](Page& page) { page.sent.push_back(attempt); });
}

void Notes::confirmed(Position position, const SagaId&, const AttemptRef&) {
  note([&](Page& page) { page.confirmed.push_back(position); });
}

void Notes::replied(Reply reply) {
  note([&](Page& page) { page.replies.push_back(std::move(reply)); });
}

void Notes::unusable(QuarantinedMessage message, std::uint64_t receipt) {
  note([&](Page& page) { page.unusable.emplace_back(std::move(message), receipt); });
}

void Notes::room() {
  note([](Page& page) { ++page.room; });
}

void Notes::await(const std::function<bool(const Page&)>& so, const char* what) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, patience, [&] { return so(page_); });
  REQUIRE_MESSAGE(came, "waited in vain for: " << what);
}

Notes::Page Notes::page() const {
  const std::lock_guard lock(mutex_);
  return page_;
}

Delivered Wire::receive() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto event = connection.next()) {
      if (auto* delivered = std::get_if<Delivered>(&*event)) return std::move(*delivered);
      continue;
    }
    connection.wait(-1, std::chrono::milliseconds{1000});
  }
  FAIL("no delivery came");
  return {};
}

bool Wire::publish(const std::string& exchange, const std::string& key,
                   const WireMessage& message) {
  connection.publish(exchange, key, true, message);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  bool routed = true;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto event = connection.next()) {
      if (std::holds_alternative<Returned>(*event)) routed = false;
      if (std::holds_alternative<Confirmed>(*event)) return routed;
      continue;
    }
    connection.wait(-1, std::chrono::milliseconds{1000});
  }
  FAIL("no confirm came");
  return false;
}

Participant::Participant(const AmqpOptions& options, const std::string& name) : Wire(options) {
  AmqpTopology topology(options);
  topology.declare_for_participant(connection, name);
  connection.consume(topology.command_queue(name), "commands", 100);
}

void Participant::answer(const Delivered& command, const Outcome& outcome) {
  const WireMessage reply =
      encode_reply(command.message, outcome, "reply-" + std::to_string(command.tag), Time{});
  connection.publish("", command.message.properties.reply_to, false, reply);
  connection.ack(command.tag, false);
}

Command command_for(std::uint64_t number, const std::string& participant) {
  Command command;
  const SagaId saga = SagaId::make(Time{Duration{1'000'000}}, 7, number);
  command.id = {saga, "step-a", Direction::action, 1};
  command.attempt = {0, Direction::action, 1};
  command.saga_type = "place-order";
  command.saga_version = 3;
  command.participant = participant;
  command.action = "reserve";
  command.key = "order-" + std::to_string(number);
  command.timeout = Duration{5000};
  command.body = JsonText::parse(R"({"input":{"sku":"umbrella"}})");
  command.position = static_cast<Position>(number);
  return command;
}

std::vector<std::string> left_in(const AmqpOptions& options, const std::string& queue) {
  Wire wire(options);
  wire.connection.select_confirms();
  WireMessage marker;
  marker.properties.message_id = "marker";
  REQUIRE(wire.publish("", queue, marker));
  wire.connection.consume(queue, "left", 100);
  std::vector<std::string> ids;
  for (;;) {
    const Delivered delivered = wire.receive();
    wire.connection.ack(delivered.tag, false);
    if (delivered.message.properties.message_id == "marker") break;
    ids.push_back(delivered.message.properties.message_id);
  }
  wire.connection.close();
  return ids;
}

}  // namespace skald::test
