#include "skald/ids.hpp"

#include <doctest/doctest.h>

#include <unordered_set>

#include "property.hpp"

using namespace skald;
using namespace std::chrono_literals;

TEST_CASE("a saga's id is the UUIDv7 of RFC 9562's example") {
  // Appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
  const SagaId id = SagaId::make(Time(1645557742000ms), 0xCC3, 0x18C4DC0C0C07398F);
  CHECK(id.to_string() == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  CHECK(id.created_at() == Time(1645557742000ms));
}

TEST_CASE("version and variant hold whatever the random bits, and ids sort by time") {
  test::check_property("UUIDv7", [](std::uint64_t high, std::uint64_t low, std::uint64_t other) {
    const Time now(Duration(*rc::gen::inRange<Duration::rep>(0, 253402300799999)));
    const SagaId id = SagaId::make(now, high, low);
    RC_ASSERT(id.to_string()[14] == '7');
    RC_ASSERT(std::string("89ab").find(id.to_string()[19]) != std::string::npos);
    RC_ASSERT(id.created_at() == now);
    RC_ASSERT(SagaId::parse(id.to_string()) == id);
    RC_ASSERT(id < SagaId::make(now + 1ms, other, other));
    RC_ASSERT(id == SagaId::make(now, high & 0xFFF, low & 0x3FFFFFFFFFFFFFFF));
  });
}

TEST_CASE("an id is read in any case, and nothing else is an id") {
  const SagaId id = SagaId::make(Time(1645557742000ms), 0xCC3, 0x18C4DC0C0C07398F);
  CHECK(SagaId::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F") == id);
  CHECK(SagaId().empty());
  CHECK_FALSE(id.empty());
  for (const char* text :
       {"", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4_dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f"}) {
    CAPTURE(text);
    CHECK_FALSE(SagaId::parse(text).has_value());
  }
}

TEST_CASE("ids made in the same millisecond spread over a hash table") {
  std::unordered_set<std::size_t> buckets;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    buckets.insert(std::hash<SagaId>{}(SagaId::make(Time(1s), 0, i * 0x9E3779B97F4A7C15U)));
  }
  CHECK(buckets.size() == 1000);
}

TEST_CASE("a direction reads back from its name") {
  for (const Direction d : {Direction::action, Direction::compensate, Direction::resolve}) {
    CHECK(parse_direction(to_string(d)) == d);
  }
  CHECK_FALSE(parse_direction("undo").has_value());
  CHECK_FALSE(parse_direction("").has_value());
}

TEST_CASE("a command id names saga, step, direction and attempt") {
  const std::string saga = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  const CommandId id{SagaId::parse(saga).value(), "charge-payment", Direction::compensate, 12};
  CHECK(id.to_string() == saga + "/charge-payment/compensate/12");
  CHECK(id.idempotency_key() == saga + "/charge-payment/compensate");
  CHECK(CommandId::parse(id.to_string()) == id);
  CHECK(CommandId::parse(saga + "/a/action/4294967295").value().attempt == UINT32_MAX);
}

TEST_CASE("nothing else is a command id") {
  const std::string saga = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  for (const char* rest :
       {"", "/", "/a", "/a/action", "/a/action/", "/a/action/0", "/a/action/01", "/a/action/-1",
        "/a/action/1/2", "/a/action/1 ", "/a/action/4294967296", "//action/1", "/a/undo/1"}) {
    CAPTURE(rest);
    CHECK_FALSE(CommandId::parse(saga + rest).has_value());
  }
  CHECK_FALSE(CommandId::parse("x/a/action/1").has_value());
}

TEST_CASE("a digest is SHA-256, by the examples of FIPS 180-4") {
  CHECK(Digest::of("abc").to_string() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Digest::of("").to_string() ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digest::of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").to_string() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(Digest::of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")
            .to_string() == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(Digest::of(std::string(1'000'000, 'a')).to_string() ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest reads back from its hexadecimal form") {
  const Digest digest = Digest::of("skald");
  CHECK(Digest::parse(digest.to_string()) == digest);
  CHECK_FALSE(Digest::parse("").has_value());
  CHECK_FALSE(Digest::parse(digest.to_string() + "0").has_value());
  CHECK_FALSE(Digest::parse(std::string(64, 'x')).has_value());
}
