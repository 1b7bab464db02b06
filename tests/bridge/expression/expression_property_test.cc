// Expressions of any form over cells of any type: the laws of three-valued logic, and that text and meaning agree.
#include <optional>

#include "tests/bridge/expression/bench.h"
#include "tests/property.h"

using namespace millrace;
using namespace millrace::expression;

namespace {

const char* const kNames[] = {"a", "b", "c", "[d e]", "f.g", "f[0]"};

Cell any_cell() {
    switch (*rc::gen::inRange(0, 7)) {
        case 0:
            return {};
        case 1:
            return Cell::of(*rc::gen::arbitrary<bool>());
        case 2:
            return Cell::of(*rc::gen::elementOf(std::vector<std::int64_t>{0, 1, -1, 2, 3, INT64_MAX, INT64_MIN}));
        case 3:
            return Cell::of(
                *rc::gen::elementOf(std::vector<double>{0, -0.0, 1, 0.5, -3, 1e300, 9223372036854775808.0}));
        case 4:
            return Cell::of(
                std::string_view(*rc::gen::elementOf(std::vector<const char*>{"", "a", "ab", "1", "true"})));
        case 5:
            return {.type = Type::record, .text = "{}"};
        default:
            return {.type = Type::array, .text = "[]"};
    }
}

Fields any_fields() {
    Fields fields;
    for (const char* const name : kNames) fields[name] = any_cell();
    return fields;
}

std::string any_value(int depth);

std::string any_condition(int depth) {
    const auto value = [&] { return "(" + any_value(depth - 1) + ")"; };
    const auto condition = [&] { return "(" + any_condition(depth - 1) + ")"; };
    if (depth == 0) return *rc::gen::elementOf(std::vector<std::string>{"a", "b", "c", "TRUE", "FALSE", "a IS NULL"});
    switch (*rc::gen::inRange(0, 9)) {
        case 0:
            return "NOT " + condition();
        case 1:
            return condition() + " AND " + condition();
        case 2:
            return condition() + " OR " + condition();
        case 3:
            return value() + " IS NOT NULL";
        case 4:
            return value() + " BETWEEN " + value() + " AND " + value();
        case 5:
            return value() + " IN (" + value() + ", " + value() + ")";
        case 6:
            return value() + " NOT LIKE 'a%'";
        case 7:
            return "CAST(" + value() + " AS bit)";
        default:
            return value() +
                   *rc::gen::elementOf(std::vector<std::string>{" = ", " <> ", " < ", " <= ", " > ", " >= "}) + value();
    }
}

std::string any_value(int depth) {
    if (depth <= 0) {
        const bool is_field = *rc::gen::arbitrary<bool>();
        return is_field
                   ? std::string(*rc::gen::elementOf(std::vector<const char*>(std::begin(kNames), std::end(kNames))))
                   : *rc::gen::elementOf(std::vector<std::string>{"0", "1", "-2", "1.5", "-0.5", "TRUE", "9e18"});
    }
    const auto value = [&] { return "(" + any_value(depth - 1) + ")"; };
    switch (*rc::gen::inRange(0, 7)) {
        case 0:
            return "-" + value();
        case 1:
            return "CASE WHEN " + any_condition(depth - 1) + " THEN " + value() + " ELSE " + value() + " END";
        case 2:
            return "COALESCE(" + value() + ", " + value() + ")";
        case 3:
            return "CAST(" + value() + " AS " +
                   *rc::gen::elementOf(std::vector<std::string>{"bigint", "float", "bit"}) + ")";
        case 4:
            return "TRY_CAST(" + value() + " AS nvarchar(max))";
        case 5:
            return "CASE " + value() + " WHEN " + value() + " THEN " + value() + " END";
        default:
            return value() + *rc::gen::elementOf(std::vector<std::string>{" + ", " - ", " * ", " / ", " % "}) + value();
    }
}

std::string meaning(const std::string& text, const Fields& fields) {
    std::string shown = result(text, fields);
    return shown.starts_with("fault") ? "fault" : shown;  // laws do not say which of two is told
}

// A text that is a mistake (a text among numbers, NULL compared) says nothing of a law.
bool parses(const std::string& text) { return Expression::parse(text).has_value(); }

}  // namespace

