#include "shortage.hpp"

#include <sqlite3.h>

#include <cstdlib>
#include <new>

namespace skald::faults {
namespace {

// Set before `figures`, and left alone while that is set.
Shortage shortage;
std::atomic<ShortageFigures*> figures{nullptr};

bool fails_now(Memory memory) {
  ShortageFigures* const now = figures.load(std::memory_order_acquire);
  if (now == nullptr || shortage.memory != memory) return false;
  const Phase phase = now->phase.load();
  const std::uint64_t number = now->met[static_cast<std::size_t>(phase)].fetch_add(1) + 1;
  const bool is_it = phase == shortage.phase && number == shortage.nth;
  const bool fails = is_it || (shortage.lasting && now->fired.load() > 0);
  if (fails) ++now->fired;
  return fails;
}

sqlite3_mem_methods sqlite_memory;

void* allocate_for_sqlite(int bytes) {
  return fails_now(Memory::sqlite) ? nullptr : sqlite_memory.xMalloc(bytes);
}
void* reallocate_for_sqlite(void* block, int bytes) {
  return fails_now(Memory::sqlite) ? nullptr : sqlite_memory.xRealloc(block, bytes);
}

}  // namespace

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::opening: return "opening";
    case Phase::starting: return "starting";
    case Phase::working: return "working";
    case Phase::requesting: return "requesting";
    case Phase::closing: return "closing";
  }
  return "?";
}

void route_sqlite_memory() {
  sqlite3_shutdown();
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
  sqlite3_mem_methods routed = sqlite_memory;
  routed.xMalloc = &allocate_for_sqlite;
  routed.xRealloc = &reallocate_for_sqlite;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &routed) != SQLITE_OK) std::abort();
}

void begin_shortage(const Shortage& begun, ShortageFigures& told) {
  shortage = begun;
  figures.store(&told, std::memory_order_release);
}

void end_shortage() { figures.store(nullptr); }

namespace {

void* allocate(std::size_t bytes) {
  if (fails_now(Memory::objects)) throw std::bad_alloc();
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}

}  // namespace
}  // namespace skald::faults

// Of the whole program. Not inlined, or the compiler takes the pair apart and warns of one half.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return skald::faults::allocate(bytes); }
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return skald::faults::allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
