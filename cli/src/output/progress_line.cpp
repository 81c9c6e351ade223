#include "output/progress_line.hpp"

#include <fmt/format.h>

#include <ostream>

#include "context.hpp"

namespace skald::cli {
namespace {

constexpr auto progress_every = std::chrono::milliseconds(500);

}  // namespace

void ProgressLine::show(const std::string& text) {
  const auto now = Clock::now();
  if (context_.global.quiet || !context_.out_is_terminal || now - told_at_ < progress_every) return;
  told_at_ = now;
  shown_ = true;
  context_.err << fmt::format("\r{:<40}", text) << std::flush;
}

void ProgressLine::end() {
  if (shown_) context_.err << '\n';
  shown_ = false;
}

}  // namespace skald::cli
