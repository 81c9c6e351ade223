#include "event_codec.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <sstream>

#include "checksum.hpp"
#include "samples.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string any_text() { return *rc::gen::container<std::string>(rc::gen::arbitrary<char>()); }

StepIndex any_step() { return *rc::gen::arbitrary<StepIndex>(); }

AttemptRef any_attempt() {
  return {any_step(), static_cast<Direction>(*rc::gen::inRange(0, 3)),
          *rc::gen::arbitrary<std::uint32_t>()};
}

ErrorInfo any_error() { return {any_text(), any_text(), JsonText::trusted(any_text() + " ")}; }

/// The samples, with values drawn for the fields that most events share.
std::vector<Event> any_events() {
  std::vector<Event> events;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0: events.emplace_back(CommandIssued{any_attempt(), any_step()}); break;
      case 1: events.emplace_back(AttemptFailed{any_attempt(), any_error()}); break;
      case 2: {
        RetryScheduled event{any_step(), Direction::action, at(*rc::gen::arbitrary<int>())};
        events.emplace_back(event);
        break;
      }
      case 3: {
        SagaTurnedBack event;
        event.cause = {any_step(), any_error()};
        event.plan = *rc::gen::container<std::vector<StepIndex>>(rc::gen::arbitrary<StepIndex>());
        events.emplace_back(event);
        break;
      }
      case 4: {
        SagaStarted event;
        event.type = any_text();
        if (*rc::gen::arbitrary<bool>()) event.key = any_text();
        events.emplace_back(event);
        break;
      }
      default: {
        const auto all = one_of_each_event();
        events.push_back(all[*rc::gen::inRange<std::size_t>(0, all.size())]);
      }
    }
  }
  return events;
}

template <class Testable>
void check_property(const char* sentence, Testable&& property) {
  const auto result = rc::detail::checkTestable(std::forward<Testable>(property));
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  const bool held = result.template is<rc::detail::SuccessResult>();
  CHECK_MESSAGE(held, sentence << ": " << text.str());
}

/// True when the bytes are read, or refused in the way that damaged or newer ones are.
bool survives(std::string_view bytes) {
  try {
    static_cast<void>(decode_events(bytes));
  } catch (const StoreError& error) {
    return error.kind() == StoreError::Kind::corrupt || error.kind() == StoreError::Kind::newer;
  }
  return true;
}

StoreError::Kind kind_of_refusal(std::string_view bytes) {
  try {
    static_cast<void>(decode_events(bytes));
  } catch (const StoreError& error) {
    return error.kind();
  }
  FAIL("the bytes were accepted");
  return {};
}

}  // namespace

TEST_CASE("every event comes back from its stored form as it was") {
  const auto events = one_of_each_event();
  REQUIRE(events.size() == std::variant_size_v<Event>);
  for (std::size_t i = 0; i < events.size(); ++i) {
    REQUIRE(events[i].index() == i);
    const std::string bytes = stored_form({events[i]});
    const auto read = decode_events(bytes);
    REQUIRE(read.size() == 1);
    CHECK(read[0].index() == i);
    CHECK(stored_form(read) == bytes);
  }
  const auto start = std::get<SagaStarted>(decode_events(stored_form({events[0]})).at(0));
  CHECK(start.id == saga_id(1));
  CHECK(start.key == "order-42");
  CHECK(start.deadline == at(1'700'000'060'000));
  CHECK(start.carried.at(0).output.text() == "[2]");
  const auto turned = std::get<SagaTurnedBack>(decode_events(stored_form({events[11]})).at(0));
  CHECK(turned.plan == std::vector<StepIndex>{3, 2, no_step});
  CHECK(turned.cause.error.data.text() == R"({"sku":5})");
}

TEST_CASE("whatever the fields hold, reading gives back what was written") {
  check_property("write, read, write gives the same bytes", [] {
    const auto events = any_events();
    const std::string bytes = stored_form(events);
    const auto read = decode_events(bytes);
    RC_ASSERT(read.size() == events.size());
    RC_ASSERT(stored_form(read) == bytes);
  });
}

TEST_CASE("a start that an older version stored is read with what it did not know left out") {
  const auto read = decode_events(
      from_hex("01010179018bcfe5680070018000000000000001056f7264657204000102030405060708090a0b0c"
               "0d0e0f101112131415161718191a1b1c1d1e1f0601086f726465722d3432077b226e223a317d01c0"
               "c9b2fef96201018bcfe56800700280000000000000020103035b325d03616e6e0c61736b65642066"
               "6f72206974"));
  const auto& start = std::get<SagaStarted>(read.at(0));
  CHECK(start.requester.by == "ann");
  CHECK_FALSE(start.parent);
  CHECK_FALSE(start.not_before);
  CHECK(start.locks.empty());
}

