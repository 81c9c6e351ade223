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

void throw_misuse(const std::string& what) {
  throw StoreError(StoreError::Kind::failed,
                   what + "; this is a bug of the engine; nothing was stored");
}

void throw_no_summary(const SagaId& saga) {
  throw_misuse(fmt::format("saga {} has a journal row but no summary", saga.to_string()));
}

void throw_version_gap(const SagaId& saga, std::uint64_t last, std::uint64_t given) {
  throw_misuse(fmt::format("saga {} is at version {}, and version {} does not follow",
                           saga.to_string(), last, given));
}

}  // namespace skald
