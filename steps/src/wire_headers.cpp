#include "skald/wire_headers.hpp"

#include <algorithm>
#include <stdexcept>

namespace skald {

WireHeaders::WireHeaders(std::initializer_list<Entry> entries) {
  reserve(entries.size());
  for (const auto& [name, value] : entries) (*this)[name] = value;
}

HeaderValue& WireHeaders::operator[](std::string_view name) {
  for (auto& [known, value] : entries_) {
    if (known == name) return value;
  }
  return entries_.emplace_back(std::string(name), HeaderValue{}).second;
}

WireHeaders::const_iterator WireHeaders::find(std::string_view name) const {
  return std::find_if(begin(), end(), [name](const Entry& entry) { return entry.first == name; });
}

const HeaderValue& WireHeaders::at(std::string_view name) const {
  const auto found = find(name);
  if (found == end()) throw std::out_of_range("no header " + std::string(name));
  return found->second;
}

void WireHeaders::erase(std::string_view name) {
  erase_if([name](const Entry& entry) { return entry.first == name; });
}

void WireHeaders::erase_if(const std::function<bool(const Entry&)>& unwanted) {
  std::erase_if(entries_, unwanted);
}

bool operator==(const WireHeaders& a, const WireHeaders& b) {
  return a.size() == b.size() &&
         std::all_of(a.begin(), a.end(), [&b](const WireHeaders::Entry& entry) {
           const auto other = b.find(entry.first);
           return other != b.end() && other->second == entry.second;
         });
}

}  // namespace skald
