// What a sanitizer changes: memory says nothing any more, and programs take several times as long.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SKALD_SANITIZED 1
#else
#define SKALD_SANITIZED 0
#endif

namespace skald::test {

/// Not by a sanitizer, which keeps what was freed and shadows of it.
inline constexpr bool memory_can_be_judged = SKALD_SANITIZED == 0;
/// How much longer our own work may take than it would otherwise.
inline constexpr int slowdown = SKALD_SANITIZED == 0 ? 1 : 8;

}  // namespace skald::test
