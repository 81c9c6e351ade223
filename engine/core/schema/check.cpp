#include "schema/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/input_schema.hpp"
#include "schema/values.hpp"
#include "skald/text.hpp"
#include "skald/work.hpp"

namespace skald {
namespace {

constexpr std::size_t name_shown_max = 100;

// Where a value stands: its name or position in what is above. Lives on the stack.
struct Way {
  const Way* up = nullptr;
  const std::string* name = nullptr;  // Null: an element of a list, or the input itself.
  std::size_t position = 0;
};

std::string pointer_to(const Way& way) {
  std::vector<const Way*> ways;
  for (const Way* at = &way; at->up; at = at->up) ways.push_back(at);
  std::string pointer;
  for (auto at = ways.rbegin(); at != ways.rend(); ++at) {
    pointer = (*at)->name ? schema_place(pointer, clean_text(*(*at)->name, name_shown_max))
                          : schema_place(pointer, std::to_string((*at)->position));
  }
  return pointer.empty() ? "the whole input" : pointer;
}

class Check {
 public:
  explicit Check(const SchemaTree& tree) : tree_(tree) {}
  ~Check() { work().compared += compared_; }
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

  std::vector<std::string> problems(const Json& input) {
    (void)fits(0, input, {});
    return std::move(problems_);
  }

 private:
  // Whether to look for more problems after one. Without anybody to tell, one is enough.
  [[nodiscard]] bool goes_on() const {
    return silent_ == 0 && problems_.size() <= schema_problems_max;
  }

  // What several parts come to together.
  class Verdict {
   public:
    explicit Verdict(const Check& check) : check_(check) {}
    /// Adds a part. False when nothing more has to be looked at.
    bool add(bool good) {
      good_ = good_ && good;
      return good_ || check_.goes_on();
    }
    [[nodiscard]] bool good() const { return good_; }

   private:
    const Check& check_;
    bool good_ = true;
  };

  // Answers false. Writes down why, if somebody wants to know.
  template <typename Describe>
  bool refuse(const Way& way, Describe describe) {
    if (goes_on()) problems_.push_back(pointer_to(way) + " " + describe());
    return false;
  }

  bool would_fit(SchemaIndex index, const Json& value, const Way& way) {
    ++silent_;
    const bool fitting = fits(index, value, way);
    --silent_;
    return fitting;
  }

  // The recursion is as deep as the schema: payload_depth_max at most.
  bool fits(SchemaIndex index, const Json& value, const Way& way) {
    ++compared_;
    const SchemaNode& node = tree_.nodes[index];
    if (node.never) return refuse(way, [] { return "is not allowed"; });
    Verdict verdict{*this};
    if (!verdict.add(itself_fits(node, value, way))) return false;
    if (value.is_object() && !verdict.add(members_fit(node, value, way))) return false;
    if (value.is_array() && !verdict.add(elements_fit(node, value, way))) return false;
    if (node.combines && !verdict.add(combinations_fit(node, value, way))) return false;
    return verdict.good();
  }

  bool itself_fits(const SchemaNode& node, const Json& value, const Way& way) {
    if (node.one_of_values) compared_ += node.one_of_values->size();
    if (node.unique_items && value.is_array()) compared_ += value.size();
    std::string problem;
    return value_fits(node, value, goes_on() ? &problem : nullptr) ||
           refuse(way, [&] { return problem; });
  }

  bool members_fit(const SchemaNode& node, const Json& object, const Way& way) {
    Verdict verdict{*this};
    if (node.required && !verdict.add(has_all(*node.required, object, way))) return false;
    for (const auto& [name, schema] : node.properties) {
      const auto member = object.find(*name);
      if (member == object.end()) continue;
      if (!verdict.add(fits(schema, *member, {&way, name}))) return false;
    }
    if (node.additional_properties != no_schema &&
        !verdict.add(additional_fit(node, object, way))) {
      return false;
    }
    if (node.property_names != no_schema && !verdict.add(names_fit(node, object, way))) {
      return false;
    }
    for (const auto& [name, required] : node.dependent_names) {
      if (object.contains(*name) && !verdict.add(has_all(*required, object, way))) return false;
    }
    for (const auto& [name, schema] : node.dependent_schemas) {
      if (object.contains(*name) && !verdict.add(fits(schema, object, way))) return false;
    }
    return verdict.good();
  }

  bool has_all(const Json& names, const Json& object, const Way& way) {
    Verdict verdict{*this};
    compared_ += names.size();
    for (const Json& name : names) {
      const auto& text = name.get_ref<const std::string&>();
      if (object.contains(text)) continue;
      if (!verdict.add(refuse({&way, &text}, [] { return "is missing"; }))) return false;
    }
    return verdict.good();
  }

