// Checks that a text is JSON within Skald's limits, in one pass, without recursion and without
// building a tree.
//
// nlohmann's parser takes texts that would harm us later: nesting that overflows the stack when it
// is written or copied, repeated keys (the last one wins), and integers that lose digits. This
// scanner refuses them, says where, and lets whatever it passed be parsed without further care.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "skald/json.hpp"

namespace skald {

class JsonScanner {
 public:
  /// Borrows `text`, which must outlive the scanner.
  JsonScanner(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  /// Answers the part of the text without the white space around it. Call it once.
  /// \throws JsonError
  [[nodiscard]] std::string_view scan();

 private:
  struct Key {
    std::string_view name;
    std::size_t offset = 0;
  };
  struct Container {
    bool object = false;
    std::size_t first_key = 0;  // Its keys are those in keys_ from here on.
  };

  [[noreturn]] void refuse(std::size_t offset, const std::string& what) const;
  [[noreturn]] void refuse_here(const char* expected) const;
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_space();
  bool scan_value();
  void open(bool object);
  void close();
  bool close_or_next();
  void scan_key();
  void scan_literal(std::string_view literal);
  void scan_number();
  void check_integer(std::size_t start) const;
  void check_float(std::size_t start) const;
  std::size_t scan_digits();
  bool scan_string();
  void scan_escape();
  std::uint32_t scan_hex4();
  void check_keys(std::size_t first);

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  std::vector<Container> open_;
  std::vector<Key> keys_;
  std::deque<std::string> decoded_;  // Keys that were written with escapes.
};

}  // namespace skald
