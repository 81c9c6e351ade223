// Prefixes of ids as ranges, so that an index finds them.
#pragma once

#include <optional>
#include <string_view>

#include "skald/ids.hpp"

namespace skald {

/// The smallest and the largest id whose 36-character form begins with a prefix.
struct IdRange {
  SagaId first;
  SagaId last;
};

/// Nothing when no id begins so. Takes either case.
[[nodiscard]] std::optional<IdRange> id_range(std::string_view prefix);

}  // namespace skald
