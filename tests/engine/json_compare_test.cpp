// Numbers are compared by what they denote.
#include "json/compare.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <vector>

using namespace skald;

TEST_CASE("an integer and a decimal are the same only when they denote the same number") {
  CHECK(same_tree(Json(1), Json(1.0)));
  CHECK(same_tree(Json(-3), Json(-3.0)));
  CHECK(same_tree(Json(9007199254740992), Json(9007199254740992.0)));
  CHECK_FALSE(same_tree(Json(9007199254740993), Json(9007199254740992.0)));
  CHECK_FALSE(same_tree(Json(-9007199254740993), Json(-9007199254740992.0)));
  CHECK_FALSE(same_tree(Json(UINT64_MAX), Json(18446744073709551616.0)));
  CHECK_FALSE(same_tree(Json(INT64_MAX), Json(9223372036854775808.0)));
  CHECK(same_tree(Json(INT64_MIN), Json(-9223372036854775808.0)));
  CHECK(same_tree(Json::parse(R"({"a":[1,2.0]})"), Json::parse(R"({"a":[1.0,2]})")));
}

TEST_CASE("numbers of all kinds are in one order") {
  const std::vector<Json> rising{Json(-1e300),
                                 Json(INT64_MIN),
                                 Json(-9007199254740993),
                                 Json(-9007199254740992.0),
                                 Json(-1.5),
                                 Json(-1),
                                 Json(-0.5),
                                 Json(0),
                                 Json(0.5),
                                 Json(1),
                                 Json(1.5),
                                 Json(9007199254740992.0),
                                 Json(9007199254740993),
                                 Json(9223372036854775808.0),
                                 Json(9223372036854775809U),
                                 Json(UINT64_MAX),
                                 Json(18446744073709551616.0),
                                 Json(1e300)};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      CAPTURE(rising[i]);
      CAPTURE(rising[j]);
      CHECK((compare_values(rising[i], rising[j]) < 0) == (i < j));
      CHECK((compare_values(rising[i], rising[j]) == 0) == (i == j));
    }
  }
}
