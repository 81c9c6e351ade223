#include "skald/error.hpp"

namespace skald {

const char* to_string(Refused::Code code) {
  switch (code) {
    case Refused::Code::invalid: return "INVALID";
    case Refused::Code::not_found: return "NOT_FOUND";
    case Refused::Code::wrong_state: return "WRONG_STATE";
    case Refused::Code::key_conflict: return "KEY_CONFLICT";
    case Refused::Code::unavailable: return "UNAVAILABLE";
  }
  return "INVALID";
}

}  // namespace skald
