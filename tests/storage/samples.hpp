// Sagas, events and places for the tests of stores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "skald/store.hpp"

namespace skald::test {

/// A folder that goes when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// One of each alternative of Event, in the variant's order, every field with a value of its own.
[[nodiscard]] std::vector<Event> one_of_each_event();

/// Events without operator==: equal when they are stored the same.
[[nodiscard]] std::string stored_form(const std::vector<Event>& events);

/// The id and the millisecond grow with `number`.
[[nodiscard]] SagaId saga_id(std::uint64_t number);
[[nodiscard]] Time at(std::int64_t ms);
/// A running saga of type `order`, at version 1, started at its number.
[[nodiscard]] SagaSummary summary(std::uint64_t number);
/// The same, and it holds this business key.
[[nodiscard]] SagaSummary with_key(std::uint64_t number, const std::string& key);
[[nodiscard]] SagaSummary ended(SagaSummary summary, Status status);
/// A journal row with one event that holds `text`.
[[nodiscard]] JournalAppend append(std::uint64_t number, std::uint64_t version,
                                   const std::string& text = "x");
/// A journal row that ends the saga.
[[nodiscard]] JournalAppend end_of(std::uint64_t number, std::uint64_t version);
/// A saga's start: its summary and its first row.
[[nodiscard]] Batch start(const SagaSummary& summary);
/// The same of saga `number`, whose row has so many bytes.
[[nodiscard]] Batch start_with_text(std::uint64_t number, std::size_t bytes);
/// `participant` makes two definitions of one name and version differ.
[[nodiscard]] DefinitionPtr definition(const std::string& type, std::uint32_t version,
                                       const std::string& participant = "inventory");

/// Definitions of 45 kB and 300 bytes whose normal forms are longer and deeper than a document may
/// be.
[[nodiscard]] std::string long_normal_form();
[[nodiscard]] std::string deep_normal_form();

}  // namespace skald::test
