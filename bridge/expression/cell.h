// Cell: a value while an expression is computed, and the types values have.
//
// The types are those of Stream Analytics' query language that JSON can hold, under their names there. A *fault* is
// what a CAST comes to that has no value: it goes through everything that needs it, so that an event is set aside by
// name, and through nothing that does not (a branch of CASE that is not taken, FALSE AND fault).
//
// Lifetime: views point into the event, the expression or its Evaluator; nothing is owned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::expression {

enum class Type : std::uint8_t { null, bit, bigint, real, text, record, array, fault };

inline constexpr std::array<std::string_view, 8> kTypeNames = {"null",          "bit",    "bigint", "float",
                                                               "nvarchar(max)", "record", "array",  "fault"};
static_assert(kTypeNames.size() == static_cast<std::size_t>(Type::fault) + 1);
constexpr std::string_view name(Type type) { return kTypeNames[static_cast<std::size_t>(type)]; }

struct Cell {
    Type type = Type::null;
    bool truth = false;       // bit
    std::int64_t whole = 0;   // bigint; of a fault the place of its CAST in the expression, in bytes
    double real = 0;          // float
    std::string_view text{};  // nvarchar(max), unescaped UTF-8; JSON of a record or array; of a fault why
    std::string_view raw{};   // the JSON text of a field that comes through as it is; empty for what was computed

    static Cell of(bool truth) { return {.type = Type::bit, .truth = truth}; }
    static Cell of(std::int64_t whole) { return {.type = Type::bigint, .whole = whole}; }
    static Cell of(double real) { return {.type = Type::real, .real = real}; }
    static Cell of(std::string_view text) { return {.type = Type::text, .text = text}; }
};

}  // namespace millrace::expression
