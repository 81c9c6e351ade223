// What a declared secret's copies look like, and that each of them is hidden.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "skald/secret_mask.hpp"

using namespace skald;

namespace {

// Texts of a saga whose whole input is secret.
class Masked {
 public:
  explicit Masked(const std::vector<std::string>& input)
      : definition_(parse_definition(R"({"saga": "a", "version": 1, "secrets": ["/input"],
          "steps": [{"name": "s", "participant": "p", "action": "a", "compensation": "none"}]})")) {
    saga_.input = JsonText::of(input);
    saga_.steps.resize(1);
  }
  [[nodiscard]] std::string text(const std::string& text) const {
    return SecretMask(definition_, saga_).text(text);
  }

 private:
  Definition definition_;
  Saga saga_;
};

}  // namespace

TEST_CASE("secrets that overlap in a text are hidden together") {
  const Masked masked(
      std::vector<std::string>{"3411", "4111222233334444", "abcdef", "cdefgh", "bcde"});
  CHECK(masked.text("34111222233334444") == "***");
  CHECK(masked.text("no 34111222233334444, no") == "no ***, no");
  CHECK(masked.text("abcdefgh") == "***");
  CHECK(masked.text("abcdefg.") == "***g.");
  CHECK(masked.text("3411 4111222233334444") == "*** ***");
  CHECK(masked.text("411122223333.") == "411122223333.");
}

TEST_CASE("a secret of which a cut text shows the beginning only is hidden there, too") {
  const Masked masked(std::vector<std::string>{"4111222233334444"});
  CHECK(masked.text("declined: 41112222") == "declined: ***");
  CHECK(masked.text("declined: 41112222…") == "declined: ***…");
  CHECK(masked.text("declined: 41112222… (data left out)") == "declined: ***… (data left out)");
  CHECK(masked.text("declined: 411") == "declined: 411");
}

TEST_CASE(
    "a secret that begins inside of another one is hidden to its end, however long both are") {
  std::string first;
  std::string second;
  for (int i = 0; i < 40; ++i) first += "one" + std::to_string(i);
  for (int i = 0; i < 40; ++i) second += "two" + std::to_string(i);
  second = first.substr(20) + second;
  const Masked masked(std::vector<std::string>{first, second});
  CHECK(masked.text("<" + first.substr(0, 20) + second + ">") == "<***>");
}

TEST_CASE(
    "a text that repeats itself as a secret does is hidden in time that grows with its length") {
  const std::string half(500'000, 'a');
  const Masked masked(std::vector<std::string>{half, half.substr(1) + "b"});
  CHECK(masked.text(half + half) == "***");
  CHECK(masked.text("b" + half + "c").substr(0, 4) == "b***");
  std::string runs;
  for (int i = 0; i < 100; ++i) runs += half.substr(0, 10'000) + "c";
  CHECK(masked.text(runs).find("aaaa") == std::string::npos);
}

TEST_CASE("a secret is also hidden where it is quoted as JSON") {
  const std::string secret = "pa\"ss\\w\xC3\xB6rd\n\x01";
  const Masked masked(std::vector<std::string>{secret});
  CHECK(masked.text("got " + secret + ".") == "got ***.");
  CHECK(masked.text("got " + Json(secret).dump() + ".") == "got \"***\".");
  CHECK(masked.text("got " + Json(secret).dump(-1, ' ', true) + ".") == "got \"***\".");
}
