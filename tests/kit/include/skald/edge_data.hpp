// Data at its worst: texts, JSON values, times, definitions, requests and replies that lie at the
// edge of what is allowed, or just beyond it.
//
//   skald::testing::EdgeData edge{7};
//   const Json input = edge.input_for(definition_json);
//
// A seed always gives the same data, on every machine. Everything that is drawn is counted by kind,
// so that a test can say what it has really tried. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "skald/channel.hpp"
#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/outcome.hpp"
#include "skald/time.hpp"
#include "skald/wire.hpp"

namespace skald::testing {

/// The kinds of data that EdgeData draws.
enum class Edge : std::uint8_t {
  // Texts.
  text_plain,
  text_empty,
  text_nul,
  text_control,
  text_bidi,
  text_byte_order_mark,
  text_wide,       ///< Characters of two to four bytes.
  text_cut,        ///< Ends inside a character: no valid UTF-8, like the next five.
  text_stray,      ///< A continuation byte alone.
  text_overlong,   ///< A character in more bytes than it needs.
  text_surrogate,  ///< Half a UTF-16 pair.
  text_too_high,   ///< Beyond U+10FFFF.
  text_latin1,
  text_at_limit,  ///< One byte below, at or above 64, 255, 4096 or 65536 bytes.
  text_long_run,  ///< One character, many times.
  // JSON Pointers.
  pointer_plain,
  pointer_empty_token,
  pointer_trailing_slash,
  pointer_long_number,  ///< Twenty digits or more.
  pointer_dash,
  pointer_escaped,     ///< `~0` and `~1`.
  pointer_bad_escape,  ///< `~2`, or `~` at the end.
  pointer_leading_zero,
  pointer_negative,
  pointer_beyond_list,
  pointer_long,  ///< Many tokens, or a token of many bytes.
  // JSON values.
  value_scalar,
  value_integer_end,  ///< The ends of 8 to 64 bits, and of what a double holds exactly.
  value_double_end,   ///< -0, the smallest and the largest.
  value_deep,         ///< Around 64 levels.
  value_long_text,
  value_many_keys,
  value_strange_key,  ///< Empty, with NUL, slash or tilde.
  value_list,
  value_real,  ///< Shaped as services send it.
  // Sizes and counts.
  size_at_limit,
  size_at_sum,  ///< With what is there already, one byte below, at or above a limit.
  count_none,
  count_one,
  count_at_limit,
  // Times.
  time_usual,
  time_early,        ///< 1970 and before.
  time_nanoseconds,  ///< 2262-04-11, where 64 bits of nanoseconds end.
  time_far,          ///< 2330 to 9999.
  time_type_end,     ///< What the type holds at most or at least.
  time_leap,         ///< 29 February and second 60, as text.
  duration_usual,
  duration_nothing,  ///< Zero or negative.
  duration_far,      ///< 100 years, 292 years.
  duration_type_end,
  // Definitions, by what is wrong or large about them.
  definition_plain,
  definition_pointers,
  definition_long_normal_form,
  definition_deep_normal_form,
  definition_wide_list,   ///< `for_each` over up to the limit of steps.
  definition_heavy_list,  ///< `for_each` with a long step.
  definition_family,
  definition_sleep,
  definition_signal,
  definition_secrets,
  definition_locks,
  definition_many_conditions,
  definition_heavy_templates,  ///< Many references to a large value.
  definition_compensation,     ///< Input and output are large together.
  definition_policies,
  definition_rules,         ///< `undo`, `on_sibling_failure`, `key_reuse`, pages.
  definition_input_schema,  ///< A schema, sound or not.
  definition_damaged,       ///< A key or value that no definition has.
  // Inputs and what operators give.
  input_fits,
  input_lacks_something,
  input_anything,
  input_large,
  patch_small,
  patch_large,
  request_start,
  request_resume,
  request_skip,
  request_signal,
  request_replay,
  request_other,
  request_damaged,
  // What participants answer.
  outcome_success,
  outcome_large,  ///< Around the limit of a body.
  outcome_failure,
  outcome_pending,
  outcome_throws,  ///< The handler throws an exception whose text is any bytes.
  message_reply,
  message_bad_id,  ///< The command's id names another saga, step or attempt, in any bytes.
  message_bad_header,
  message_many_headers,
  message_bad_body,
  message_dead,
};
inline constexpr std::size_t edge_count = static_cast<std::size_t>(Edge::message_dead) + 1;
/// `text-empty` and so on.
[[nodiscard]] const char* to_string(Edge edge);

class EdgeData {
 public:
  /// How many values of each kind were drawn.
  using Counts = std::array<std::uint64_t, edge_count>;

