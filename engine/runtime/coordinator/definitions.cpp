// Definitions, and what else is asked of the store as a whole.
#include <fmt/format.h>

#include "coordinator/coordinator.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

}  // namespace

// What no participant could carry out would show only when it is wanted: an undo, say.
std::optional<std::string> Coordinator::refused_by_channel(const std::vector<Step>& steps) const {
  for (const Step& step : steps) {
    if (const auto* list = step.as<ForEach>()) {
      if (auto refusal = refused_by_channel({*list->step})) return refusal;
    }
    if (!step.as<Call>()) continue;
    const auto asked = [&](const std::string& action) -> std::optional<std::string> {
      const auto why = channel_.refuses(step.participant, action);
      if (!why) return std::nullopt;
      return fmt::format("step {}: participant {} {}", step.name, step.participant, *why);
    };
    if (auto refusal = asked(step.action)) return refusal;
    if (step.compensation) {
      if (auto refusal = asked(step.compensation->action)) return refusal;
    }
    if (!step.resolve.empty()) {
      if (auto refusal = asked(step.resolve)) return refusal;
    }
  }
  return std::nullopt;
}

void Coordinator::take(DefineArrival& a) {
  const DefinitionPtr known = newest_definition(a.definition->type, a.definition->version);
  const bool is_new = !known || known->digest() != a.definition->digest();
  if (is_new && settings_.mode == Mode::engine) {
    auto refusal = book_.refusal_of(*a.definition, known_definitions());
    if (!refusal) refusal = refused_by_channel(a.definition->steps);
    if (refusal) {
      a.answer(Refusal{Code::wrong_state, *std::move(refusal)});
      return;
    }
  }
  try {
    store().put_definition(a.definition);
  } catch (const Refused& refused) {
    a.answer(Refusal{refused.code(), refused.what()});
    return;
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    a.answer(Refusal{Code::unavailable, error.what()});
    return;
  }
  register_definition(a.definition);
  // What contradicts itself now did so when the engine was opened, and was logged then.
  if (is_new) (void)book_.use(known_definitions());
  a.answer(true);  // It is stored by itself, whatever becomes of the batch.
}

// Each by itself, so that nothing of the batch hangs on it.
void Coordinator::look_after_the_store() {
  const auto carry_out = [](auto& arrival, const auto& work) {
    try {
      arrival.answer(work());
    } catch (const Refused& refused) {
      arrival.answer(Refusal{refused.code(), refused.what()});
    } catch (const StoreError& error) {
      // An old saga that is damaged stops no engine. Whether the disk has failed, which it does not
      // survive, the next commit says.
      const bool damaged = error.kind() == StoreError::Kind::corrupt;
      if (!damaged && !is_passing(error)) throw;
      arrival.answer(Refusal{damaged ? Code::wrong_state : Code::unavailable, error.what()});
    }
  };
  for (PurgeArrival& a : std::exchange(purges_, {})) {
    carry_out(a, [&] { return store().purge(a.slice); });
  }
  for (ReleaseSpaceArrival& a : std::exchange(releases_, {})) {
    carry_out(a, [&] { return store().release_space(a.bytes_max); });
  }
  for (DropDefinitionArrival& a : std::exchange(definition_drops_, {})) {
    carry_out(a, [&] { return drop_definition(a); });
  }
}

// Also one that cannot be used, which nobody here has registered.
bool Coordinator::drop_definition(const DropDefinitionArrival& a) {
  const DefinitionPtr known = newest_definition(a.type, a.version);
  std::optional<Digest> digest;
  if (known) digest = known->digest();
  if (!known) {
    for (const UnusableDefinition& unusable : store().unusable_definitions()) {
      if (unusable.type == a.type && unusable.version == a.version) digest = unusable.digest;
    }
  }
  if (!digest || !store().drop_definition(*digest)) {
    throw Refused(Code::not_found,
                  fmt::format("the store has no definition {} v{}", a.type, a.version));
  }
  if (!known) return true;
  definitions_.erase(*digest);
  const auto versions = by_type_.find(a.type);
  versions->second.erase(a.version);
  if (versions->second.empty()) by_type_.erase(versions);
  (void)book_.use(known_definitions());  // Conflicts that are left were logged before.
  return true;
}

}  // namespace skald
