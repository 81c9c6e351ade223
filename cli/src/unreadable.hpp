// What is shown of a saga that cannot be read.
#pragma once

#include "saga_pages.hpp"

namespace skald::cli {

/// A row of `list`, and the whole of `show`: what its summary knows, and `"unreadable"`: why not
/// more.
[[nodiscard]] Json unreadable_json(const UnreadableSaga& saga);

}  // namespace skald::cli
