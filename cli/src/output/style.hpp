// Colour, by meaning. A Painter that is switched off passes text through.
#pragma once

#include <string>
#include <string_view>

namespace skald::cli {

enum class Style { plain, bold, dim, good, busy, turning, bad };

class Painter {
 public:
  explicit Painter(bool on) : on_(on) {}
  [[nodiscard]] std::string operator()(Style style, const std::string& text) const;

 private:
  bool on_;
};

/// The style of a saga's, step's or compensation's status, by its name.
[[nodiscard]] Style style_of_status(std::string_view status);

}  // namespace skald::cli
