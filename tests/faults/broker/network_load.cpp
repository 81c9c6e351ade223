// F11: all troubles of a network by chance, one after the other, while sagas are started.
#include <fmt/format.h>

#include <random>

#include "sanitized.hpp"
#include "stories.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t sagas_per_length = 300;
constexpr milliseconds start_interval{20};
constexpr milliseconds answer_limit{2'000};
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};

enum class Trouble : std::uint8_t { cut, frame_cut, silence, trickle, delay, refusal };
constexpr std::array troubles{Trouble::cut,     Trouble::frame_cut, Trouble::silence,
                              Trouble::trickle, Trouble::delay,     Trouble::refusal};
// Cuts are over at once and find the most.
constexpr std::array<int, troubles.size()> weights{6, 12, 1, 1, 1, 2};

class Network {
 public:
  explicit Network(Story& story) : story_(story), random_(story.seed) {}

  void trouble(FrameProxy& proxy) {
    std::discrete_distribution<std::size_t> draw(weights.begin(), weights.end());
    switch (troubles[draw(random_)]) {
      case Trouble::cut: story_.fire("connections reset", proxy.cut()); break;
      case Trouble::frame_cut:
        proxy.arm({way(), number(1, 200), number(0, 10) / 10.0, number(0, 1) == 0});
        if (proxy.await_cut(milliseconds{400})) story_.fire("cut at a frame");
        proxy.disarm();
        break;
      case Trouble::silence:
        story_.fire("silence");
        proxy.silence(way(), true);
        hold(2'600);
        break;
      case Trouble::trickle:
        story_.fire("trickle");
        proxy.trickle(1);
        hold(1'000);
        break;
      case Trouble::delay:
        story_.fire("delay");
        proxy.delay(seconds{2});
        hold(1'000);
        break;
      case Trouble::refusal:
        story_.fire("refused connections");
        proxy.refuse(true);
        (void)proxy.cut();
        hold(300);
        break;
    }
    proxy.heal();
    hold(150);
  }

 private:
  std::uint64_t number(std::uint64_t from, std::uint64_t to) {
    return std::uniform_int_distribution<std::uint64_t>{from, to}(random_);
  }
  Way way() { return number(0, 1) == 0 ? Way::to_broker : Way::to_client; }
  // The trouble itself takes this long; nothing is waited for.
  static void hold(int ms) { std::this_thread::sleep_for(milliseconds{ms}); }

  Story& story_;
  std::mt19937_64 random_;
};

}  // namespace

void tell_load(Story& story) {
  SiteOptions options = story.site_options();
  if (story.control) options.decorate = forgetful();
  Site site(options);
  Network network(story);
  const std::uint64_t sagas = sagas_per_length * story.length;
  Pulse pulse(site, start_interval, sagas);
  bool engine_side = story.seed % 2 == 0;
  while (pulse.counts().started + pulse.counts().refused < sagas) {
    network.trouble(engine_side ? site.engine_side() : site.participant_side());
    engine_side = !engine_side;
  }
  story.check_pulse(pulse.stop(), answer_limit);
  // Whoever loses a connection with a command in hand gets it again.
  (void)site.start_until([&site] {
    if (site.repeats() > 0) return true;
    (void)site.participant_side().cut();
    return false;
  });
  story.demands_duplicates = true;
  story.finish(site, quiet_limit);
}

}  // namespace skald::faults
