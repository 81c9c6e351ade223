// Finds many texts in one, in time that grows with the length of that one and not with their
// number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace skald {

class SecretTexts {
 public:
  /// Shorter ones are not looked for: too much else would be hidden with them.
  static constexpr std::size_t bytes_min = 4;

  /// To be called before the first hide().
  void add(std::string text);
  void sort();
  [[nodiscard]] bool empty() const { return texts_.empty(); }
  /// `text` with "***" in place of each of them, and of each beginning of one that is long enough
  /// to tell it. Those that overlap are hidden together.
  [[nodiscard]] std::string hide(std::string_view text) const;

 private:
  [[nodiscard]] std::size_t length_at(std::string_view text, std::size_t at) const;
  [[nodiscard]] std::size_t hidden_end(std::string_view text, std::size_t begin,
                                       std::size_t& left) const;

  std::vector<std::string> texts_;
  std::unordered_set<std::uint32_t> beginnings_;
};

}  // namespace skald
