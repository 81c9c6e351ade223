// The commands that spec scripts are written in; see tests/spec/README.md.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "spec_saga.hpp"

namespace skald::spec {

/// Runs the commands of one script, in order, on one saga.
class SpecRunner {
 public:
  /// One command, which may span several lines, and its output.
  /// \throws std::runtime_error for a command that is not understood.
  std::string run(const std::string& command);

  [[nodiscard]] SpecSaga& saga();
  /// Lets other scripts name a definition.
  void define(const std::string& name, DefinitionPtr definition);

 private:
  [[nodiscard]] std::string told(const Input& input);

  std::map<std::string, DefinitionPtr> definitions_;
  std::unique_ptr<SpecSaga> saga_;
};

/// One input from its words, e.g. `reply charge rejected DECLINED`.
[[nodiscard]] Input parse_input(const SpecSaga& saga, const std::string& command);

}  // namespace skald::spec
