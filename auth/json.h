// JSON as tokens, key sets and contexts are read: strictly, once, and within bounds.
//
// Refused: more than `most_bytes`, objects and lists nested deeper than kDeepestJson, a key twice in one object (two
// readers would take different ones), anything but one JSON object in UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::auth {

inline constexpr int kDeepestJson = 8;

class Json {
  public:
    using List = std::vector<Json>;
    using Members = std::vector<std::pair<std::string, Json>>;

    Json() = default;  // null
    explicit Json(std::variant<std::monostate, bool, double, std::string, List, Members> value)
        : value_(std::move(value)) {}

    // Nothing when it is something else; `find` nothing too when there is no such member.
    [[nodiscard]] const Json* find(std::string_view key) const;
    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const double* number() const { return std::get_if<double>(&value_); }
    [[nodiscard]] const bool* flag() const { return std::get_if<bool>(&value_); }
    [[nodiscard]] const List* list() const { return std::get_if<List>(&value_); }
    [[nodiscard]] const Members* members() const { return std::get_if<Members>(&value_); }
    // The text of a member; nothing when there is none, or it is no text.
    [[nodiscard]] const std::string* text(std::string_view key) const;

  private:
    std::variant<std::monostate, bool, double, std::string, List, Members> value_;
};

std::optional<Json> parse_json(std::string_view text, std::size_t most_bytes);

}  // namespace millrace::auth
