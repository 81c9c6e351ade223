// One bare connection to RabbitMQ: librabbitmq and nothing else, for the ceilings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "librabbitmq.hpp"

namespace skald::bench {

enum class QueueKind : std::uint8_t { quorum, classic };
[[nodiscard]] const char* to_string(QueueKind kind);

/// One thread. Everything throws Error when the broker or the connection fails.
class RawLink {
 public:
  /// Connects, and asks for publisher confirms.
  explicit RawLink(const std::string& url);

  /// A durable queue; with `dead_letters`, as a participant's command queue.
  void declare_queue(const std::string& name, QueueKind kind, const std::string& dead_letters = {});
  void bind(const std::string& queue, const std::string& exchange, const std::string& key);
  void consume(const std::string& queue, std::uint16_t prefetch);

  void publish(const std::string& exchange, const std::string& key,
               const amqp_basic_properties_t& properties, amqp_bytes_t body);
  void acknowledge(std::uint64_t up_to);

  /// Publishes up to `up_to` are confirmed (`multiple`), or this one.
  struct Confirmed {
    std::uint64_t tag;
    bool multiple;
  };
  class Delivery {
   public:
    explicit Delivery(const amqp_envelope_t& envelope) : envelope_(envelope) {}
    ~Delivery() {
      if (owned_) amqp_destroy_envelope(&envelope_);
    }
    Delivery(Delivery&& other) noexcept
        : envelope_(other.envelope_), owned_(std::exchange(other.owned_, false)) {}
    Delivery& operator=(Delivery&&) = delete;
    [[nodiscard]] const amqp_envelope_t& operator*() const { return envelope_; }
    [[nodiscard]] const amqp_envelope_t* operator->() const { return &envelope_; }

   private:
    amqp_envelope_t envelope_;
    bool owned_ = true;
  };
  using Event = std::variant<Confirmed, Delivery>;
  /// The next event; nothing when none came for half a second.
  [[nodiscard]] std::optional<Event> next();

 private:
  void check(const char* what) const;

  struct Destroy {
    void operator()(amqp_connection_state_t_* state) const { amqp_destroy_connection(state); }
  };
  std::unique_ptr<amqp_connection_state_t_, Destroy> state_;
};

[[nodiscard]] amqp_bytes_t borrow(std::string_view text);

}  // namespace skald::bench
