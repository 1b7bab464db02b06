#include "bridge/expression/cast.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

#include "bridge/expression/tokens.h"

namespace millrace::expression {
namespace {

constexpr double kBeyond = 9223372036854775808.0;  // 2^63

Cell fault(std::string_view why) { return {.type = Type::fault, .text = why}; }

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// What is left of a number behind its sign, as from_chars reads it; empty when it does not begin as one does.
std::string_view number_text(std::string_view text) {
    text = without_blanks(text);
    const bool is_signed = text.starts_with('+') || text.starts_with('-');
    const std::string_view digits = text.substr(is_signed ? 1 : 0);
    if (text.starts_with('+')) text = digits;
    const bool begins_well =
        !digits.empty() && ((digits.front() >= '0' && digits.front() <= '9') || digits.front() == '.');
    return begins_well ? text : std::string_view();
}

template <typename Number>
bool read(std::string_view text, Number& number) {
    const char* const end = text.data() + text.size();
    const auto found = std::from_chars(text.data(), end, number);
    return !text.empty() && found.ec == std::errc{} && found.ptr == end;
}

template <typename Number>
Cell written(Number number, std::span<char> digits) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return Cell::of(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

Cell to_bigint(const Cell& cell) {
    std::int64_t whole = 0;
    switch (cell.type) {
        case Type::bit:
            return Cell::of(std::int64_t{cell.truth ? 1 : 0});
        case Type::real:
            if (!(cell.real >= -kBeyond && cell.real < kBeyond)) return fault("a float beyond 64 bits");
            return Cell::of(static_cast<std::int64_t>(cell.real));
        case Type::text:
            if (read(number_text(cell.text), whole)) return Cell::of(whole);
            return fault("a text that is no integer of 64 bits");
        default:
            return fault({});
    }
}

Cell to_real(const Cell& cell) {
    double real = 0;
    switch (cell.type) {
        case Type::bit:
            return Cell::of(cell.truth ? 1.0 : 0.0);
        case Type::bigint:
            return Cell::of(static_cast<double>(cell.whole));
        case Type::text:
            if (read(number_text(cell.text), real) && std::isfinite(real)) return Cell::of(real);
            return fault("a text that is no number");
        default:
            return fault({});
    }
}

Cell to_text(const Cell& cell, std::span<char> digits) {
    switch (cell.type) {
        case Type::bit:
            return Cell::of(std::string_view(cell.truth ? "1" : "0"));
        case Type::bigint:
            return written(cell.whole, digits);
        case Type::real:
            if (!std::isfinite(cell.real)) return fault("a number beyond a float");
            return written(cell.real, digits);
        default:
            return Cell::of(cell.text);  // record, array
    }
}

Cell to_bit(const Cell& cell) {
    switch (cell.type) {
        case Type::bigint:
            return Cell::of(cell.whole != 0);
        case Type::real:
            return Cell::of(cell.real != 0);
        case Type::text: {
            const std::string_view text = without_blanks(cell.text);
            if (same_word(text, "true") || text == "1") return Cell::of(true);
            if (same_word(text, "false") || text == "0") return Cell::of(false);
            return fault("a text that is none of true, false, 1 and 0");
        }
        default:
            return fault({});
    }
}

Cell converted(const Cell& cell, Type to, std::span<char> digits) {
    switch (to) {
        case Type::bigint:
            return to_bigint(cell);
        case Type::real:
            return to_real(cell);
        case Type::text:
            return to_text(cell, digits);
        case Type::bit:
            return to_bit(cell);
        default:
            return fault({});
    }
}

// Which type cannot be cast at all, where nothing more is to be said.
std::string_view a_value_of(Type type) {
    switch (type) {
        case Type::record:
            return "a record";
        case Type::array:
            return "an array";
        case Type::text:
            return "a text";
        default:
            return "a number or a bit";
    }
}

}  // namespace

Cell cast(const Cell& cell, Type to, std::span<char> digits) {
    if (cell.type == Type::null || cell.type == Type::fault || cell.type == to) return cell;
    Cell made = converted(cell, to, digits);
    if (made.type == Type::fault && made.text.empty()) made.text = a_value_of(cell.type);
    return made;
}

}  // namespace millrace::expression
