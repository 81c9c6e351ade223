// The six participants of an order, by name and together.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults.hpp"

namespace order_service {

inline constexpr std::array<std::string_view, 6> participant_names{
    "inventory", "payment", "orders", "shipping", "notification", "loyalty"};

/// A participant with its tables and handlers. \throws skald::Error for another name, or when the
/// database cannot be used.
[[nodiscard]] std::unique_ptr<skald::Participant> make_participant(std::string_view name,
                                                                   const std::string& database,
                                                                   const Faults& faults);

/// File of a participant's database in a folder of all six: `<folder>/<name>.db`.
[[nodiscard]] std::string database_file(const std::string& folder, std::string_view name);

/// All six inside this process, their databases in one folder, which is made if it is missing.
class AllParticipants {
 public:
  AllParticipants(const std::string& folder, const Faults& faults);
  /// Before the channel is opened; this object must outlive its being open.
  void serve(skald::InProcessChannel& channel);

 private:
  std::vector<std::unique_ptr<skald::Participant>> participants_;
};

}  // namespace order_service
