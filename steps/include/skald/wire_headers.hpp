// The headers of a message: a small table by name.
//
// A command has a dozen headers and every message is taken apart and put together several times, so
// the entries lie side by side, in the order in which they came.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace skald {

/// A header's value. `std::monostate` stands for kinds that Skald has no use for (nested tables,
/// arrays, decimals): they are known to be there and not looked into.
using HeaderValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// Names are unique. Finding one takes time in proportion to their number, which whoever fills it
/// from outside bounds.
class WireHeaders {
 public:
  using Entry = std::pair<std::string, HeaderValue>;
  using const_iterator = std::vector<Entry>::const_iterator;

  WireHeaders() = default;
  WireHeaders(std::initializer_list<Entry> entries);

  /// The value of this name, which is added if it is missing.
  HeaderValue& operator[](std::string_view name);
  [[nodiscard]] const_iterator find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name) != end(); }
  /// \throws std::out_of_range when there is none of this name.
  [[nodiscard]] const HeaderValue& at(std::string_view name) const;
  void erase(std::string_view name);
  /// Removes every entry that `unwanted` is true of.
  void erase_if(const std::function<bool(const Entry&)>& unwanted);
  /// Makes room for this many.
  void reserve(std::size_t count) { entries_.reserve(count); }

  [[nodiscard]] const_iterator begin() const { return entries_.begin(); }
  [[nodiscard]] const_iterator end() const { return entries_.end(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// The same names with the same values, in whatever order.
  friend bool operator==(const WireHeaders& a, const WireHeaders& b);

 private:
  std::vector<Entry> entries_;
};

}  // namespace skald
