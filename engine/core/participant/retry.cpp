#include "skald/retry.hpp"

#include <algorithm>
#include <cmath>

namespace skald {

namespace {

// FNV-1a, finished by splitmix64's mixer: command ids differ in their last characters only, and
// FNV alone leaves the high bits of such neighbours alike.
std::uint64_t hash_of(std::string_view seed) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : seed) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27U)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31U);
}

// One of 0, 1, … `limit`, evenly.
Duration hashed_up_to(Duration limit, std::string_view seed) {
  const double fraction = std::ldexp(static_cast<double>(hash_of(seed) >> 11U), -53);
  const auto picked = static_cast<Duration::rep>(fraction * static_cast<double>(limit.count() + 1));
  return std::min(Duration(picked), limit);
}

Duration computed_delay(const RetryPolicy& policy, std::uint32_t attempts_made) {
  if (policy.initial_delay <= Duration::zero()) return Duration::zero();
  const double growth = std::pow(policy.multiplier, attempts_made > 0 ? attempts_made - 1.0 : 0.0);
  const double delay = static_cast<double>(policy.initial_delay.count()) * growth;
  // Compared as doubles, because the product may be beyond any integer, or infinite.
  if (!(delay < static_cast<double>(policy.max_delay.count()))) return policy.max_delay;
  return Duration(static_cast<Duration::rep>(delay));
}

bool contains(const std::vector<std::string>& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

Duration retry_delay(const RetryPolicy& policy, std::uint32_t attempts_made, std::string_view seed,
                     std::optional<Duration> retry_after) {
  Duration delay = computed_delay(policy, attempts_made);
  switch (policy.jitter) {
    case Jitter::none: break;
    case Jitter::full: delay = hashed_up_to(delay, seed); break;
    case Jitter::equal: delay = delay / 2 + hashed_up_to(delay - delay / 2, seed); break;
  }
  return std::max(delay, retry_after.value_or(Duration::zero()));
}

bool worth_retrying(const RetryPolicy& policy, std::string_view error_code) {
  if (contains(policy.abort_on, error_code)) return false;
  return policy.retry_on.empty() || contains(policy.retry_on, error_code);
}

}  // namespace skald
