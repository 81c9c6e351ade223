// The schemas that were used last, ready for the next start: putting one together takes as long as
// a hundred checks.
#pragma once

#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "schema/input_schema.hpp"

namespace skald {

/// Any thread. Forgets what was used longest ago when the texts take more than `bytes_max`.
class SchemaMemory {
 public:
  static constexpr std::size_t bytes_max = 8UL * 1024 * 1024;
  /// What one takes besides its text, so that many small ones are bounded, too.
  static constexpr std::size_t entry_bytes = 1024;

  /// \throws DefinitionError as the constructor of InputSchema
  [[nodiscard]] InputSchema of(const JsonText& schema) {
    if (auto known = find(schema)) return *std::move(known);
    InputSchema made{schema};  // Outside of the lock: it may take milliseconds.
    const std::scoped_lock lock(mutex_);
    if (by_text_.contains(schema.text())) return made;
    entries_.push_front({schema, made});
    by_text_.emplace(entries_.front().text.text(), entries_.begin());
    bytes_ += schema.text().size() + entry_bytes;
    while (bytes_ > bytes_max && entries_.size() > 1) forget_last();
    return made;
  }

 private:
  struct Entry {
    JsonText text;
    InputSchema schema;
  };
  using Entries = std::list<Entry>;  // The one used last is the first.

  [[nodiscard]] std::optional<InputSchema> find(const JsonText& schema) {
    const std::scoped_lock lock(mutex_);
    const auto known = by_text_.find(schema.text());
    if (known == by_text_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, known->second);
    return known->second->schema;
  }
  void forget_last() {
    const std::string& text = entries_.back().text.text();
    bytes_ -= text.size() + entry_bytes;
    by_text_.erase(text);
    entries_.pop_back();
  }

  std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_text_;  // Views of the entries' texts.
  std::size_t bytes_ = 0;
};

}  // namespace skald
