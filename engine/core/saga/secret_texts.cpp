#include "saga/secret_texts.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace skald {
namespace {

// So much of a secret says which one it is, even where the rest was cut off.
constexpr std::size_t telling_bytes = 16;
// So many bytes are compared for each of the text inside of what is hidden already.
constexpr std::size_t compared_per_byte = 64;

std::uint32_t beginning_of(std::string_view text) {
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, text.data(), SecretTexts::bytes_min);
  return bytes;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

void SecretTexts::add(std::string text) {
  if (text.size() < bytes_min) return;
  beginnings_.insert(beginning_of(text));
  texts_.push_back(std::move(text));
}

void SecretTexts::sort() {
  std::sort(texts_.begin(), texts_.end());
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
}

// How many bytes from `at` on belong to one of the texts; 0: none begins there. Where a text was
// cut, in front of an ellipsis or at the end, it may end within a secret.
std::size_t SecretTexts::length_at(std::string_view text, std::size_t at) const {
  constexpr std::string_view ellipsis = "…";
  if (text.size() - at < bytes_min || !beginnings_.contains(beginning_of(text.substr(at)))) {
    return 0;
  }
  auto first = texts_.begin();
  auto last = texts_.end();
  std::size_t found = 0;
  // [first, last) begin with the `length` bytes at `at`; in their order the shortest is first.
  std::size_t length = 0;
  while (first != last && at + length < text.size()) {
    const auto wanted = static_cast<unsigned char>(text[at + length]);
    const auto byte = [length](const std::string& t) {
      return t.size() > length ? static_cast<int>(static_cast<unsigned char>(t[length])) : -1;
    };
    first = std::partition_point(first, last, [&](const auto& t) { return byte(t) < wanted; });
    last = std::partition_point(first, last, [&](const auto& t) { return byte(t) == wanted; });
    ++length;
    const std::string_view rest = text.substr(at + length);
    const bool cut = length >= bytes_min && (rest.empty() || rest.starts_with(ellipsis));
    if (first != last && (cut || first->size() == length || length >= telling_bytes)) {
      found = length;
    }
  }
  return found;
}

// The end of what is hidden from `begin` on. A text that begins inside of another one may end
// behind it. One that repeats itself as the texts do could be compared with itself again and again:
// when `left` is used up, its rest is hidden whole.
std::size_t SecretTexts::hidden_end(std::string_view text, std::size_t begin,
                                    std::size_t& left) const {
  std::size_t end = begin + length_at(text, begin);
  for (std::size_t i = begin + 1; i < end && end < text.size(); ++i) {
    const std::size_t length = length_at(text, i);
    end = std::max(end, i + length);
    if (length >= left) return text.size();
    left -= length;
  }
  while (end > begin && end < text.size() && continues_character(text[end])) ++end;
  return end;
}

std::string SecretTexts::hide(std::string_view text) const {
  std::string out;
  if (texts_.empty()) return out = text;
  std::size_t left = compared_per_byte * text.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = hidden_end(text, i, left);
    if (end == i) {
      out += text[i++];
      continue;
    }
    out += "***";
    i = end;
  }
  return out;
}

}  // namespace skald
