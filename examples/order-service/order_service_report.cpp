#include "order_service_report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <variant>

#include "skald/view.hpp"

namespace order_service {
namespace {

std::string describe_error(const skald::ErrorInfo& error) {
  return error.message.empty() ? error.code : fmt::format("{}, {}", error.code, error.message);
}

std::string describe_turn(const skald::Definition& definition, const skald::TurnBack& cause) {
  const auto error = describe_error(cause.error);
  if (cause.step == skald::no_step) {
    return fmt::format("turns back: {}", error);
  }
  return fmt::format("turns back at {}: {}", definition.steps[cause.step].name, error);
}

}  // namespace

void report(const skald::Definition& definition, const skald::Saga& saga,
            const std::vector<skald::Event>& events) {
  const auto& order = saga.key.value_or(saga.id.to_string());
  for (const auto& event : events) {
    if (const auto* turned = std::get_if<skald::SagaTurnedBack>(&event)) {
      print_line(fmt::format("{}: {}", order, describe_turn(definition, turned->cause)));
    } else if (std::holds_alternative<skald::SagaStuck>(event)) {
      print_line(fmt::format("{}: {}", order, why(definition, saga, saga.updated_at)));
    } else if (std::holds_alternative<skald::SagaCompleted>(event) ||
               std::holds_alternative<skald::SagaCompensated>(event) ||
               std::holds_alternative<skald::SagaAbandoned>(event)) {
      print_line(fmt::format("{}: {}", order, skald::to_string(saga.status)));
    }
  }
}

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace order_service
