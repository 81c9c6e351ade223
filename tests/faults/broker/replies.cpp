// F15: replies that are repeated, late, out of order, forged, poisoned, or meant for somebody else.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "decorators/decorators.hpp"
#include "forgery.hpp"
#include "hand.hpp"
#include "sanitized.hpp"
#include "skald/sqlite_reader.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::uint64_t sagas_per_length = 150;
constexpr milliseconds answer_limit{2'000};
constexpr milliseconds kept_limit{20'000};
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};

// What the engine committed, on its way from the engine's thread to the forger's.
class Overheard {
 public:
  struct Word {
    CommandId command;
    std::optional<Outcome> answered;  ///< Absent: the command was issued.
  };

  [[nodiscard]] Observer observer() {
    return
        [this](const Definition& definition, const Saga& saga, const std::vector<Event>& events) {
          const std::lock_guard lock(mutex_);
          for (const Event& event : events) {
            if (const auto* issued = std::get_if<CommandIssued>(&event)) {
              say(definition, saga, issued->attempt, std::nullopt);
            } else if (const auto* done = std::get_if<StepSucceeded>(&event)) {
              Outcome outcome;
              outcome.output = done->output;
              say(definition, saga, done->attempt, std::move(outcome));
            } else if (const auto* failed = std::get_if<AttemptFailed>(&event)) {
              say(definition, saga, failed->attempt, Outcome::failed(failed->error.code));
            }
          }
        };
  }
  [[nodiscard]] std::vector<Word> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(words_, {});
  }

 private:
  void say(const Definition& definition, const Saga& saga, const AttemptRef& attempt,
           std::optional<Outcome> answered) {
    const std::string& step = definition.steps[attempt.step].name;
    words_.push_back({{saga.id, step, attempt.direction, attempt.attempt}, std::move(answered)});
  }
  std::mutex mutex_;
  std::vector<Word> words_;
};

// Takes every reply with a wrong key at its word: for the control.
class TrustingListener final : public ChannelListener {
 public:
  explicit TrustingListener(ChannelListener& inner) : inner_(inner) {}
  void sent(const SagaId& saga, const AttemptRef& attempt) override { inner_.sent(saga, attempt); }
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override {
    inner_.confirmed(position, saga, attempt);
  }
  void replied(Reply reply) override { inner_.replied(std::move(reply)); }
  void room() override { inner_.room(); }
  void caught_up() override { inner_.caught_up(); }
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override {
    const Json headers = Json::parse(message.headers, nullptr, false);
    const auto id = headers.is_object() && message.reason == "FORGED_KEY"
                        ? CommandId::parse(headers.at("headers").value("skald_command_id", ""))
                        : std::nullopt;
    if (!id) return inner_.unusable(std::move(message), receipt);
    inner_.replied(
        {id->saga, {no_step, id->direction, id->attempt}, id->step, Outcome::success(), receipt});
  }

 private:
  ChannelListener& inner_;
};

class TrustingChannel final : public testing::ChannelDecorator {
 public:
  using ChannelDecorator::ChannelDecorator;
  void open(const std::string& engine_id, ChannelListener& listener) override {
    listener_.emplace(listener);
    ChannelDecorator::open(engine_id, *listener_);
  }

 private:
  std::optional<TrustingListener> listener_;
};

class Mischief {
 public:
  Mischief(Story& story, Site& site)
      : story_(story),
        engine_(site.engine_id()),
        reply_queue_(site.options().broker.prefix + ".reply." + engine_),
        forger_(site.options().broker, reply_queue_),
        random_(story.seed) {}

