// A first look at a command line: whether its verbs and options exist, before anything else is made
// of it. So an unknown word is answered with the nearest one, also beside --help.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace skald::cli {

/// \throws Refused (invalid) for an unknown verb or option, and for an option that is given an
/// empty value (`--status=`), for which the parser would take the next argument.
void check_words(const std::vector<std::string>& arguments, CLI::App& app);

}  // namespace skald::cli
