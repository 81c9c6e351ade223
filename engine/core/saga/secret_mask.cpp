#include "skald/secret_mask.hpp"

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "definition/lock_names.hpp"
#include "json/pointer.hpp"
#include "saga/command_body.hpp"
#include "saga/secret_texts.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

constexpr const char* mask = "***";
constexpr std::size_t number_bytes_min = 6;

using Tokens = std::vector<std::string>;

bool begins_with(const Tokens& tokens, const Tokens& beginning) {
  return tokens.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), tokens.begin());
}

// A string is also found where somebody quotes it as JSON, all of it or ASCII alone.
void add_string(const Json& value, SecretTexts& texts) {
  const auto& text = value.get_ref<const std::string&>();
  texts.add(text);
  if (text.size() < SecretTexts::bytes_min) return;
  for (const bool ascii : {false, true}) {
    const std::string quoted = value.dump(-1, ' ', ascii, Json::error_handler_t::replace);
    if (quoted.size() > text.size() + 2) texts.add(quoted.substr(1, quoted.size() - 2));
  }
}

// The strings and numbers in a secret value. Names of members are not secret, only what they hold.
void add_texts(const Json& value, SecretTexts& texts) {
  if (value.is_string()) add_string(value, texts);
  if (value.is_number()) {
    // Short numbers are in every time, amount and count.
    if (std::string number = dump_json(value); number.size() >= number_bytes_min) {
      texts.add(std::move(number));
    }
  }
  if (!value.is_structured()) return;
  for (const Json& member : value) add_texts(member, texts);
}

void add_texts_at(const JsonText& text, const Tokens& place, const std::vector<Tokens>& secrets,
                  SecretTexts& texts) {
  std::optional<Json> tree;
  for (const Tokens& secret : secrets) {
    const bool below = begins_with(secret, place);
    if (!below && !begins_with(place, secret)) continue;
    if (!tree) tree = text.value();
    const Json* value = below ? value_at(*tree, secret, place.size()) : &*tree;
    if (value) add_texts(*value, texts);
  }
}

// Every value in a patch is hidden; what it removes is seen, since that is none.
void hide_values(Json& patch) {
  if (patch.is_object()) {
    for (Json& member : patch) hide_values(member);
  } else if (!patch.is_null()) {
    patch = mask;
  }
}

// The pointers in braces of a lock's text.
std::vector<Tokens> pointers_in(const std::string& lock) {
  std::vector<Tokens> pointers;
  for (std::size_t open = lock.find('{'); open != std::string::npos; open = lock.find('{', open)) {
    const std::size_t close = lock.find('}', open);
    if (close == std::string::npos) break;
    if (auto tokens = split_pointer(lock.substr(open + 1, close - open - 1))) {
      pointers.push_back(*std::move(tokens));
    }
    open = close;
  }
  return pointers;
}

}  // namespace

SecretMask::SecretMask(const Definition& definition)
    : definition_(definition), texts_(std::make_unique<SecretTexts>()) {
  declare(definition.secrets);
}

SecretMask::SecretMask(const Definition& definition, const Saga& saga) : SecretMask(definition) {
  look_into(saga);
}

SecretMask::SecretMask(const Definition& definition, const Saga& saga, const Definition& also)
    : SecretMask(definition) {
  declare(also.secrets);
  look_into(saga);
}

void SecretMask::declare(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (auto tokens = split_pointer(secret)) secrets_.push_back(*std::move(tokens));
  }
  std::sort(secrets_.begin(), secrets_.end());
  for (const std::string& lock : definition_.locks) {
    const auto pointers = pointers_in(lock);
    locks_take_secrets_ =
        locks_take_secrets_ || std::any_of(pointers.begin(), pointers.end(),
                                           [this](const Tokens& p) { return is_hidden(p); });
  }
}

void SecretMask::look_into(const Saga& saga) {
  saga_ = &saga;
  if (secrets_.empty()) return;
  collect_texts();
  if (locks_take_secrets_) collect_locks();
}

