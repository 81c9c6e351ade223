#include "skald/outcome.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "skald/error.hpp"

using namespace skald;
using namespace std::chrono_literals;

TEST_CASE("an outcome's kind reads back from its name on the wire") {
  for (const OutcomeKind kind : {OutcomeKind::success, OutcomeKind::rejected, OutcomeKind::failed,
                                 OutcomeKind::unknown, OutcomeKind::pending}) {
    CHECK(parse_outcome_kind(to_string(kind)) == kind);
  }
  CHECK_FALSE(parse_outcome_kind("Success").has_value());
}

TEST_CASE("each kind of outcome carries what belongs to it") {
  CHECK(Outcome::success().output.is_null());
  CHECK(Outcome::success(Json{{"id", 7}}).output.text() == R"({"id":7})");
  CHECK(Outcome::rejected("OUT_OF_STOCK", "none left").error ==
        ErrorInfo{"OUT_OF_STOCK", "none left", {}});
  CHECK(Outcome::failed("BUSY", "", 3s).retry_after == 3s);
  CHECK_FALSE(Outcome::failed("BUSY").retry_after.has_value());
  CHECK(Outcome::unknown("GATEWAY_TIMEOUT").kind == OutcomeKind::unknown);
  const Outcome pending = Outcome::pending(1min, 0.4);
  CHECK(pending.kind == OutcomeKind::pending);
  CHECK(pending.lease == 1min);
  CHECK(pending.progress == doctest::Approx(0.4));
}

TEST_CASE("an output that JSON cannot hold is refused") {
  CHECK_THROWS_AS((void)Outcome::success(Json(std::nan(""))), JsonError);
}

TEST_CASE("a refusal's code is named as JSON answers name it") {
  CHECK(std::string(to_string(Refused::Code::key_conflict)) == "KEY_CONFLICT");
  CHECK(std::string(to_string(Refused::Code::wrong_state)) == "WRONG_STATE");
}
