#include "store_conformance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "refusals.hpp"
#include "samples.hpp"

namespace skald::test {
namespace {

void check_summaries(StoreFixture& fixture) {
  SUBCASE("a summary comes back as it was written last") {
    SagaSummary full = with_key(1, "order-42");
    full.paused = full.forced = full.contradicted = true;
    full.replay_of = saga_id(7);
    full.error_step = "charge";
    full.error_code = "NO_CREDIT";
    fixture.store().commit(start(full));
    fixture.reopen();
    CHECK(fixture.store().summary(saga_id(1)) == full);
    SagaSummary plain = ended(full, Status::compensated);
    plain.paused = plain.forced = plain.contradicted = plain.holds_key = false;
    plain.error_step.clear();
    plain.error_code.clear();
    plain.replayed_by = saga_id(8);
    Batch batch;
    batch.summaries = {plain};
    fixture.store().commit(batch);
    CHECK(fixture.store().summary(saga_id(1)) == plain);
    fixture.reopen();
    CHECK(fixture.store().summary(saga_id(1)) == plain);
  }
  SUBCASE("several summaries of one saga in a batch leave the newest") {
    Batch batch = start(with_key(1, "k"));
    SagaSummary later = ended(summary(1), Status::compensated);
    later.key = "k";
    later.error_code = "X";
    batch.summaries.insert(batch.summaries.begin(), later);
    batch.appends.push_back(append(1, 2));
    fixture.store().commit(batch);
    CHECK(fixture.store().summary(saga_id(1)) == later);
    CHECK_FALSE(fixture.store().key_holder({"order", "k"}));
    later.version = 3;
    later.error_code.clear();
    batch = {};
    batch.summaries = {later};
    fixture.store().commit(batch);
    CHECK(fixture.store().summary(saga_id(1)) == later);
  }
  SUBCASE("each unfinished saga is visited, oldest first, and the visit may read") {
    Batch batch;
    std::vector<SagaId> expected;
    for (std::uint64_t n = 20; n-- > 0;) {
      const auto status = static_cast<Status>(n % status_count);
      SagaSummary saga = summary(n);
      if (is_end(status)) saga = ended(saga, status);
      saga.status = status;
      batch.summaries.push_back(saga);
      batch.appends.push_back({saga.id, 1, saga.started_at, {}});
      if (!is_end(status)) expected.insert(expected.begin(), saga.id);
    }
    fixture.store().commit(batch);
    fixture.reopen();
    std::vector<SagaId> visited;
    fixture.store().each_unfinished([&](const SagaSummary& saga) {
      visited.push_back(saga.id);
      CHECK(fixture.store().journal(saga.id).size() == 1);
      CHECK(fixture.store().summary(saga.id) == saga);
    });
    CHECK(visited == expected);
  }
}

void check_keys(StoreFixture& fixture) {
  fixture.store().commit(start(with_key(1, "order-42")));
  SUBCASE("a key is found by type and key, also when its saga has ended") {
    Batch batch;
    batch.summaries = {ended(with_key(1, "order-42"), Status::completed)};
    batch.appends = {append(1, 2)};
    fixture.store().commit(batch);
    fixture.reopen();
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(1));
    CHECK_FALSE(fixture.store().key_holder({"order", "order-43"}));
    CHECK_FALSE(fixture.store().key_holder({"refund", "order-42"}));
  }
  SUBCASE("a second holder is refused; another type may use the same key") {
    check_refused(StoreError::Kind::failed,
                  [&] { fixture.store().commit(start(with_key(2, "order-42"))); });
    CHECK_FALSE(fixture.store().summary(saga_id(2)));
    Batch twice = start(with_key(3, "new"));
    twice.summaries.push_back(with_key(4, "new"));
    twice.appends.push_back(append(4, 1));
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(twice); });
    SagaSummary other_type = with_key(5, "order-42");
    other_type.type = "refund";
    fixture.store().commit(start(other_type));
    CHECK(fixture.store().key_holder({"refund", "order-42"}) == saga_id(5));
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(1));
  }
  SUBCASE("keys are looked up in one state, also while another thread commits") {
    constexpr std::uint64_t last = 200;
    std::vector<BusinessKey> keys;
    for (std::uint64_t n = 2; n <= last; ++n) keys.push_back({"order", std::to_string(n)});
    std::atomic<std::size_t> stored = 0;
    std::thread committer([&] {
      for (std::uint64_t n = 2; n <= last; ++n) {
        fixture.store().commit(start(with_key(n, std::to_string(n))));
        ++stored;
      }
    });
    for (std::size_t found = 0; found < keys.size();) {
      const std::size_t before = stored;
      const auto holders = fixture.store().key_holders(keys);
      for (found = 0; found < holders.size() && holders[found]; ++found) {
        CHECK(*holders[found] == saga_id(found + 2));
      }
      CHECK(found >= before);
      // What was stored later is not there before what was stored earlier.
      CHECK(std::none_of(holders.begin() + static_cast<std::ptrdiff_t>(found), holders.end(),
                         [](const auto& holder) { return holder.has_value(); }));
    }
    committer.join();
    CHECK(fixture.store().key_holders({}).empty());
  }
  SUBCASE("a key is handed over in one batch, in whatever order it is written") {
    SagaSummary old = with_key(1, "order-42");
    old.holds_key = false;
    old.version = 2;
    old.replayed_by = saga_id(2);
    SagaSummary replay = with_key(2, "order-42");
    replay.replay_of = saga_id(1);
    Batch batch;
    SUBCASE("giver first") { batch.summaries = {old, replay}; }
    SUBCASE("taker first") { batch.summaries = {replay, old}; }
    batch.appends = {append(1, 2), append(2, 1)};
    fixture.store().commit(batch);
    fixture.reopen();
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(2));
    CHECK(fixture.store().summary(saga_id(1)) == old);
    SagaFilter by_key;
    by_key.keys = {"order-42"};
    CHECK(fixture.store().count(by_key) == 2);
  }
}

