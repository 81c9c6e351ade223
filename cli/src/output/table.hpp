// Tables for people: aligned columns, made to fit the terminal by cutting the widest.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "output/style.hpp"

namespace skald::cli {

struct Cell {
  std::string text;  ///< Anything; made printable when it is drawn.
  Style style = Style::plain;
};

struct Column {
  std::string title;
  bool right = false;  ///< Aligned right, for numbers.
  bool fixed = false;  ///< Never cut, for ids and states.
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell per column.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Columns in which every cell is empty are left out. `width` 0: nothing is cut.
  void print(std::ostream& out, const Painter& paint, std::size_t width,
             const std::string& indent = {}) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t available) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace skald::cli
