#include "key_reader.hpp"

#include <utility>

#include "open_store.hpp"
#include "queries.hpp"
#include "sqlite/transaction.hpp"

namespace skald {

KeyReader::KeyReader(std::string path) : path_(std::move(path)) {}
KeyReader::~KeyReader() = default;

std::vector<std::optional<SagaId>> KeyReader::holders(std::span<const BusinessKey> keys) {
  const std::lock_guard lock{mutex_};
  if (!queries_) {
    connection_ = open_to_read(path_);
    queries_ = std::make_unique<Queries>(*connection_);
  }
  std::vector<std::optional<SagaId>> holders;
  holders.reserve(keys.size());
  // Besides being one state: each by itself would look at the log anew.
  std::optional<sqlite::Transaction> one_state;
  if (keys.size() > 1) one_state.emplace(*connection_, sqlite::Transaction::Kind::read);
  for (const auto& [type, key] : keys) holders.push_back(queries_->key_holder(type, key));
  return holders;
}

}  // namespace skald
