#include "exit_code.hpp"

namespace skald::cli {

int exit_code(Refused::Code code) {
  switch (code) {
    case Refused::Code::invalid: return exit_usage;
    case Refused::Code::not_found: return exit_not_found;
    case Refused::Code::wrong_state:
    case Refused::Code::key_conflict: return exit_wrong_state;
    case Refused::Code::unavailable: return exit_unavailable;
  }
  return exit_failed;
}

int exit_code(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::locked:
    case StoreError::Kind::fenced:
    case StoreError::Kind::full: return exit_unavailable;
    case StoreError::Kind::newer:
    case StoreError::Kind::not_a_store:
    case StoreError::Kind::corrupt:
    case StoreError::Kind::failed: return exit_failed;
  }
  return exit_failed;
}

}  // namespace skald::cli
