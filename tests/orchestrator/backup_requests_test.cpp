// The control request `backup`: one job at a time, asked after, broken off, told why it failed.
#include <doctest/doctest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "decorators/decorators.hpp"
#include "skald/error.hpp"
#include "skald/memory_store.hpp"
#include "skald/orchestrator.hpp"

using namespace skald;

namespace {

/// Copies for as long as a test likes.
class CopyingStore final : public testing::StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  void backup(const std::string& target, const BackupWatch& watch) override {
    while (!may_end) {
      if (!watch({1'000, 2'000})) throw StoreError(StoreError::Kind::failed, "broken off");
      std::this_thread::yield();
    }
    if (target == "/full") throw StoreError(StoreError::Kind::full, "the disk is full");
    if (target == "/taken") throw StoreError(StoreError::Kind::failed, "/taken exists already");
  }
  std::atomic<bool> may_end = false;
};

struct Service {
  MemoryStore memory;
  CopyingStore store{memory};
  NullChannel channel;
  Orchestrator orders{store, channel};

  Json ask(const Json& more) {
    Json request{{"verb", "backup"}};
    request.update(more);
    return orders.handle(request);
  }
  std::string code(const Json& more) {
    const Json answer = ask(more);
    REQUIRE(answer["ok"] == false);
    return answer["error"]["code"];
  }
};

}  // namespace

TEST_CASE("a backup is begun, asked after, and its end is told until the next begins") {
  Service service;
  const Json begun = service.ask({{"file", "/one"}});
  REQUIRE(begun["ok"] == true);
  CHECK(begun["done"] == false);
  const Json job = begun["job"];
  CHECK(service.ask({{"job", job}})["done"] == false);
  CHECK(service.code({{"file", "/two"}}) == "UNAVAILABLE");
  service.store.may_end = true;
  for (int i = 0; i < 2; ++i) {
    const Json ended = service.ask({{"job", job}, {"timeout_ms", 10'000}});
    CHECK(ended["done"] == true);
    CHECK(ended["job"] == job);
  }
  const Json next = service.ask({{"file", "/two"}});
  CHECK(next["job"] != job);
  CHECK(service.code({{"job", job}}) == "NOT_FOUND");
  CHECK(service.ask({{"job", next["job"]}, {"timeout_ms", 10'000}})["done"] == true);
}

TEST_CASE("a backup that fails says why") {
  Service service;
  service.store.may_end = true;
  // The first answer may tell of it already.
  (void)service.ask({{"file", "/full"}});
  CHECK(service.code({{"job", 1}, {"timeout_ms", 10'000}}) == "UNAVAILABLE");
  (void)service.ask({{"file", "/taken"}});
  CHECK(service.code({{"job", 2}, {"timeout_ms", 10'000}}) == "INVALID");
}

TEST_CASE("a backup can be broken off, and the engine can be stopped while one is made") {
  Service service;
  const Json job = service.ask({{"file", "/one"}})["job"];
  const Json told = service.ask({{"job", job}, {"stop", true}, {"timeout_ms", 10'000}});
  CHECK(told["error"]["code"] == "UNAVAILABLE");
  CHECK(told["error"]["message"] == "broken off");
  CHECK(service.ask({{"file", "/two"}})["ok"] == true);
  service.orders.stop();
  CHECK(service.code({{"file", "/three"}}) == "UNAVAILABLE");
}

TEST_CASE("backup requests that make no sense are refused") {
  Service service;
  CHECK(service.code(Json::object()) == "INVALID");
  CHECK(service.code({{"file", "relative.db"}}) == "INVALID");
  CHECK(service.code({{"file", "/one"}, {"stop", true}}) == "INVALID");
  CHECK(service.code({{"file", "/one"}, {"job", 1}}) == "INVALID");
  CHECK(service.code({{"job", 1}}) == "NOT_FOUND");
  CHECK(service.code({{"job", 0}}) == "NOT_FOUND");
}
