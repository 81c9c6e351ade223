#include "all_participants.hpp"

#include <filesystem>

#include "inventory.hpp"
#include "loyalty.hpp"
#include "notification.hpp"
#include "orders.hpp"
#include "payment.hpp"
#include "shipping.hpp"

namespace order_service {
namespace {

struct Kind {
  std::string_view name;
  void (*add)(skald::Participant&, const Faults&);
};
constexpr std::array<Kind, participant_names.size()> kinds{{{"inventory", add_inventory},
                                                            {"payment", add_payment},
                                                            {"orders", add_orders},
                                                            {"shipping", add_shipping},
                                                            {"notification", add_notification},
                                                            {"loyalty", add_loyalty}}};

}  // namespace

std::unique_ptr<skald::Participant> make_participant(std::string_view name,
                                                     const std::string& database,
                                                     const Faults& faults) {
  for (const Kind& kind : kinds) {
    if (kind.name != name) continue;
    auto participant = std::make_unique<skald::Participant>(std::string(name), database);
    kind.add(*participant, faults);
    return participant;
  }
  throw skald::Error("an order has no participant " + std::string(name));
}

std::string database_file(const std::string& folder, std::string_view name) {
  return (std::filesystem::path(folder) / name).string() + ".db";
}

AllParticipants::AllParticipants(const std::string& folder, const Faults& faults) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw skald::Error("cannot make the folder " + folder + ": " + error.message());
  for (const std::string_view name : participant_names) {
    participants_.push_back(make_participant(name, database_file(folder, name), faults));
  }
}

void AllParticipants::serve(skald::InProcessChannel& channel) {
  for (auto& participant : participants_) skald::serve_in_process(*participant, channel);
}

}  // namespace order_service