TEST_CASE("the stored form does not change unnoticed") {
  // A failure here means that stores in the field can no longer be read: give the event or the
  // field a new number instead of changing these bytes.
  const auto events = one_of_each_event();
  CHECK(hex(stored_form({events[0]})) ==
        "010101b901018bcfe5680070018000000000000001056f7264657204000102030405060708090a"
        "0b0c0d0e0f101112131415161718191a1b1c1d1e1f0601086f726465722d3432077b226e223a31"
        "7d01c0c9b2fef96201018bcfe56800700280000000000000020103035b325d03616e6e0c61736b"
        "656420666f7220697401a0adb1fef962010701018bcfe568007004800000000000000406020101"
        "8bcfe56800700580000000000000050302086f726465722f34320773746f636b2f37");
  CHECK(hex(stored_form({events.begin() + 1, events.begin() + 12})) ==
        "010b02040401070203240401070c4f55545f4f465f53544f434b096e6f6e65206c656674097b2273"
        "6b75223a357d04240401070c4f55545f4f465f53544f434b096e6f6e65206c656674097b22736b75"
        "223a357d05240401070c4f55545f4f465f53544f434b096e6f6e65206c656674097b22736b75223a"
        "357d0603050209070a0401070622646f6e652208240401070c4f55545f4f465f53544f434b096e6f"
        "6e65206c656674097b22736b75223a357d0922060c4f55545f4f465f53544f434b096e6f6e65206c"
        "656674097b22736b75223a357d0a22070c4f55545f4f465f53544f434b096e6f6e65206c65667409"
        "7b22736b75223a357d0b28080104747275650c4f55545f4f465f53544f434b096e6f6e65206c6566"
        "74097b22736b75223a357d0c37090c4f55545f4f465f53544f434b096e6f6e65206c656674097b22"
        "736b75223a357d0304030003616e6e0c61736b656420666f72206974");
  CHECK(hex(stored_form({events.begin() + 12, events.begin() + 25})) ==
        "010d0d030401070e020a010f240b01020c4f55545f4f465f53544f434b096e6f6e65206c65667409"
        "7b22736b75223a357d10320c4f55545f4f465f53544f434b096e6f6e65206c656674097b22736b75"
        "223a357d03616e6e0c61736b656420666f72206974111803616e6e0c61736b656420666f72206974"
        "010c0101027b7d12130d0103616e6e0c61736b656420666f72206974131103616e6e0c61736b6564"
        "20666f72206974141c0e0973756363656564656403616e6e0c61736b656420666f72206974150404"
        "0107011611018bcfe56800700380000000000000030117030234321800191103616e6e0c61736b65"
        "6420666f72206974");
  CHECK(hex(stored_form({events.begin() + 25, events.end()})) ==
        "010c1a080f01e0e5b3fef9621b1d08617070726f766564027b7d03616e6e0c61736b656420666f"
        "722069741c0a1008617070726f7665641d13040107018bcfe56800700680000000000000061e13"
        "040107018bcfe56800700680000000000000061f030401072019086f726465722f3432018bcfe5"
        "68007007800000000000000721002204040107012322040c4f55545f4f465f53544f434b096e6f"
        "6e65206c656674097b22736b75223a357d241e04084241445f4a534f4e1374686520626f647920"
        "6973206e6f204a534f4e2510018bcfe5680070088000000000000008");
  const SignalKept with_id{"approved", JsonText::parse("{}"), {"ann", "asked for it"}, "message-1"};
  CHECK(hex(stored_form({with_id})) ==
        "01011b2708617070726f766564027b7d03616e6e0c61736b656420666f72206974096d6573736167"
        "652d31");
  CHECK(std::get<SignalKept>(decode_events(stored_form({with_id})).at(0)).id == "message-1");
  std::string body;
  encode_body(saga_id(1), 2, at(3), {events[1]}, body);
  CHECK(hex(body) == "01010204040107022d02b048");
}

TEST_CASE("arbitrary and damaged bytes are refused, never followed") {
  const std::string sound = stored_form(one_of_each_event());
  for (std::size_t length = 0; length < sound.size(); ++length) {
    CAPTURE(length);
    REQUIRE(kind_of_refusal(sound.substr(0, length)) == StoreError::Kind::corrupt);
  }
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    std::string flipped = sound;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    REQUIRE(survives(flipped));
  }
  check_property("random bytes", [] {
    RC_ASSERT(survives(any_text()));
    RC_ASSERT(survives("\x01" + any_text()));
  });
}

TEST_CASE("a flipped bit, or a row in another one's place, does not pass the checksum") {
  std::string body;
  const auto events = one_of_each_event();
  encode_body(saga_id(1), 2, at(3), events, body);
  CHECK(stored_form(decode_body(saga_id(1), 2, at(3), body)) == stored_form(events));
  CHECK_THROWS_AS(static_cast<void>(decode_body(saga_id(2), 2, at(3), body)), StoreError);
  CHECK_THROWS_AS(static_cast<void>(decode_body(saga_id(1), 3, at(3), body)), StoreError);
  CHECK_THROWS_AS(static_cast<void>(decode_body(saga_id(1), 2, at(4), body)), StoreError);
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string flipped = body;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    REQUIRE_THROWS_AS(static_cast<void>(decode_body(saga_id(1), 2, at(3), flipped)), StoreError);
  }
}

TEST_CASE("an event of a later version is refused as newer, and a later field is passed over") {
  using namespace std::string_literals;
  CHECK(kind_of_refusal("\x01\x01\x7f\x00"s) == StoreError::Kind::newer);
  CHECK(kind_of_refusal("\x01\x01\x00\x00"s) == StoreError::Kind::newer);
  CHECK(kind_of_refusal("\x02\x00"s) == StoreError::Kind::newer);
  // SagaCompensated has no fields yet; a later one may.
  const auto read = decode_events("\x01\x01\x18\x03new"s);
  REQUIRE(read.size() == 1);
  CHECK(std::holds_alternative<SagaCompensated>(read[0]));
}

TEST_CASE("the checksum is CRC-32C") {
  CHECK(crc32c("123456789") == 0xE3069283);  // the check value of RFC 3720's polynomial
  CHECK(crc32c("") == 0);
  CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
}
