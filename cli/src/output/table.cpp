#include "output/table.hpp"

#include <algorithm>
#include <numeric>
#include <ostream>

#include "output/text.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t narrowest = 8;

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = printable(cell.text);
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t available) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i].text));
    }
  }
  std::size_t shown = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    widths[i] = std::max(widths[i], columns(columns_[i].title));
    ++shown;
  }
  const std::size_t gaps = shown > 0 ? (shown - 1) * gap : 0;
  while (available > 0 && std::accumulate(widths.begin(), widths.end(), gaps) > available) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (columns_[i].fixed || widths[i] <= narrowest) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

void Table::print(std::ostream& out, const Painter& paint, std::size_t width,
                  const std::string& indent) const {
  const auto widths_shown = widths(width > indent.size() ? width - indent.size() : 0);
  const auto line = [&](const auto& cell_of) {
    std::string blanks = indent;
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths_shown[i] == 0) continue;
      const Cell cell = cell_of(i);
      const std::string shown = cut(cell.text, widths_shown[i]);
      const std::string fill(widths_shown[i] - columns(shown), ' ');
      if (columns_[i].right) blanks += fill;
      // Blanks are written only when something follows, so that no line ends in them.
      if (!shown.empty()) {
        text += blanks + paint(cell.style, shown);
        blanks.clear();
      }
      if (!columns_[i].right) blanks += fill;
      blanks += std::string(gap, ' ');
    }
    out << text << '\n';
  };
  line([&](std::size_t i) { return Cell{columns_[i].title, Style::dim}; });
  for (const auto& row : rows_) {
    line([&](std::size_t i) { return row[i]; });
  }
}

}  // namespace skald::cli
