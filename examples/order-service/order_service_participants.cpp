#include "order_service_participants.hpp"

#include "participants/all_participants.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/in_process_channel.hpp"

namespace order_service {
namespace {

class InThisProcess final : public Participants {
 public:
  explicit InThisProcess(const std::string& data) : all_(data, Faults::from_environment()) {
    all_.serve(channel_);
  }
  skald::Channel& channel() override { return channel_; }

 private:
  AllParticipants all_;
  skald::InProcessChannel channel_;
};

class OverRabbitMq final : public Participants {
 public:
  OverRabbitMq() : channel_(skald::AmqpOptions::from_environment()) {}
  skald::Channel& channel() override { return channel_; }

 private:
  skald::AmqpChannel channel_;
};

}  // namespace

std::unique_ptr<Participants> make_participants(const Options& options) {
  if (options.rabbitmq) {
    return std::make_unique<OverRabbitMq>();
  }
  return std::make_unique<InThisProcess>(options.data);
}

}  // namespace order_service