SecretMask::~SecretMask() = default;

void SecretMask::collect_texts() {
  add_texts_at(saga_->input, {"input"}, secrets_, *texts_);
  if (saga_->output) add_texts_at(*saga_->output, {"output"}, secrets_, *texts_);
  for (StepIndex i = 0; i < saga_->steps.size(); ++i) {
    const StepState& s = saga_->steps[i];
    if (s.output) add_texts_at(*s.output, output_place(i), secrets_, *texts_);
    if (s.input_patch) add_texts(s.input_patch->value(), *texts_);
    if (s.undo_patch) add_texts(s.undo_patch->value(), *texts_);
  }
  for (const KeptSignal& signal : saga_->signals) add_texts(signal.data.value(), *texts_);
  texts_->sort();
}

// Names are made of each lock's text, in an order of their own: so each is made once more.
void SecretMask::collect_locks() {
  const JsonText shown = JsonText::trusted(dump_json(input(saga_->input)));
  for (const std::string& lock : definition_.locks) {
    Definition one;
    one.locks = {lock};
    std::string problem;
    const auto names = lock_names(one, saga_->input, saga_->key, problem);
    const auto masked = lock_names(one, shown, saga_->key, problem);
    if (names && !names->empty()) {
      locks_[names->front()] = masked && !masked->empty() ? masked->front() : mask;
    }
  }
}

// Of a step that a `for_each` became, the place is that of its element in the output of the whole.
Tokens SecretMask::output_place(StepIndex step) const {
  if (step >= definition_.steps.size()) return {"steps", "", "output"};
  const Step& s = definition_.steps[step];
  const std::size_t dot = s.name.rfind('.');
  if (s.group_first == no_step || dot == std::string::npos) return {"steps", s.name, "output"};
  return {"steps", s.name.substr(0, dot), "output", s.name.substr(dot + 1)};
}

// At or below a secret.
bool SecretMask::is_hidden(const Tokens& place) const {
  Tokens beginning;
  for (const std::string& token : place) {
    beginning.push_back(token);
    if (std::binary_search(secrets_.begin(), secrets_.end(), beginning)) return true;
  }
  return false;
}

Json SecretMask::hidden_in(Json value, const Tokens& place) const {
  if (secrets_.empty()) return value;
  if (is_hidden(place)) return mask;
  auto secret = std::lower_bound(secrets_.begin(), secrets_.end(), place);
  for (; secret != secrets_.end() && begins_with(*secret, place); ++secret) {
    if (Json* hidden = value_at(value, *secret, place.size())) *hidden = mask;
  }
  return payload(std::move(value));
}

Json SecretMask::payload(Json value) const {
  if (texts_->empty()) return value;
  if (value.is_string()) return text(value.get_ref<const std::string&>());
  if (value.is_number()) {
    const std::string number = dump_json(value);
    return texts_->hide(number) == number ? std::move(value) : Json(mask);
  }
  if (value.is_array()) {
    for (Json& item : value) item = payload(std::move(item));
  } else if (value.is_object()) {
    Json members = Json::object();
    for (auto& [name, member] : value.items()) {
      members[text(name)] = payload(std::move(member));
    }
    return members;
  }
  return value;
}

// A template with hidden values in place of what it takes from a secret. `step`: whose it is; null:
// the saga's.
Json SecretMask::rendered(const Template& t, const Step* step) const {
  if (!saga_) return mask;
  PayloadTrees trees;
  SagaLookup real{definition_, *saga_, trees, step};
  std::deque<Json> hidden;
  std::string problem;
  const auto shown = t.render(
      [&](const std::string& pointer) -> const Json* {
        const Json* value = real.at(pointer);
        const auto tokens = split_pointer(pointer);
        if (!value || !tokens) return nullptr;
        const bool page = step && step->element && step->element->page > 0 && tokens->size() == 1 &&
                          tokens->front() == step->element->name;
        return &hidden.emplace_back(page ? hidden_page(*value, *step)
                                         : hidden_in(*value, place_of(*tokens, step)));
      },
      problem);
  return shown ? payload(shown->value()) : Json(mask);
}

