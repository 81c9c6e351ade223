#include "saga_codec.hpp"

#include <doctest/doctest.h>

#include <string>

#include "any_saga.hpp"
#include "samples.hpp"
#include "skald/error.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::optional<SagaSnapshot> read(const SagaSnapshot& of, std::string_view bytes) {
  return decode_snapshot(of.saga.id, of.saga.version, bytes);
}

}  // namespace

TEST_CASE("a snapshot comes back from its stored form as it was, whatever the saga went through") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    const SagaSnapshot snapshot = snapshot_of(any_journal(1, seed, seed % 60));
    std::string bytes;
    encode_snapshot(snapshot, bytes);
    const auto back = read(snapshot, bytes);
    REQUIRE(back);
    REQUIRE(*back == snapshot);
  }
}

TEST_CASE("going on from a snapshot gives the saga that the whole journal gives") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    const auto rows = any_journal(1, seed, 40);
    const std::size_t cut = 1 + seed % rows.size();
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(cut);
    std::string bytes;
    const SagaSnapshot early = snapshot_of({rows.begin(), middle});
    encode_snapshot(early, bytes);
    const auto back = read(early, bytes);
    REQUIRE(back);
    REQUIRE(fold(back->saga, {middle, rows.end()}) == fold(rows));
  }
}

TEST_CASE("damaged bytes, and a snapshot in another one's place, stand for no snapshot") {
  const SagaSnapshot snapshot = snapshot_of(any_journal(1, 7, 20));
  std::string bytes;
  encode_snapshot(snapshot, bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    REQUIRE_FALSE(read(snapshot, flipped));
  }
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    REQUIRE_FALSE(read(snapshot, bytes.substr(0, length)));
  }
  CHECK_FALSE(decode_snapshot(saga_id(2), snapshot.saga.version, bytes));
  CHECK_FALSE(decode_snapshot(snapshot.saga.id, snapshot.saga.version + 1, bytes));
}

TEST_CASE("a snapshot whose steps do not fit each other stands for none, sound as its bytes are") {
  const SagaSnapshot sound = snapshot_of(any_journal(1, 7, 5));
  const auto refused = [](SagaSnapshot snapshot, const auto& change) {
    change(snapshot);
    std::string bytes;
    encode_snapshot(snapshot, bytes);
    return !read(snapshot, bytes);
  };
  const auto beyond = static_cast<StepIndex>(sound.saga.steps.size());
  CHECK_FALSE(refused(sound, [](SagaSnapshot&) {}));
  CHECK(refused(sound, [](SagaSnapshot& s) { s.saga.steps.clear(); }));
  CHECK(refused(sound, [](SagaSnapshot& s) { s.saga.steps.resize(100'000); }));
  CHECK(refused(sound, [&](SagaSnapshot& s) { s.saga.done.insert(beyond); }));
  CHECK(refused(sound, [&](SagaSnapshot& s) { s.saga.undo_plan = {beyond}; }));
  CHECK(refused(sound, [&](SagaSnapshot& s) { s.saga.stuck = Stuck{beyond, {}, {}, {}}; }));
  CHECK(refused(sound, [&](SagaSnapshot& s) { s.saga.turn_back = TurnBack{beyond, {}}; }));
  CHECK(refused(sound, [](SagaSnapshot& s) { s.saga.priority = 200; }));
  CHECK(refused(sound, [&](SagaSnapshot& s) { s.issued.push_back({{beyond, {}, 1}, 1}); }));
}
