#include "chart.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "attempts.hpp"
#include "output/text.hpp"
#include "skald/decide.hpp"
#include "time_scale.hpp"
#include "world.hpp"

using namespace skald;
using namespace skald::cli;

namespace {

constexpr Time start{Duration(1'800'000'000'000)};

Time at(int milliseconds) { return start + Duration(milliseconds); }

// Somebody else has the locks.
class Locked final : public Admission {
 public:
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return true; }
  [[nodiscard]] LockState lock_state(const Saga& saga) const override {
    return {false, saga.locks.front(), SagaId::make(start, 3, 4)};
  }
};

// A saga told input by input; its journal is what decide() makes of them.
class Story {
 public:
  explicit Story(const char* definition = cli_test::order_definition,
                 const Admission& admission = OpenAdmission{}) {
    folded_.definition = std::make_shared<const Definition>(parse_definition(definition));
    StartRequested request;
    request.id = SagaId::make(start, 1, 2);
    request.locks = folded_.definition->locks;
    tell(0, request, admission);
    folded_.saga.id = request.id;
  }
  Story& tell(int milliseconds, const Input& input, const Admission& admission = OpenAdmission{}) {
    const Decision decision =
        decide(*folded_.definition, folded_.saga, input, at(milliseconds), admission);
    REQUIRE(!decision.events.empty());
    const auto version = static_cast<std::uint64_t>(folded_.rows.size()) + 1;
    folded_.rows.push_back(
        {static_cast<Position>(version), version, at(milliseconds), decision.events});
    return *this;
  }
  Story& reply(int milliseconds, StepIndex step, const Outcome& outcome, std::uint32_t attempt = 1,
               Direction direction = Direction::action) {
    return tell(milliseconds, ReplyReceived{{step, direction, attempt}, outcome});
  }
  [[nodiscard]] const Saga& saga() const { return folded_.saga; }
  /// Those of one kind.
  [[nodiscard]] std::vector<Span> spans(Span::Kind kind) const {
    auto all = spans_of(*folded_.definition, folded_.rows);
    std::erase_if(all, [kind](const Span& span) { return span.kind != kind; });
    return all;
  }
  [[nodiscard]] std::vector<std::string> chart(int now, int width = 80) const {
    return draw_chart(folded_, at(now), Painter(false), {width, true});
  }

 private:
  FoldedSaga folded_;
};

}  // namespace

