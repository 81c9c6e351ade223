// One owner of a world's store, from opening to death.
#pragma once

#include <memory>

#include "aside.hpp"
#include "world.hpp"

namespace skald::testing {

struct World::Life {
  std::shared_ptr<MemoryStore> memory;
  std::unique_ptr<WatchedStore> watched;
  std::unique_ptr<Store> broken_store;
  std::unique_ptr<Channel> broken_channel;
  std::unique_ptr<Aside> aside;  ///< Null: who owns the store for a moment has none.
  std::unique_ptr<Coordinator> coordinator;
};

}  // namespace skald::testing
