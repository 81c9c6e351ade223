// What the order service says about its orders: one line whenever something is settled.
#pragma once

#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/events.hpp"
#include "skald/saga.hpp"

namespace order_service {

/// An observer that prints a line when a saga turns back, gets stuck or ends. Runs on the
/// orchestrator's thread.
void report(const skald::Definition& definition, const skald::Saga& saga,
            const std::vector<skald::Event>& events);

/// Prints a line at once, for whoever follows the output.
void print_line(const std::string& line);

}  // namespace order_service
