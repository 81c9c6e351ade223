#include "context.hpp"

#include <ostream>

#include "output/text.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"

namespace skald::cli {

std::optional<std::string> Context::variable(const std::string& name) const {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string Context::store_path() const {
  if (!global.store.empty()) return global.store;
  if (auto path = variable("SKALD_STORE")) return *path;
  throw Refused(Refused::Code::invalid, "name a store with --store FILE or $SKALD_STORE");
}

std::string Context::operator_name() const {
  const auto named = variable("SKALD_OPERATOR");
  if (!named) return clean_text(login_name, name_bytes_max);
  if (const auto problem = name_problem(*named)) {
    throw Refused(Refused::Code::invalid,
                  "$SKALD_OPERATOR: it " + *problem + "; set it to 1 to 255 bytes of UTF-8");
  }
  return *named;
}

bool Context::colored() const {
  if (global.color == "always") return true;
  if (global.color == "never" || variable("NO_COLOR")) return false;
  return out_is_terminal && variable("TERM") != "dumb";
}

void Context::note(const std::string& text) const {
  if (!global.quiet) err << printable(text) << '\n';
}

}  // namespace skald::cli
