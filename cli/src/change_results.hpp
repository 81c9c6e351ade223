// What came of a change, saga by saga, as it happens.
#pragma once

#include <cstddef>
#include <string>

#include "context.hpp"
#include "output/format.hpp"
#include "output/style.hpp"
#include "skald/json.hpp"

namespace skald::cli {

class ChangeResults {
 public:
  /// `named_one`: the one saga that was named; its failure is then the verb's own.
  ChangeResults(std::string verb, Format format, bool named_one, Context& context);

  /// `answer` is that of docs/control.md.
  void add(const std::string& id, const Json& answer);
  /// Ends the output and answers the exit code.
  [[nodiscard]] int finish();

 private:
  [[nodiscard]] Json as_json(const std::string& id, const Json& answer) const;
  [[nodiscard]] std::string as_text(const std::string& id, const Json& answer) const;

  std::string verb_;
  Context& context_;
  Format format_;
  bool named_one_;
  JsonWriter json_;
  Painter paint_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  Json last_failure_;
};

}  // namespace skald::cli
