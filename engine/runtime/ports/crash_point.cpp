#include "skald/crash_point.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace skald {
namespace {

constexpr std::array names{
    "store.locked",
    "store.created",
    "schema.before-commit",
    "schema.after-commit",
    "epoch.before-commit",
    "store.opened",
    "store.before-commit",
    "store.after-commit",
    "store.before-checkpoint",
    "store.after-checkpoint",
    "store.closing",
    "backup.copied",
    "backup.linked",
    "control.before-request",
    "control.before-answer",
    "batch.before-commit",
    "batch.before-send",
    "batch.after-send",
    "batch.before-answers",
    "batch.answered",
    "watermark.before-commit",
    "watermark.after-commit",
    "recovery.of-saga",
    "recovery.rebuilt",
    "recovery.open",
    "recovery.before-resend",
    "recovery.resent",
    "engine.stopping",
    "engine.stopped",
    "participant.before-commit",
    "participant.after-commit",
    "barrier.claimed",
    "barrier.before-finish",
    "barrier.finished",
    "in-process.before-reply",
    "in-process.replied",
    "amqp.before-publish",
    "amqp.published",
    "amqp.before-ack",
    "amqp.acked",
    "participant.before-reply",
    "participant.replied",
    "participant.before-ack",
    "participant.acked",
};
static_assert(names.size() == crash_point_count);

std::atomic<std::uint64_t> arrivals_left{1};

void say(const std::string& text) {
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
}

// Nobody could tell a run with a mistyped name from one that survived.
[[noreturn]] void refuse(std::string_view setting) {
  say(fmt::format("skald: SKALD_CRASH_AT={} is not the name of a crash point, or name:count\n",
                  setting));
  ::_exit(2);
}

}  // namespace

const char* to_string(CrashPoint point) { return names[static_cast<std::size_t>(point)]; }

namespace detail {

std::atomic<int> armed_crash_point{-1};

void come_to_armed_crash_point() {
  if (arrivals_left.fetch_sub(1) != 1) return;
  say(fmt::format("skald: dies at {}, as SKALD_CRASH_AT says\n",
                  names[static_cast<std::size_t>(armed_crash_point.load())]));
  ::_exit(crash_exit_code);
}

}  // namespace detail

void arm_crash_point_from_environment() {
  const char* setting = std::getenv("SKALD_CRASH_AT");
  if (setting == nullptr || *setting == '\0') return;
  const std::string_view text(setting);
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    std::uint64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, count);
    if (error != std::errc{} || rest != end || count == 0) refuse(text);
    arrivals_left = count;
  }
  const auto name = std::find(names.begin(), names.end(), text.substr(0, colon));
  if (name == names.end()) refuse(text);
  detail::armed_crash_point = static_cast<int>(name - names.begin());
}

}  // namespace skald
