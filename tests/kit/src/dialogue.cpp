// The verbs of a dialogue; what they do is in dialogue_stage.cpp.
#include "skald/dialogue.hpp"

#include <utility>

#include "dialogue_stage.hpp"

namespace skald::testing {

Outcome success() { return Outcome::success(); }
Outcome success(const Json& output) { return Outcome::success(output); }
Outcome rejected(std::string code, std::string message) {
  return Outcome::rejected(std::move(code), std::move(message));
}
Outcome failed(std::string code, std::string message) {
  return Outcome::failed(std::move(code), std::move(message));
}
Outcome unknown(std::string code, std::string message) {
  return Outcome::unknown(std::move(code), std::move(message));
}
Outcome pending(Duration lease) { return Outcome::pending(lease); }

Dialogue::Dialogue(Definition definition)
    : stage_(std::make_unique<Stage>(std::move(definition))) {}
Dialogue::~Dialogue() = default;
Dialogue::Dialogue(Dialogue&&) noexcept = default;
Dialogue& Dialogue::operator=(Dialogue&&) noexcept = default;

Dialogue& Dialogue::with(Definition child) {
  stage_->define(std::make_shared<const Definition>(std::move(child)));
  return *this;
}
Dialogue& Dialogue::start() { return start(Json::object()); }
Dialogue& Dialogue::start(const Json& input) {
  stage_->start(input);
  return *this;
}
Dialogue& Dialogue::expect_nothing() {
  stage_->expect_nothing();
  return *this;
}
Dialogue& Dialogue::expect_command(std::string_view step) {
  stage_->take(Direction::action, step, nullptr);
  return *this;
}
Dialogue& Dialogue::expect_command(std::string_view step, const Json& input) {
  stage_->take(Direction::action, step, &input);
  return *this;
}
Dialogue& Dialogue::expect_compensation(std::string_view step) {
  stage_->take(Direction::compensate, step, nullptr);
  return *this;
}
Dialogue& Dialogue::expect_resolve(std::string_view step) {
  stage_->take(Direction::resolve, step, nullptr);
  return *this;
}
Dialogue& Dialogue::reply(const Outcome& outcome) {
  stage_->reply(outcome);
  return *this;
}
Dialogue& Dialogue::reply(std::string_view step, const Outcome& outcome) {
  stage_->reply(step, outcome);
  return *this;
}
Dialogue& Dialogue::expect_timeout() {
  stage_->expect_timeout();
  return *this;
}
Dialogue& Dialogue::let_time_pass(Duration time) {
  stage_->let_time_pass(time);
  return *this;
}
Dialogue& Dialogue::signal(std::string_view name) { return signal(name, Json()); }
Dialogue& Dialogue::signal(std::string_view name, const Json& data) {
  stage_->request(SignalReceived{std::string(name), JsonText::of(data), {}});
  return *this;
}
Dialogue& Dialogue::resume() {
  stage_->request(ResumeRequested{});
  return *this;
}
Dialogue& Dialogue::retry() {
  stage_->request(RetryRequested{});
  return *this;
}
Dialogue& Dialogue::cancel() {
  stage_->request(CancelRequested{});
  return *this;
}
Dialogue& Dialogue::pause() {
  stage_->request(PauseRequested{});
  return *this;
}
Dialogue& Dialogue::abandon() {
  stage_->request(AbandonRequested{});
  return *this;
}
Dialogue& Dialogue::skip(std::string_view step, As as) {
  // The two enumerations name the same verdicts in the same order.
  stage_->request(SkipRequested{{}, no_step, static_cast<SkipRequested::As>(as), {}}, step);
  return *this;
}
Dialogue& Dialogue::crash() {
  stage_->crash();
  return *this;
}
Dialogue& Dialogue::expect_status(Status status) {
  stage_->expect_status(status);
  return *this;
}
Status Dialogue::status() const { return stage_->saga().status; }
std::string Dialogue::why() const { return stage_->why(); }
Saga Dialogue::saga() const { return stage_->saga(); }
Json Dialogue::output() const {
  const auto& output = stage_->saga().output;
  return output ? output->value() : Json();
}

}  // namespace skald::testing