TEST_CASE("a scale without gaps is linear and marks round times") {
  const TimeScale scale(at(0), at(1'000), {{at(0), at(1'000)}}, 50);
  CHECK(scale.column(at(0)) == 0);
  CHECK(scale.column(at(500)) == 25);
  CHECK(scale.column(at(1'000)) == 49);
  CHECK(scale.column(at(5'000)) == 49);
  CHECK(scale.column_behind(at(0), at(500)) == 25);
  CHECK(scale.column_behind(at(500), at(1'000)) == 50);
  CHECK(scale.column_behind(at(1'000), at(1'000)) == 50);
  CHECK(scale.shortened().empty());
  CHECK(scale.axis().rfind("0 ", 0) == 0);
  CHECK(scale.axis().find("500ms") == 25);
  CHECK(scale.axis().size() == 50);
}

TEST_CASE("a long wait is drawn shorter than it was, so that the work stays readable") {
  const TimeScale scale(at(0), at(3'600'000), {{at(0), at(1'000)}, {at(3'599'000), at(3'600'000)}},
                        60);
  REQUIRE(scale.shortened().size() == 1);
  CHECK(scale.column(at(1'000)) == 15);
  CHECK(scale.column(at(3'599'000)) == 45);
  for (int column = 1; column < 60; ++column) {
    CHECK(scale.time_at(column) > scale.time_at(column - 1));
  }
}

TEST_CASE("no time at all is still a scale") {
  const TimeScale scale(at(0), at(0), {}, 20);
  CHECK(scale.column(at(0)) == 0);
  CHECK(scale.axis().size() == 20);
}

TEST_CASE("the chart of a saga that completed") {
  Story story;
  story.reply(100, 0, Outcome::success())
      .reply(200, 1, Outcome::success())
      .reply(300, 2, Outcome::success())
      .reply(400, 3, Outcome::success());
  const auto lines = story.chart(9'999);
  REQUIRE(lines.size() == 7);
  CHECK(lines[0].find("completed after 400ms") != std::string::npos);
  CHECK(lines[3].rfind("reserve  ####", 0) == 0);
  CHECK(lines[3].find("+ 100ms") != std::string::npos);
  CHECK(lines[6].rfind("notify", 0) == 0);
  for (const auto& line : lines) CHECK(columns(line) <= 80);
}

TEST_CASE("the chart names retries, refusals, compensations and standstills") {
  Story story;
  story.reply(100, 0, Outcome::success())
      .reply(200, 1, Outcome::failed("BUSY"))
      .tell(300, RetryRequested{})
      .reply(400, 1, Outcome::success(), 2)
      .reply(500, 2, Outcome::rejected("NO_TRUCK"))
      .reply(600, 1, Outcome::rejected("CLOSED"), 1, Direction::compensate)
      .tell(900'000, ResumeRequested{});
  std::string text;
  for (const auto& line : story.chart(900'100)) text += line + "\n";
  const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
  CHECK(has("compensating for 15m"));
  CHECK(has("x failed BUSY"));
  CHECK(has("charge #2"));
  CHECK(has("x rejected NO_TRUCK"));
  CHECK(has("undo charge "));
  CHECK(has("x rejected CLOSED"));
  CHECK(has("stuck"));
  CHECK(has("undo charge #2"));
  CHECK(has("~ under way for 100ms"));
  CHECK(has("not run"));
  CHECK(has("drawn shorter than it was"));
}

TEST_CASE("what is ready and not issued is drawn as held back, before a first try and a retry") {
  Story story(cli_test::order_definition, ClosedAdmission{});
  auto held = story.spans(Span::Kind::held);
  REQUIRE(held.size() == 1);
  CHECK(!held[0].end);
  story.tell(500, Woken{}).reply(600, 0, Outcome::success()).reply(700, 1, Outcome::failed("BUSY"));
  held = story.spans(Span::Kind::held);
  REQUIRE(held.size() == 1);
  CHECK(held[0].begin == at(0));
  CHECK(held[0].end == at(500));
  constexpr int due = 3'600'700;
  story.tell(due + 5'000, Woken{});
  const auto backoff = story.spans(Span::Kind::backoff);
  REQUIRE(backoff.size() == 1);
  CHECK(backoff[0].end == at(due));
  held = story.spans(Span::Kind::held);
  REQUIRE(held.size() == 2);
  CHECK(held[1].attempt.step == 1);
  CHECK(held[1].begin == at(due));
  CHECK(held[1].end == at(due + 5'000));
  std::string text;
  for (const auto& line : story.chart(due + 6'000)) text += line + "\n";
  CHECK(text.find("ready 5s, not issued") != std::string::npos);
}

TEST_CASE("an undo that is ready and not issued is drawn as held back") {
  Story story;
  story.reply(100, 0, Outcome::success())
      .reply(200, 1, Outcome::success())
      .tell(300, ReplyReceived{{2, Direction::action, 1}, Outcome::rejected("NO")},
            ClosedAdmission{})
      .tell(900, Woken{});
  const auto held = story.spans(Span::Kind::held);
  REQUIRE(held.size() == 1);
  CHECK(held[0].attempt.direction == Direction::compensate);
  CHECK(held[0].attempt.step == 1);
  CHECK(held[0].begin == at(300));
  CHECK(held[0].end == at(900));
}

TEST_CASE("a turn back ends the back-off that it calls off") {
  Story story;
  story.reply(100, 0, Outcome::success()).reply(200, 1, Outcome::failed("BUSY"));
  CHECK(!story.spans(Span::Kind::backoff).at(0).end);
  story.tell(1'000, CancelRequested{});
  CHECK(story.saga().status == Status::compensating);
  CHECK(story.spans(Span::Kind::backoff).at(0).end == at(1'000));
}

TEST_CASE("the chart shows locks, sleeps, signals and child sagas") {
  Story story(R"({"saga": "t", "version": 1, "locks": ["desk"], "steps": [
      {"name": "nap", "sleep": "1s"}, {"name": "ok", "wait_for": {"signal": "go"}},
      {"name": "trip", "saga": {"type": "leg"}},
      {"name": "b", "participant": "p", "action": "b", "compensation": "none"}]})",
              Locked{});
  CHECK(!story.spans(Span::Kind::lock).at(0).end);
  story.tell(500, Woken{}).tell(1'500, Woken{}).tell(4'000, SignalReceived{"go", {}, {}});
  CHECK(story.spans(Span::Kind::lock).at(0).end == at(500));
  CHECK(story.spans(Span::Kind::sleep).at(0).end == at(1'500));
  CHECK(story.spans(Span::Kind::signal).at(0).end == at(4'000));
  const SagaId child = story.saga().steps[2].child.value();
  CHECK(!story.spans(Span::Kind::child).at(0).end);
  story.tell(9'000, ChildEnded{{2, Direction::action, 1}, child, Status::completed, {}, {}})
      .reply(9'100, 3, Outcome::rejected("NO"));
  const auto children = story.spans(Span::Kind::child);
  REQUIRE(children.size() == 2);
  CHECK(children[0].end == at(9'000));
  CHECK(children[1].attempt.direction == Direction::compensate);
  CHECK(story.spans(Span::Kind::held).empty());
  std::string text;
  for (const auto& line : story.chart(9'200)) text += line + "\n";
  for (const char* part : {"lock", "500ms desk", "slept 1s", "waited 2.5s for its signal",
                           "took 5s saga ", "undo trip"}) {
    CHECK_MESSAGE(text.find(part) != std::string::npos, part, "\n", text);
  }
}

TEST_CASE("the chart of a saga that nobody has begun") {
  cli_test::World world;
  const auto file = world.write("order.json", cli_test::order_definition);
  const auto id = world.skald({"start", file, "--input", "{}"}).lines().at(0);
  const auto chart = world.skald({"timeline", id});
  CHECK(chart.code == 0);
  CHECK(chart.says("pending"));
}

TEST_CASE("timeline draws, and gives its spans as JSON") {
  cli_test::World world;
  const auto id = world.stuck();
  const auto chart = world.skald({"timeline", id});
  CHECK(chart.code == 0);
  for (const char* part : {"█", "▓", "░", "↩ charge", "stuck"}) CHECK(chart.says(part));
  for (const auto& line : chart.lines()) CHECK(columns(line) <= 100);
  for (const char byte : world.skald({"timeline", id, "--ascii", "--width", "60"}).out) {
    CHECK(static_cast<unsigned char>(byte) < 0x80);
  }
  const Json json = world.skald({"timeline", id, "-o", "json"}).json();
  CHECK(json["id"] == id);
  CHECK(json["spans"][0]["step"] == "reserve");
  CHECK(json["spans"][0]["outcome"] == "succeeded");
  CHECK(json["spans"].back()["kind"] == "stuck");
}
