#include <doctest/doctest.h>

#include <string>

#include "refusals.hpp"
#include "samples.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

Batch with_mark(std::uint64_t number, const std::string& mark, Position position) {
  Batch batch = start(summary(number));
  batch.watermarks[mark] = position;
  return batch;
}

std::string channel_refusal(SqliteStore& store, const std::string& channel) {
  try {
    static_cast<void>(store.watermark(channel));
  } catch (const Refused& refused) {
    CHECK(refused.code() == Refused::Code::wrong_state);
    return refused.what();
  }
  FAIL_CHECK("the store was given to another channel");
  return {};
}

}  // namespace

TEST_CASE("a store remembers its engine's channel and refuses another one") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    CHECK(store.watermark("amqp") == 0);
    CHECK(store.watermark("in-process") == 0);
    SUBCASE("a mark of the channel's name") { store.commit(with_mark(1, "in-process", 0)); }
    SUBCASE("a mark that it was closed in order") {
      store.commit(with_mark(1, "in-process:closed", 1));
    }
    CHECK(store.watermark("in-process") == 0);
  }
  SqliteStore store(path);
  const std::string said = channel_refusal(store, "amqp");
  CHECK(says(said, "'in-process'"));
  CHECK(says(said, "'amqp'"));
  CHECK(says(said, path));
  CHECK(says(said, "--take-over-channel"));
  static_cast<void>(channel_refusal(store, "amqp:closed"));
  CHECK_THROWS_AS(store.commit(with_mark(2, "amqp", 5)), Refused);
  CHECK_FALSE(store.summary(saga_id(2)));
  CHECK(store.commit(with_mark(2, "in-process", 1)) == 2);
}

TEST_CASE("a store that is taken over belongs to the other channel from its first mark on") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(with_mark(1, "in-process", 1)); }
  {
    SqliteStore store(path, {.take_over_channel = true});
    CHECK(store.watermark("amqp") == 0);
    store.commit(start(summary(2)));
  }
  {
    // Nothing was left by the other one yet.
    SqliteStore store(path);
    CHECK(store.watermark("in-process") == 1);
    static_cast<void>(channel_refusal(store, "amqp"));
  }
  { SqliteStore(path, {.take_over_channel = true}).commit(with_mark(3, "amqp", 0)); }
  SqliteStore store(path);
  CHECK(store.watermark("amqp") == 0);
  CHECK(says(channel_refusal(store, "in-process"), "'amqp'"));
}

TEST_CASE("a taking over that was not stored has not happened") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(with_mark(1, "in-process", 1)); }
  SqliteStore store(path, {.take_over_channel = true});
  Batch gap = with_mark(2, "amqp", 5);
  gap.appends[0].version = 7;
  CHECK_THROWS_AS(store.commit(gap), StoreError);
  CHECK(store.watermark("in-process") == 1);
  store.commit(with_mark(2, "amqp", 5));
  CHECK(store.watermark("in-process") == 0);
  CHECK(store.watermark("amqp") == 5);
}
