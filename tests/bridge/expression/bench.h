// An expression over made-up fields, and what it comes to as text.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/expression/expression.h"

namespace millrace::expression {

inline std::string shown(const Cell& cell) {
    switch (cell.type) {
        case Type::null:
            return "NULL";
        case Type::bit:
            return cell.truth ? "TRUE" : "FALSE";
        case Type::bigint:
            return std::to_string(cell.whole);
        case Type::real: {
            std::array<char, 32> digits{};
            const std::string text(digits.data(), std::to_chars(digits.data(), digits.data() + 32, cell.real).ptr);
            return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
        }
        case Type::fault:
            return "fault at " + std::to_string(cell.whole) + ": " + std::string(cell.text);
        default:
            return "'" + std::string(cell.text) + "'";
    }
}

using Fields = std::map<std::string, Cell, std::less<>>;

inline Cell value(const Expression& expression, const Fields& fields, Evaluator& evaluator) {
    std::vector<Cell> cells;
    for (const Path& path : expression.fields()) {
        const auto found = fields.find(text_of(path));
        cells.push_back(found == fields.end() ? Cell{} : found->second);
    }
    return evaluator.run(cells);
}

// What the text is with the fields, or its mistake.
inline std::string result(std::string_view text, const Fields& fields = {}) {
    const auto parsed = Expression::parse(text);
    if (!parsed) return std::to_string(parsed.error().at) + ": " + parsed.error().text;
    Evaluator evaluator(*parsed);
    return shown(value(*parsed, fields, evaluator));
}

inline std::string canonical(std::string_view text) {
    const auto parsed = Expression::parse(text);
    return parsed ? parsed->text() : std::to_string(parsed.error().at) + ": " + parsed.error().text;
}

}  // namespace millrace::expression
