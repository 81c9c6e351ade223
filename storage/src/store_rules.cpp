#include "store_rules.hpp"

#include <fmt/format.h>

#include "skald/error.hpp"

namespace skald {

void throw_definition_used(const Definition& definition) {
  throw Refused(Refused::Code::wrong_state,
                fmt::format("sagas have used another definition of {} version {}; give the changed "
                            "definition a new version",
                            definition.type, definition.version));
}

void throw_definition_in_use(const std::string& type, std::int64_t version, const SagaId& saga) {
  throw Refused(Refused::Code::wrong_state,
                fmt::format("saga {} uses the definition {} version {}; end the sagas that use it "
                            "and purge them first",
                            saga.to_string(), type, version));
}

void throw_unusable(const UnusableDefinition& definition) {
  throw StoreError(
      StoreError::Kind::corrupt,
      fmt::format("the definition {} version {} in the store cannot be used: {}; define the same "
                  "definition again, or restore the store from a backup",
                  definition.type, definition.version, definition.problem));
}

void require_readable(const Definition& definition) {
  std::string problem;
  try {
    if (parse_definition(definition.normal_form()).digest() == definition.digest()) return;
    problem = "its normal form stands for another definition; this is a bug of Skald";
  } catch (const DefinitionError& error) {
    problem = fmt::format(
        "its normal form, where every value is stated, is refused: {}; make the "
        "definition smaller",
        error.what());
  }
  throw Refused(Refused::Code::invalid,
                fmt::format("the definition {} version {} cannot be stored: {}", definition.type,
                            definition.version, problem));
}

void throw_misuse(const std::string& what) {
  throw StoreError(StoreError::Kind::failed,
                   what + "; this is a bug of the engine; nothing was stored");
}

void throw_no_summary(const SagaId& saga) {
  throw_misuse(fmt::format("saga {} has a journal row but no summary", saga.to_string()));
}

void throw_untimely_snapshot(const Saga& snapshot, std::uint64_t version) {
  throw_misuse(fmt::format("saga {} is at version {}, and its snapshot at version {}",
                           snapshot.id.to_string(), version, snapshot.version));
}

void throw_version_gap(const SagaId& saga, std::uint64_t last, std::uint64_t given) {
  throw_misuse(fmt::format("saga {} is at version {}, and version {} does not follow",
                           saga.to_string(), last, given));
}

}  // namespace skald
