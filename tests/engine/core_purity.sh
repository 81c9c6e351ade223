#!/usr/bin/env bash
# What the compiled core needs from outside: no thread, no clock, no file, no socket, no random
# device, and nothing of the runtime. Its one argument is the library. A lock is allowed: the schemas
# that were used last are kept for all threads (core/schema/memory.hpp).
set -euo pipefail

needed=$(nm --demangle --undefined-only "$1")
grep -q 'fmt::' <<<"$needed" || {
  echo "core_purity: $1 does not even need fmt: is it the core?"
  exit 1
}
forbidden='pthread_(create|join|cond|once)|std::thread|std::condition_variable|std::call_once'
forbidden+='|clock_gettime|gettimeofday|chrono::_V2::(system|steady)_clock::now|__1::chrono.*::now'
forbidden+='|std::basic_[io]?fstream|std::filesystem| (fopen|fopen64|open|open64|openat|read|write|unlink|stat)$'
forbidden+='| (socket|connect|getenv|time|rand|random)$|std::random_device|sqlite3_|amqp_'
forbidden+='|skald::(SystemClock|Coordinator|Orchestrator|crash_point)'
if grep -E "$forbidden" <<<"$needed"; then
  echo "core_purity: the core must not need these; move what does to engine/runtime"
  exit 1
fi
echo "core_purity: the core needs $(sort -u <<<"$needed" | wc -l) symbols, none of them impure"
