// Files that hold a secret: a broker's address with its password.
//
// Others must be able neither to read nor to write such a file. It is its owner's alone (0600), or
// its owner is root or this user and its group may read it (0440 or 0640, as root hands files to a
// service), or it lies in $CREDENTIALS_DIRECTORY, which the system keeps private as a whole.
#pragma once

#include <optional>
#include <string>

namespace skald {

/// `$CREDENTIALS_DIRECTORY`; absent: none.
using CredentialsFolder = std::optional<std::string>;

struct SecretFile {
  std::string text;     ///< Without the line breaks at its end; never empty when it can be used.
  std::string problem;  ///< Why it cannot be used, with the fix; empty when it can.
};

/// Reads a regular file of at most 4096 bytes.
[[nodiscard]] SecretFile read_secret_file(const std::string& path,
                                          const CredentialsFolder& credentials);

/// Why others may read or write what is at `path`, with the fix; nothing when they may not.
[[nodiscard]] std::optional<std::string> secret_rights_problem(
    const std::string& path, const CredentialsFolder& credentials);

}  // namespace skald