void check_rest(StoreFixture& fixture) {
  SUBCASE("watermarks are kept by channel") {
    Batch batch;
    batch.watermarks = {{"amqp", 5}, {"in-process", 3}};
    fixture.store().commit(batch);
    batch.watermarks = {{"amqp", 9}};
    fixture.store().commit(batch);
    fixture.reopen();
    CHECK(fixture.store().watermark("amqp") == 9);
    CHECK(fixture.store().watermark("in-process") == 3);
    CHECK(fixture.store().watermark("amqp:closed") == 0);
  }
  SUBCASE("what was said of a participant last is kept, by its name, also when it is said alone") {
    CHECK(fixture.store().participant_states().empty());
    Batch batch = start(summary(1));
    batch.participants = {{"inventory", "a"}, {"payment", "b"}};
    fixture.store().commit(batch);
    batch = {};
    batch.participants = {{"payment", "c 'quoted'"}};
    CHECK(fixture.store().commit(batch) == 1);
    fixture.reopen();
    const std::map<std::string, std::string> expected{{"inventory", "a"},
                                                      {"payment", "c 'quoted'"}};
    CHECK(fixture.store().participant_states() == expected);
    Batch refused;
    refused.appends = {append(1, 7)};
    refused.participants = {{"inventory", "d"}};
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(refused); });
    CHECK(fixture.store().participant_states() == expected);
  }
  SUBCASE("quarantined messages are numbered and kept as they came") {
    QuarantinedMessage message;
    message.at = at(77);
    message.channel = "amqp";
    message.reason = "BAD_JSON";
    message.detail = "it ends too soon";
    message.saga = "not an id";
    message.headers = R"({"a":1})";
    message.body = std::string("\0\xff{", 3);
    Batch batch;
    batch.quarantined = {message, message, message};
    batch.quarantined[1].reason = "UNKNOWN_SAGA";
    fixture.store().commit(batch);
    fixture.reopen();
    const auto all = fixture.store().quarantine(0, 10);
    REQUIRE(all.size() == 3);
    CHECK(all[0].at == at(77));
    CHECK(all[0].channel == "amqp");
    CHECK(all[0].detail == message.detail);
    CHECK(all[0].saga == message.saga);
    CHECK(all[0].headers == message.headers);
    CHECK(all[0].body == message.body);
    const auto second = fixture.store().quarantine(all[0].number, 1);
    REQUIRE(second.size() == 1);
    CHECK(second[0].reason == "UNKNOWN_SAGA");
    CHECK(fixture.store().quarantine(all[2].number, 10).empty());
  }
  SUBCASE("a full quarantine keeps the oldest, leaves out bodies, then only counts") {
    QuarantinedMessage large;
    large.reason = "BAD_JSON";
    large.body = std::string(8UL * 1024 * 1024, 'b');
    Batch batch;
    batch.quarantined = std::vector<QuarantinedMessage>(12, large);
    fixture.store().commit(batch);
    fixture.reopen();
    auto all = fixture.store().quarantine(0, 99);
    REQUIRE(all.size() == 12);
    CHECK(all.front().body == large.body);
    CHECK(all.back().body.empty());
    CHECK(all.back().detail.find("8388608 bytes was not kept") != std::string::npos);
    CHECK(all.back().reason == "BAD_JSON");
    CHECK(fixture.store().drop_quarantined(all.front().number));
    batch.quarantined.resize(1);
    fixture.store().commit(batch);
    CHECK(fixture.store().quarantine(all.back().number, 9).at(0).body == large.body);
    QuarantinedMessage small;
    small.reason = "UNKNOWN_SAGA";
    batch.quarantined = std::vector<QuarantinedMessage>(10'000, small);
    fixture.store().commit(batch);
    fixture.reopen();
    fixture.store().commit(batch);
    all = fixture.store().quarantine(0, 99'999);
    CHECK(all.size() == 10'001);
    CHECK(all.back().reason == "QUARANTINE_FULL");
    CHECK(all.back().detail.find("10012 messages were not kept") != std::string::npos);
    CHECK(std::count_if(all.begin(), all.end(), [](const QuarantinedMessage& message) {
            return message.reason == "QUARANTINE_FULL";
          }) == 1);
    const auto counting = all.back().number;
    fixture.store().commit(batch);  // The same message counts on, without a look at the others.
    all = fixture.store().quarantine(0, 99'999);
    CHECK(all.size() == 10'001);
    CHECK(all.back().number == counting);
    CHECK(all.back().detail.find("20012 messages were not kept") != std::string::npos);
  }
  SUBCASE("the engine's id is made once") {
    const std::string id = fixture.store().engine_id();
    CHECK(id.size() == 16);
    fixture.reopen();
    CHECK(fixture.store().engine_id() == id);
  }
}

}  // namespace

void check_store_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  SUBCASE("summaries") { check_summaries(*fixture); }
  SUBCASE("keys") { check_keys(*fixture); }
  SUBCASE("rest") { check_rest(*fixture); }
}

}  // namespace skald::test
