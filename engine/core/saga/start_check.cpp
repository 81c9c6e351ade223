#include "saga/start_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "saga/command_body.hpp"
#include "schema/input_schema.hpp"

namespace skald {
namespace {

class StartCheck {
 public:
  StartCheck(const Definition& definition, const StartRequested& request, PayloadTrees& trees)
      : definition_(definition), request_(request), trees_(trees) {
    for (const CarriedOutput& carried : request.carried) carried_.insert(carried.step);
  }

  [[nodiscard]] std::optional<std::string> problem() {
    if (definition_.input_schema) {
      const InputSchema schema = InputSchema::of(*definition_.input_schema);
      if (auto unfit = schema.problem_of(trees_.input(saga()))) return unfit;
    }
    for (StepIndex i = 0; i < definition_.steps.size(); ++i) {
      if (carried_.contains(i) || !surely_runs(definition_.steps[i])) continue;
      if (auto problem = problem_of(definition_.steps[i])) return problem;
    }
    return missing_for(definition_.output, nullptr,
                       [] { return std::string("the output of the saga"); });
  }

 private:
  static bool is_below(std::string_view pointer, std::string_view root) {
    return pointer.size() > root.size() && pointer.front() == '/' &&
           pointer.substr(1, root.size()) == root &&
           (pointer.size() == root.size() + 1 || pointer[root.size() + 1] == '/');
  }

  // The values of earlier steps are not there yet.
  static bool is_known(const std::string& pointer, const Step* step) {
    for (const std::string_view root : {"input", "key", "id"}) {
      if (is_below(pointer, root)) return true;
    }
    return step && step->element && is_below(pointer, step->element->name);
  }

  static bool all_known(const std::vector<std::string>& pointers, const Step& step) {
    return std::all_of(pointers.begin(), pointers.end(),
                       [&](const std::string& pointer) { return is_known(pointer, &step); });
  }

  [[nodiscard]] bool surely_runs(const Step& step) {
    const auto on_failure = step.on_failure.action;
    if (on_failure == OnFailure::Action::skip || on_failure == OnFailure::Action::fallback) {
      return false;
    }
    if (!step.when) return true;
    return all_known(step.when->pointers(), step) &&
           condition_holds(definition_, saga(), step, trees_);
  }

  [[nodiscard]] std::optional<std::string> problem_of(const Step& step) {
    const auto of_step = [&] { return "the input of step " + step.name; };
    if (auto problem = missing_for(step.input, &step, of_step)) return problem;
    if (const auto* child = step.as<ChildSaga>()) return missing_for(child->input, &step, of_step);
    if (const auto* sleep = step.as<Sleep>()) return problem_of_sleep(*sleep, step);
    if (!step.compensation) return std::nullopt;
    return missing_for(step.compensation->input, &step, [&] {
      return fmt::format("the input of {} of step {}", step.compensation->action, step.name);
    });
  }

  [[nodiscard]] std::optional<std::string> problem_of_sleep(const Sleep& sleep, const Step& step) {
    const auto of_step = [&] { return "the sleep of step " + step.name; };
    if (auto problem = missing_for(sleep.until, &step, of_step)) return problem;
    if (sleep.until.pointers().empty() || !all_known(sleep.until.pointers(), step)) {
      return std::nullopt;
    }
    std::string problem;
    const auto rendered = render_template(sleep.until, definition_, saga(), &step, trees_, problem);
    if (rendered && sleep_end(definition_, *rendered, Time{}, problem)) return std::nullopt;
    return of_step() + " " + problem;
  }

  // A pointer that leads nowhere may have a default. Only then the template is filled in to tell,
  // with something in the place of what is not known yet.
  template <typename Describe>
  [[nodiscard]] std::optional<std::string> missing_for(const std::optional<Template>& checked,
                                                       const Step* step, Describe describe) {
    return checked ? missing_for(*checked, step, describe) : std::nullopt;
  }
  template <typename Describe>
  [[nodiscard]] std::optional<std::string> missing_for(const Template& checked, const Step* step,
                                                       Describe describe) {
    const auto& pointers = checked.pointers();
    const bool leads_nowhere =
        std::any_of(pointers.begin(), pointers.end(), [&](const std::string& pointer) {
          return is_known(pointer, step) &&
                 !SagaLookup(definition_, saga(), trees_, step).at(pointer);
        });
    if (!leads_nowhere) return std::nullopt;
    SagaLookup lookup(definition_, saga(), trees_, step);
    const Json not_yet;
    const auto known_or_null = [&](const std::string& pointer) {
      return is_known(pointer, step) ? lookup.at(pointer) : &not_yet;
    };
    std::string problem;
    if (checked.render(known_or_null, problem)) return std::nullopt;
    return fmt::format("{} {}; give that value, or let the definition state a \"default\" for it",
                       describe(), problem);
  }

  // Made when it is asked for: most starts have nothing to look up.
  [[nodiscard]] const Saga& saga() {
    if (!saga_) {
      saga_.emplace();
      saga_->id = request_.id;
      saga_->key = request_.key;
      saga_->input = request_.input;
    }
    return *saga_;
  }

  const Definition& definition_;
  const StartRequested& request_;
  PayloadTrees& trees_;
  std::optional<Saga> saga_;
  StepSet carried_;
};

}  // namespace

std::optional<std::string> problem_of_start(const Definition& definition,
                                            const StartRequested& request, PayloadTrees& trees) {
  return StartCheck(definition, request, trees).problem();
}

}  // namespace skald
