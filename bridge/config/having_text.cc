#include "bridge/config/having_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "bridge/codec/json_text.h"
#include "bridge/config/problem.h"

namespace millrace::config {
namespace {

using Op = Condition::Op;

struct Sign {
    std::string_view text;
    Op op;
};
// Longer ones first: `<=` is not `<`.
constexpr std::array<Sign, 8> kSigns = {{{"==", Op::equal},
                                         {"!=", Op::not_equal},
                                         {"<>", Op::not_equal},
                                         {"<=", Op::less_or_equal},
                                         {">=", Op::greater_or_equal},
                                         {"=", Op::equal},
                                         {"<", Op::less},
                                         {">", Op::greater}}};

std::unexpected<std::string> wrong(std::string_view text, std::string_view what) {
    return std::unexpected(quote(text) + " " + std::string(what));
}

template <typename Number>
bool read(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

std::expected<millrace::Value, std::string> parse_literal(std::string_view text) {
    if (text == "true" || text == "false") return millrace::Value(text == "true");
    if (text == "null") return wrong(text, "is met by nothing (leave the condition out)");
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front()) {
        const std::string_view inside = text.substr(1, text.size() - 2);
        if (inside.find(text.front()) == std::string_view::npos && !inside.contains('\\')) {
            return millrace::Value(std::string(inside));
        }
        return wrong(text, "has a quote or a backslash inside its quotes, which no condition can have");
    }
    if (!codec::is_number(text)) {
        return wrong(text, "is no number, true, false, or text in quotes (write for example trips >= 10)");
    }
    std::int64_t whole = 0;
    double real = 0;
    if (text.find_first_of(".eE") == std::string_view::npos && read(text, whole)) return millrace::Value(whole);
    if (read(text, real)) return millrace::Value(real);
    return wrong(text, "is out of range for a number");
}

}  // namespace

std::expected<HavingText, std::string> parse_having(std::string_view text) {
    const std::string_view whole = codec::trim(text);
    const std::size_t at = std::min(whole.find_first_of("=!<>"), whole.size());
    const std::string_view rest = whole.substr(at);
    const auto* const sign = std::ranges::find_if(kSigns, [&](const Sign& s) { return rest.starts_with(s.text); });
    if (sign == kSigns.end() || codec::trim(whole.substr(0, at)).empty()) {
        return wrong(text, "is no condition (write a name of select, one of = != < <= > >=, and a value: trips >= 10)");
    }
    auto literal = parse_literal(codec::trim(rest.substr(sign->text.size())));
    if (!literal) return std::unexpected(std::move(literal.error()));
    const bool ordered = sign->op != Op::equal && sign->op != Op::not_equal;
    if (ordered && std::holds_alternative<bool>(*literal)) {
        return wrong(text, "asks for an order of true and false (use = or !=)");
    }
    return HavingText{codec::trim(whole.substr(0, at)), sign->op, std::move(*literal)};
}

}  // namespace millrace::config
