// The generator of hostile data: the same from the same seed, of every kind, and as promised.
#include <doctest/doctest.h>

#include <algorithm>

#include "skald/definition.hpp"
#include "skald/edge_data.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"

using namespace skald;
using skald::testing::Edge;
using skald::testing::EdgeData;

namespace {

Command some_command() {
  Command command;
  command.id = {SagaId::make(Time{}, 1, 2), "reserve", Direction::action, 1};
  command.participant = "edge-1";
  command.action = "a";
  return command;
}

std::string drawn_by(std::uint64_t seed) {
  EdgeData edge{seed, 5'000};
  const Json definition = edge.definition("t");
  std::string all = edge.text() + edge.pointer("/input") + dump_json(definition);
  all += dump_json(edge.input_for(definition)) + edge.time_text();
  all += dump_json(edge.request(SagaId{}, definition));
  all += edge.reply_message(some_command()).body;
  return all;
}

}  // namespace

TEST_CASE("the same seed gives the same hostile data, and another seed gives other data") {
  CHECK(drawn_by(7) == drawn_by(7));
  CHECK(drawn_by(7) != drawn_by(8));
}

TEST_CASE("every kind of hostile data is drawn, and counted") {
  EdgeData edge{1, 20'000};
  const Command command = some_command();
  for (int i = 0; i < 2'000; ++i) {
    const Json definition = edge.definition("t");
    (void)edge.input_for(definition);
    (void)edge.patch(10'000);
    (void)edge.request(command.id.saga, definition);
    (void)edge.time();
    (void)edge.duration();
    (void)edge.reply_message(command);
    (void)edge.dead_message({});
    try {
      (void)edge.outcome();
    } catch (const std::runtime_error&) {
      // A handler that throws, or whose output is nested too deep.
    }
  }
  edge.note(Edge::request_start);  // Whoever starts a saga counts that.
  for (std::size_t i = 0; i < testing::edge_count; ++i) {
    const std::string kind = to_string(static_cast<Edge>(i));
    CHECK_MESSAGE(edge.drawn()[i] > 0, kind);
    CHECK_MESSAGE(kind.find(' ') == std::string::npos, kind);
  }
}

TEST_CASE("hostile texts are well-formed where that is promised, and ill-formed elsewhere") {
  EdgeData edge{3};
  bool ill_formed = false;
  for (int i = 0; i < 500; ++i) {
    CHECK(is_utf8(edge.utf8_text()));
    ill_formed = ill_formed || !is_utf8(edge.text());
    const std::size_t bytes = edge.below(300);
    CHECK(edge.text_of(bytes).size() == bytes);
  }
  CHECK(ill_formed);
}

TEST_CASE("sizes lie at most one byte off what a limit leaves") {
  EdgeData edge{4};
  for (int i = 0; i < 100; ++i) {
    const std::size_t size = edge.size_around(1'000, 400);
    CHECK(size >= 599);
    CHECK(size <= 601);
  }
  CHECK(edge.size_around(10, 20) <= 1);
}

TEST_CASE("of hostile definitions many can be used, and many are refused with the place") {
  EdgeData edge{5, 20'000};
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    try {
      (void)make_definition(edge.definition("t"));
      ++accepted;
    } catch (const DefinitionError& error) {
      ++refused;
      CHECK(std::string_view(error.what()).size() > 3);
    }
  }
  CHECK(accepted > 100);
  CHECK(refused > 50);
  CHECK_NOTHROW((void)make_definition(EdgeData::child_definition()));
  CHECK_NOTHROW((void)make_definition(EdgeData::brood_definition()));
}
