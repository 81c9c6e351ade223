// The scripts that run brokers, called from C++.
#pragma once

#include <string>

namespace skald::test {

/// A new folder under $TMPDIR. \throws ChannelError
[[nodiscard]] std::string make_scratch_directory();

/// Runs `script verb 'directory' arguments` and answers what it printed. \throws ChannelError when
/// it fails
std::string run_script_file(const std::string& script, const std::string& verb,
                            const std::string& directory, const std::string& arguments);

}  // namespace skald::test