  static bool is_named(const SchemaNode::Named& named, const std::string& name) {
    const auto at = std::lower_bound(
        named.begin(), named.end(), name,
        [](const auto& one, const std::string& wanted) { return *one.first < wanted; });
    return at != named.end() && *at->first == name;
  }

  bool additional_fit(const SchemaNode& node, const Json& object, const Way& way) {
    const bool closed = tree_.nodes[node.additional_properties].never;
    Verdict verdict{*this};
    compared_ += object.size();
    for (auto member = object.begin(); member != object.end(); ++member) {
      if (is_named(node.properties, member.key())) continue;
      const Way there{&way, &member.key()};
      const bool good = closed ? refuse(there, [&] { return unknown(node, member.key()); })
                               : fits(node.additional_properties, *member, there);
      if (!verdict.add(good)) return false;
    }
    return verdict.good();
  }

  static std::string unknown(const SchemaNode& node, const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& [property, schema] : node.properties) known.emplace_back(*property);
    return "is not allowed" + did_you_mean(name, known);
  }

  bool names_fit(const SchemaNode& node, const Json& object, const Way& way) {
    Verdict verdict{*this};
    for (auto member = object.begin(); member != object.end(); ++member) {
      const bool good =
          would_fit(node.property_names, Json(member.key()), way) ||
          refuse({&way, &member.key()}, [] { return "has a name that is not allowed"; });
      if (!verdict.add(good)) return false;
    }
    return verdict.good();
  }

  bool elements_fit(const SchemaNode& node, const Json& list, const Way& way) {
    Verdict verdict{*this};
    const std::size_t named = node.first_items.size();
    for (std::size_t i = 0; i < list.size(); ++i) {
      const SchemaIndex schema = i < named   ? node.first_items[i]
                                 : named > 0 ? node.additional_items
                                             : node.each_item;
      if (schema == no_schema) break;
      if (!verdict.add(fits(schema, list[i], {&way, nullptr, i}))) return false;
    }
    if (node.contains == no_schema) return verdict.good();
    const bool found = std::any_of(list.begin(), list.end(), [&](const Json& element) {
      return would_fit(node.contains, element, way);
    });
    (void)verdict.add(
        found || refuse(way, [] { return "has no element that fits the schema of \"contains\""; }));
    return verdict.good();
  }

  std::size_t fitting(const std::vector<SchemaIndex>& schemas, const Json& value, const Way& way,
                      std::size_t enough) {
    std::size_t count = 0;
    for (const SchemaIndex schema : schemas) {
      if (would_fit(schema, value, way) && ++count == enough) break;
    }
    return count;
  }

  bool combinations_fit(const SchemaNode& node, const Json& value, const Way& way) {
    Verdict verdict{*this};
    for (const SchemaIndex schema : node.all_of) {
      if (!verdict.add(fits(schema, value, way))) return false;
    }
    if (!node.any_of.empty() && !verdict.add(any_fits(node, value, way))) return false;
    if (!node.one_of.empty() && !verdict.add(exactly_one_fits(node, value, way))) return false;
    if (node.negated != no_schema && would_fit(node.negated, value, way)) {
      if (!verdict.add(refuse(way, [] { return "fits the schema of \"not\""; }))) return false;
    }
    if (node.condition == no_schema) return verdict.good();
    const SchemaIndex branch = would_fit(node.condition, value, way) ? node.then : node.otherwise;
    if (branch != no_schema) (void)verdict.add(fits(branch, value, way));
    return verdict.good();
  }

  bool any_fits(const SchemaNode& node, const Json& value, const Way& way) {
    if (node.any_of.size() == 1) return fits(node.any_of.front(), value, way);
    return fitting(node.any_of, value, way, 1) == 1 || refuse(way, [&] {
             return fmt::format("fits none of the {} schemas of \"anyOf\"", node.any_of.size());
           });
  }

  bool exactly_one_fits(const SchemaNode& node, const Json& value, const Way& way) {
    const std::size_t count = fitting(node.one_of, value, way, 2);
    return count == 1 || refuse(way, [&] {
             return fmt::format("fits {} of the {} schemas of \"oneOf\"",
                                count == 0 ? "none" : "more than one", node.one_of.size());
           });
  }

  const SchemaTree& tree_;
  std::uint64_t compared_ = 0;
  std::size_t silent_ = 0;  // Within how many schemas of which only the verdict counts.
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> schema_problems(const SchemaTree& tree, const Json& input) {
  return Check(tree).problems(input);
}

}  // namespace skald
