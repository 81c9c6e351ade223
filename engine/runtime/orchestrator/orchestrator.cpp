#include "skald/orchestrator.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/shell.hpp"

namespace skald {

Orchestrator::Orchestrator(Store& store, Channel& channel, OrchestratorOptions options)
    : shell_(std::make_unique<Shell>(store, channel, std::move(options))) {}
Orchestrator::~Orchestrator() = default;

void Orchestrator::define(const Definition& definition) {
  (void)shell_->ask<bool>(DefineArrival{std::make_shared<const Definition>(definition), {}});
}

Started Orchestrator::start(std::string_view type, const Json& input, const StartOptions& options) {
  return start(type, JsonText::of(input), options);
}

Started Orchestrator::start(std::string_view type, const JsonText& input,
                            const StartOptions& options) {
  StartOutcome outcome = shell_->start({std::string(type), input, options});
  if (const auto* refused = std::get_if<Refused>(&outcome)) throw Refused(*refused);
  return std::get<Started>(outcome);
}

void Orchestrator::start_async(NewSaga saga, StartDone done) {
  shell_->start_async(std::move(saga), std::move(done));
}

std::vector<StartOutcome> Orchestrator::start_many(std::vector<NewSaga> sagas) {
  return shell_->start_many(std::move(sagas));
}

std::optional<SagaResult> Orchestrator::wait(const SagaId& id, Duration timeout) {
  return shell_->wait(id, timeout);
}

Saga Orchestrator::saga(const SagaId& id) { return shell_->saga(id); }

void Orchestrator::signal(const SagaId& id, std::string_view name, const JsonText& data,
                          std::string_view signal_id) {
  RequestArrival arrival;
  arrival.saga = id;
  SignalReceived signal{std::string(name), data, {}};
  if (!signal_id.empty()) signal.id = std::string(signal_id);
  arrival.input = std::move(signal);
  (void)shell_->ask<RequestOutcome>(std::move(arrival));
}

Json Orchestrator::handle(const Json& request) { return shell_->handle(request); }
void Orchestrator::stop() { shell_->stop(); }
std::optional<std::string> Orchestrator::failure() const { return shell_->failure(); }

}  // namespace skald