  // A forged reply to what was issued, and what was answered once more: now, and again later.
  void answer(const std::vector<Overheard::Word>& words) {
    for (const Overheard::Word& word : words) {
      const Original original{word.command, engine_, reply_queue_};
      if (word.answered) {
        const WireMessage again = honest_reply(original, *word.answered);
        forger_.publish(again);
        story_.fire("repeated replies");
        later_.push_back(again);
      } else {
        const Forgery& forgery = forgeries()[next_++ % forgeries().size()];
        forger_.publish(forgery.make(original, random_));
        ++expected_[forgery.reason];
        story_.fire(forgery.kind);
      }
    }
  }
  // Long after, and in another order.
  void repeat_late() {
    std::shuffle(later_.begin(), later_.end(), random_);
    for (const WireMessage& reply : later_) forger_.publish(reply);
    story_.fire("late replies, out of order", later_.size());
    forger_.await_confirms();
  }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& expected() const { return expected_; }
  [[nodiscard]] std::uint64_t forged() const {
    std::uint64_t count = 0;
    for (const auto& [reason, times] : expected_) count += times;
    return count;
  }

 private:
  Story& story_;
  const std::string engine_;
  const std::string reply_queue_;
  Forger forger_;
  std::mt19937_64 random_;
  std::size_t next_ = 0;
  std::deque<WireMessage> later_;
  std::map<std::string, std::uint64_t> expected_;
};

// All that was forged is in quarantine, for the reason that it should be; nothing else is.
void check_quarantine(Story& story, Site& site, const Mischief& mischief) {
  SqliteReader reader(site.files().store());
  const auto until = Steady::now() + kept_limit;
  auto kept = reader.quarantine(0, SIZE_MAX);
  while (kept.size() < mischief.forged() && Steady::now() < until) {
    std::this_thread::sleep_for(milliseconds{50});
    kept = reader.quarantine(0, SIZE_MAX);
  }
  std::map<std::string, std::uint64_t> found;
  for (const QuarantinedMessage& message : kept) ++found[message.reason];
  for (const auto& [reason, times] : mischief.expected()) {
    story.findings.expect(Invariant::I10, found[reason] == times,
                          "{} messages are kept as {}, not {}", found[reason], reason, times);
  }
  // Requeued, none of it is any better: each stays, and the refusal says why.
  std::uint64_t refused = 0;
  for (const QuarantinedMessage& message : kept) {
    const Json answer = site.engine().handle(
        {{"verb", "quarantine_requeue"}, {"number", message.number}, {"by", "broker faults"}});
    const bool stays = !answer.at("ok") && answer["error"]["code"] == "WRONG_STATE";
    story.findings.expect(Invariant::I9, stays, "message {} ({}) was requeued: {}", message.number,
                          message.reason, answer.dump());
    refused += stays ? 1 : 0;
  }
  story.note(fmt::format("{} kept in quarantine, {} requeued in vain", kept.size(), refused));
}

}  // namespace

void tell_replies(Story& story) {
  Overheard overheard;  // Outlives the site, whose engine uses it.
  SiteOptions options = story.site_options();
  options.observer = overheard.observer();
  if (story.control) {
    options.decorate_channel = [](Channel& channel) {
      return std::make_unique<TrustingChannel>(channel);
    };
  }
  Site site(options);
  Mischief mischief(story, site);
  const std::uint64_t sagas = sagas_per_length * story.length;
  // Replies that are late by themselves, by more than the attempts' timeout for some.
  site.participant_side().delay(milliseconds{10});
  Pulse pulse(site, milliseconds{15}, sagas);
  while (pulse.counts().started < sagas) {
    mischief.answer(overheard.take());
    std::this_thread::sleep_for(milliseconds{5});
  }
  story.check_pulse(pulse.stop(), answer_limit);
  const auto until = Steady::now() + quiet_limit;
  while (!site.await_quiet(Duration{20}) && Steady::now() < until) {
    mischief.answer(overheard.take());
  }
  mischief.answer(overheard.take());
  mischief.repeat_late();
  if (!story.control) check_quarantine(story, site, mischief);
  story.finish(site, quiet_limit, story.control ? 0 : mischief.forged());
}

}  // namespace skald::faults