// Several elements of a list, each hidden as in its place there.
Json SecretMask::hidden_page(const Json& page, const Step& step) const {
  Json shown = Json::array();
  for (std::size_t i = 0; i < page.size(); ++i) {
    shown.push_back(hidden_in(page[i], place_of({step.element->name, std::to_string(i)}, &step)));
  }
  return shown;
}

// Where a pointer of this step leads to: `/item/sku` is `/input/items/3/sku`.
Tokens SecretMask::place_of(const Tokens& tokens, const Step* step) {
  if (!step || !step->element || tokens.empty() || tokens.front() != step->element->name) {
    return tokens;
  }
  const ElementRef& element = *step->element;
  Tokens place = split_pointer(element.list).value_or(Tokens{});
  auto rest = tokens.begin() + 1;
  if (element.page == 0) {
    place.push_back(std::to_string(element.number));
  } else if (rest != tokens.end()) {
    // Its first token counts from the beginning of the page.
    const auto within = index_of(*rest);
    if (!within) return place;
    place.push_back(std::to_string(std::uint64_t{element.number} * element.page + *within));
    ++rest;
  }
  place.insert(place.end(), rest, tokens.end());
  return place;
}

Json SecretMask::input(const JsonText& input) const { return hidden_in(input.value(), {"input"}); }

Json SecretMask::output(StepIndex step, const JsonText& output) const {
  return hidden_in(output.value(), output_place(step));
}

Json SecretMask::result(const JsonText& output) const {
  if (secrets_.empty() || !definition_.output) return hidden_in(output.value(), {"output"});
  return hidden_in(rendered(*definition_.output, nullptr), {"output"});
}

Json SecretMask::patch(const JsonText& patch) const {
  return secrets_.empty() ? patch.value() : Json(mask);
}

Json SecretMask::command_input(StepIndex step, Direction direction) const {
  const Step& s = definition_.steps[step];
  const StepState& state = saga_->steps[step];
  const bool undoes = direction == Direction::compensate;
  const bool own = undoes && s.compensation && s.compensation->input;
  Json shown = own       ? rendered(*s.compensation->input, &s)
               : s.input ? rendered(*s.input, &s)
                         : input(saga_->input);
  const auto merge_hidden = [&shown](const Rare<JsonText>& given) {
    if (!given) return;
    Json hidden = given->value();
    hide_values(hidden);
    shown.merge_patch(hidden);
  };
  if (!own) merge_hidden(state.input_patch);
  if (undoes) merge_hidden(state.undo_patch);
  return shown;
}

Json SecretMask::body(StepIndex step, Direction direction, const JsonText& body) const {
  Json shown = body.value();
  if (secrets_.empty()) return shown;
  if (!saga_ || step >= saga_->steps.size()) return mask;
  shown["input"] = command_input(step, direction);
  const auto& made = saga_->steps[step].output;
  if (shown.contains("output")) shown["output"] = made ? output(step, *made) : Json();
  return payload(std::move(shown));
}

ErrorInfo SecretMask::error(const ErrorInfo& error) const {
  if (texts_->empty()) return error;
  ErrorInfo shown{text(error.code), text(error.message), error.data};
  if (!error.data.is_null()) {
    shown.data = JsonText::trusted(dump_json(payload(error.data.value())));
  }
  return shown;
}

std::string SecretMask::lock(const std::string& name) const {
  if (const auto known = locks_.find(name); known != locks_.end()) return known->second;
  if (locks_take_secrets_ && !saga_) return mask;
  return text(name);
}

std::string SecretMask::text(std::string_view text) const { return texts_->hide(text); }

}  // namespace skald
