#include "skald/rare.hpp"

#include <doctest/doctest.h>

#include <string>

using skald::Rare;

TEST_CASE("a rare value is absent at first, and takes a pointer's room") {
  const Rare<std::string> none;
  CHECK_FALSE(none);
  CHECK_FALSE(none.has_value());
  CHECK_FALSE(none.as_optional());
  CHECK(none.value_or("other") == "other");
  CHECK(sizeof(none) == sizeof(void*));
}

TEST_CASE("a copy of a rare value is a value of its own") {
  Rare<std::string> one{std::string("a")};
  Rare<std::string> two = one;
  CHECK(two == one);
  *two = "b";
  CHECK(*one == "a");
  CHECK_FALSE(two == one);
  one = two;
  CHECK(*one == "b");
  two.reset();
  CHECK(one.has_value());
  CHECK_FALSE(two == one);
  one = std::nullopt;
  CHECK(two == one);
}

TEST_CASE("a rare value comes from an optional one and goes back") {
  const std::optional<std::string> some{"a"};
  const Rare<std::string> rare = some;
  CHECK(rare.as_optional() == some);
  CHECK(rare->size() == 1);
  CHECK_FALSE(Rare<std::string>(std::optional<std::string>{}));
}
