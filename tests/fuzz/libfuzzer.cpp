// The same targets for libFuzzer, which needs clang (the preset `fuzz`): one program for each.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const skald::fuzz::Target* const target = skald::fuzz::find_target(SKALD_FUZZ_TARGET);
  try {
    static_cast<void>(target->read({reinterpret_cast<const char*>(data), size}));
  } catch (const skald::fuzz::Violation& violation) {
    std::fprintf(stderr, "VIOLATION in %s: %s\n", target->name, violation.what.c_str());
    std::abort();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "VIOLATION in %s: it throws %s\n", target->name, error.what());
    std::abort();
  }
  return 0;
}