  /// Nothing much larger than `bytes_max` is drawn: 1 MiB, the limit of JSON, needs a little more.
  explicit EdgeData(std::uint64_t seed, std::size_t bytes_max = 1'100'000)
      : state_(seed), bytes_max_(bytes_max) {}

  // Chance.
  [[nodiscard]] std::uint64_t next();
  /// From 0 to `limit` - 1; `limit` is not 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  [[nodiscard]] bool chance(unsigned percent) { return below(100) < percent; }
  template <typename T, std::size_t N>
  [[nodiscard]] T pick(const std::array<T, N>& among) {
    return among[below(N)];
  }

  // Texts.
  /// Any bytes, as a caller in C++ or a broker may hand them over.
  [[nodiscard]] std::string text();
  /// Well-formed UTF-8 of any other strangeness.
  [[nodiscard]] std::string utf8_text();
  /// Well-formed UTF-8 of exactly so many bytes.
  [[nodiscard]] std::string text_of(std::size_t bytes);
  /// A JSON Pointer below `root` (`/input`), which may be malformed.
  [[nodiscard]] std::string pointer(std::string_view root);

  // Sizes.
  /// One below, at or above what is left of `limit` when `taken` is there already; at most
  /// `bytes_max` of the constructor.
  [[nodiscard]] std::size_t size_around(std::size_t limit, std::size_t taken = 0);
  /// 0, 1, a few, or around `limit`.
  [[nodiscard]] std::size_t count_around(std::size_t limit);

  // JSON. Always well-formed UTF-8, within the limits of JSON but for the depth and the length.
  [[nodiscard]] Json value();
  /// An object, as a saga's input is.
  [[nodiscard]] Json document();
  /// `levels` arrays and objects inside each other.
  [[nodiscard]] Json deep(std::size_t levels);
  /// An object whose compact text has about so many bytes: one long text, or many small numbers.
  [[nodiscard]] Json large(std::size_t bytes);

  // Times.
  [[nodiscard]] Time time();
  [[nodiscard]] Duration duration();
  /// RFC 3339, or nearly.
  [[nodiscard]] std::string time_text();
  /// As definitions write durations, or nearly.
  [[nodiscard]] std::string duration_text();

  // Sagas.
  /// A definition of this type; make_definition() may refuse it. Its participants are `edge-1` and
  /// `edge-2`; its children are of the types `edge-child` and `edge-brood`.
  [[nodiscard]] Json definition(const std::string& type);
  /// A JSON Schema of up to so many levels; input_schema of a definition may refuse it.
  [[nodiscard]] Json schema(std::size_t levels);
  /// What definition() names as children: valid, and ends at once, or has a list of such.
  [[nodiscard]] static Json child_definition();
  [[nodiscard]] static Json brood_definition();
  /// An input for sagas of this definition, which may lack what the definition points to.
  [[nodiscard]] Json input_for(const Json& definition);
  /// A JSON Merge Patch for an input of `taken` bytes.
  [[nodiscard]] Json patch(std::size_t taken);
  /// A control request about this saga (see docs/control.md). Texts in it may be any bytes.
  [[nodiscard]] Json request(const SagaId& saga, const Json& definition);

  // Participants.
  /// What a handler answers. \throws std::runtime_error of any bytes, now and then
  [[nodiscard]] Outcome outcome();
  /// A reply to this command as it comes from the broker.
  [[nodiscard]] WireMessage reply_message(const Command& command);
  /// This command's message as a broker dead-letters it.
  [[nodiscard]] WireMessage dead_message(WireMessage command);

  [[nodiscard]] const Counts& drawn() const { return drawn_; }
  /// Counts one of this kind.
  void note(Edge edge) { ++drawn_[static_cast<std::size_t>(edge)]; }

 private:
  std::uint64_t state_;
  std::size_t bytes_max_;
  Counts drawn_{};
};

}  // namespace skald::testing
