// Stores and channels that pass everything on: what mutants change one call of.
#pragma once

#include <utility>

#include "skald/channel.hpp"
#include "skald/store.hpp"

namespace skald::testing {

/// Borrows the store that does the work.
class StoreDecorator : public Store {
 public:
  explicit StoreDecorator(Store& inner) : inner_(inner) {}

  std::optional<SagaSummary> summary(const SagaId& id) override { return inner_.summary(id); }
  std::vector<SagaId> find_by_prefix(std::string_view prefix, std::size_t limit) override {
    return inner_.find_by_prefix(prefix, limit);
  }
  std::vector<JournalRow> journal(const SagaId& id, std::uint64_t after_version = 0) override {
    return inner_.journal(id, after_version);
  }
  std::optional<SagaSnapshot> snapshot(const SagaId& id) override { return inner_.snapshot(id); }
  std::optional<std::uint64_t> last_version(const SagaId& id) override {
    return inner_.last_version(id);
  }
  std::vector<SagaSummary> list(const SagaFilter& filter, const Cursor& cursor,
                                std::size_t limit) override {
    return inner_.list(filter, cursor, limit);
  }
  std::uint64_t count(const SagaFilter& filter) override { return inner_.count(filter); }
  DefinitionPtr definition(const Digest& digest) override { return inner_.definition(digest); }
  std::vector<DefinitionPtr> definitions() override { return inner_.definitions(); }
  std::vector<UnusableDefinition> unusable_definitions() override {
    return inner_.unusable_definitions();
  }
  std::vector<QuarantinedMessage> quarantine(std::int64_t after, std::size_t limit) override {
    return inner_.quarantine(after, limit);
  }
  std::map<std::string, std::string> participant_states() override {
    return inner_.participant_states();
  }
  Position commit(const Batch& batch) override { return inner_.commit(batch); }
  void tidy() override { inner_.tidy(); }
  void backup(const std::string& target, const BackupWatch& watch) override {
    inner_.backup(target, watch);
  }
  bool drop_quarantined(std::int64_t number) override { return inner_.drop_quarantined(number); }
  void put_definition(const DefinitionPtr& definition) override {
    inner_.put_definition(definition);
  }
  bool drop_definition(const Digest& digest) override { return inner_.drop_definition(digest); }
  Purged purge(const PurgeSlice& slice) override { return inner_.purge(slice); }
  std::uint64_t release_space(std::uint64_t bytes_max) override {
    return inner_.release_space(bytes_max);
  }
  std::vector<std::optional<SagaId>> key_holders(std::span<const BusinessKey> keys) override {
    return inner_.key_holders(keys);
  }
  void each_unfinished(const std::function<void(const SagaSummary&)>& visit) override {
    inner_.each_unfinished(visit);
  }
  Position watermark(const std::string& channel) override { return inner_.watermark(channel); }
  Position last_position() override { return inner_.last_position(); }
  std::string engine_id() override { return inner_.engine_id(); }
  void serve_control(ControlHandler handler) override { inner_.serve_control(std::move(handler)); }
  void stop_control() override { inner_.stop_control(); }

 protected:
  Store& inner_;
};

/// Borrows the channel that does the work.
class ChannelDecorator : public Channel {
 public:
  explicit ChannelDecorator(Channel& inner) : inner_(inner) {}

  std::string name() const override { return inner_.name(); }
  void open(const std::string& engine_id, ChannelListener& listener) override {
    inner_.open(engine_id, listener);
  }
  void send(std::vector<Command> commands) override { inner_.send(std::move(commands)); }
  void withdraw(const SagaId& saga, const AttemptRef& attempt) override {
    inner_.withdraw(saga, attempt);
  }
  void receipt(const std::vector<std::uint64_t>& receipts) override { inner_.receipt(receipts); }
  bool has_room(const std::string& participant) const override {
    return inner_.has_room(participant);
  }
  bool runs_here() const override { return inner_.runs_here(); }
  std::optional<std::string> refuses(const std::string& participant,
                                     const std::string& action) const override {
    return inner_.refuses(participant, action);
  }
  bool caught_up() const override { return inner_.caught_up(); }
  Reconsidered reconsider(const QuarantinedMessage& message) const override {
    return inner_.reconsider(message);
  }
  void close() override { inner_.close(); }

 protected:
  Channel& inner_;
};

}  // namespace skald::testing
