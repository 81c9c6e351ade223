#include "happenings.hpp"

namespace skald::testing {
namespace {

constexpr std::array<const char*, happening_count> happening_names{"child started",
                                                                   "grandchild started",
                                                                   "completed child undone",
                                                                   "running child turned back",
                                                                   "child left alone",
                                                                   "child too deep",
                                                                   "delayed start",
                                                                   "attempt hedged",
                                                                   "hedge overtaken",
                                                                   "breaker opened",
                                                                   "breaker probed",
                                                                   "held by breaker",
                                                                   "held by bulkhead",
                                                                   "held by rate limit",
                                                                   "held by retry budget",
                                                                   "start refused",
                                                                   "momentary start",
                                                                   "momentary request",
                                                                   "momentary crash",
                                                                   "locks awaited",
                                                                   "locks granted",
                                                                   "condition false",
                                                                   "sleep ended",
                                                                   "signal taken",
                                                                   "signal missed",
                                                                   "list gathered",
                                                                   "saga out of memory",
                                                                   "committed aside",
                                                                   "decided meanwhile",
                                                                   "rolled back aside",
                                                                   "handler ended the engine",
                                                                   "run again after an end",
                                                                   "ended too often",
                                                                   "siblings awaited",
                                                                   "undone side by side",
                                                                   "key handed over",
                                                                   "message noted",
                                                                   "signal with an id"};

}  // namespace

const char* to_string(Happening happening) {
  return happening_names[static_cast<std::size_t>(happening)];
}

}  // namespace skald::testing
