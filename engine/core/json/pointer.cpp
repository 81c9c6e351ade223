#include "json/pointer.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

namespace skald {

namespace {

const Json* element_at(const Json& list, const std::string& token) {
  const auto index = index_of(token);
  return index && *index < list.size() ? &list[*index] : nullptr;
}

const Json* member_at(const Json& object, const std::string& token) {
  const auto member = object.find(token);
  return member == object.end() ? nullptr : &*member;
}

}  // namespace

std::optional<std::size_t> index_of(std::string_view token) {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, index);
  const bool padded = token.size() > 1 && token.front() == '0';
  return error == std::errc{} && stop == end && !padded ? std::optional(index) : std::nullopt;
}

std::optional<std::vector<std::string>> split_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      tokens.emplace_back();
    } else if (tokens.empty()) {
      return std::nullopt;
    } else if (c != '~') {
      tokens.back() += c;
    } else {
      const std::string_view escape = pointer.substr(i++, 2);
      if (escape != "~0" && escape != "~1") return std::nullopt;
      tokens.back() += escape == "~0" ? '~' : '/';
    }
  }
  return tokens;
}

const Json* value_at(const Json& value, const std::vector<std::string>& tokens, std::size_t from) {
  const Json* at = &value;
  for (std::size_t i = from; at != nullptr && i < tokens.size(); ++i) {
    if (at->is_array()) {
      at = element_at(*at, tokens[i]);
    } else {
      at = at->is_object() ? member_at(*at, tokens[i]) : nullptr;
    }
  }
  return at;
}

Json* value_at(Json& value, const std::vector<std::string>& tokens, std::size_t from) {
  const Json& unchanged = value;
  // The tree is the caller's own and not const, so what is found in it is not either.
  return const_cast<Json*>(value_at(unchanged, tokens, from));
}

}  // namespace skald