TEST_CASE("what is written from an expression is the same expression") {
    holds([] {
        const std::string text = *rc::gen::arbitrary<bool>() ? any_condition(4) : any_value(4);
        const auto parsed = Expression::parse(text);
        RC_PRE(parsed.has_value());
        const std::string written = parsed->text();
        const auto again = Expression::parse(written);
        RC_ASSERT(again.has_value());
        RC_ASSERT(again->text() == written);
        const Fields fields = any_fields();
        RC_ASSERT(meaning(text, fields) == meaning(written, fields));
    });
}

TEST_CASE("De Morgan, and NOT NOT, with three values") {
    holds([] {
        const std::string p = "(" + any_condition(2) + ")";
        const std::string q = "(" + any_condition(2) + ")";
        RC_PRE(parses(p + " AND " + q));
        const Fields fields = any_fields();
        RC_ASSERT(meaning("NOT (" + p + " AND " + q + ")", fields) == meaning("NOT " + p + " OR NOT " + q, fields));
        RC_ASSERT(meaning("NOT (" + p + " OR " + q + ")", fields) == meaning("NOT " + p + " AND NOT " + q, fields));
        RC_ASSERT(meaning("NOT NOT " + p, fields) == meaning(p + " AND TRUE", fields));
        RC_ASSERT(meaning(p + " AND " + q, fields) == meaning(q + " AND " + p, fields));
        RC_ASSERT(meaning(p + " OR FALSE", fields) == meaning(p + " AND TRUE", fields));
    });
}

TEST_CASE("BETWEEN is two comparisons, IN is equalities, a negation is NOT") {
    holds([] {
        const std::string x = "(" + any_value(2) + ")";
        const std::string y = "(" + any_value(1) + ")";
        const std::string z = "(" + any_value(1) + ")";
        RC_PRE(parses(x + " IN (" + y + "," + z + ")"));
        const Fields fields = any_fields();
        const auto same = [&](const std::string& left, const std::string& right) {
            RC_ASSERT(meaning(left, fields) == meaning(right, fields));
        };
        same(x + " BETWEEN " + y + " AND " + z, x + " >= " + y + " AND " + x + " <= " + z);
        same(x + " NOT BETWEEN " + y + " AND " + z, "NOT " + x + " BETWEEN " + y + " AND " + z);
        same(x + " IN (" + y + ", " + z + ")", x + " = " + y + " OR " + x + " = " + z);
        same(x + " NOT IN (" + y + ", " + z + ")", "NOT " + x + " IN (" + y + ", " + z + ")");
        same(x + " <> " + y, "NOT " + x + " = " + y);
        same(x + " < " + y, y + " > " + x);
        same(x + " <= " + y, x + " < " + y + " OR " + x + " = " + y);
        same(x + " IS NOT NULL", "NOT " + x + " IS NULL");
        same("COALESCE(" + x + ", " + y + ")", "CASE WHEN " + x + " IS NULL THEN " + y + " ELSE " + x + " END");
        same("CASE " + x + " WHEN " + y + " THEN 1 ELSE 2 END", "CASE WHEN " + x + " = " + y + " THEN 1 ELSE 2 END");
    });
}

TEST_CASE("any text is an expression or a mistake within it") {
    holds([] {
        const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
            "a",     "[b c]", "1",      "2.5",       "'x'",  "(",    ")",    "AND",  "OR",   "NOT",
            "IS",    "NULL",  "IN",     "BETWEEN",   "LIKE", "CASE", "WHEN", "THEN", "ELSE", "END",
            "CAST(", "AS",    "bigint", ",",         "=",    "<",    "-",    "*",    ".",    "[0]",
            "--",    "/*",    "\n",     "COALESCE(", "\xff", "'",    "["}));
        std::string text;
        for (const std::string& word : words) text += word + " ";
        const auto parsed = Expression::parse(text);
        if (!parsed) {
            RC_ASSERT(parsed.error().at <= text.size());
            RC_ASSERT(!parsed.error().text.empty());
        }
    });
}
