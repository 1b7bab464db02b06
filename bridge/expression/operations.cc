#include "bridge/expression/operations.h"

#include <cmath>
#include <compare>
#include <limits>
#include <optional>
#include <variant>

namespace millrace::expression {
namespace {

using Number = std::variant<std::int64_t, double>;

std::optional<Number> number_in(const Cell& cell) {
    switch (cell.type) {
        case Type::bit:
            return std::int64_t{cell.truth ? 1 : 0};
        case Type::bigint:
            return cell.whole;
        case Type::real:
            return cell.real;
        default:
            return std::nullopt;
    }
}

double real_in(const Number& number) {
    return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

Cell whole_arithmetic(Op op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    switch (op) {
        case Op::add:
            if (__builtin_add_overflow(a, b, &result)) return {};
            return Cell::of(result);
        case Op::subtract:
            if (__builtin_sub_overflow(a, b, &result)) return {};
            return Cell::of(result);
        case Op::multiply:
            if (__builtin_mul_overflow(a, b, &result)) return {};
            return Cell::of(result);
        case Op::divide:
            if (b == 0 || (a == std::numeric_limits<std::int64_t>::min() && b == -1)) return {};
            return Cell::of(a / b);
        case Op::remainder:
            if (b == 0) return {};
            return Cell::of(b == -1 ? 0 : a % b);
        default:
            return {};
    }
}

Cell real_arithmetic(Op op, double a, double b) {
    double result = 0;
    switch (op) {
        case Op::add:
            result = a + b;
            break;
        case Op::subtract:
            result = a - b;
            break;
        case Op::multiply:
            result = a * b;
            break;
        case Op::divide:
            result = a / b;
            break;
        case Op::remainder:
            result = std::fmod(a, b);
            break;
        default:
            return {};
    }
    return std::isfinite(result) ? Cell::of(result) : Cell{};
}

// Exact, which a conversion of the integer would not be.
std::partial_ordering order(std::int64_t a, double b) {
    constexpr double kBeyond = 9223372036854775808.0;  // 2^63
    if (std::isnan(b)) return std::partial_ordering::unordered;
    if (b >= kBeyond) return std::partial_ordering::less;
    if (b < -kBeyond) return std::partial_ordering::greater;
    const auto whole = static_cast<std::int64_t>(b);  // towards zero
    if (a != whole) return a <=> whole;
    return 0.0 <=> (b - static_cast<double>(whole));
}

std::partial_ordering reversed(std::partial_ordering order) { return 0 <=> order; }

struct OrderOfNumbers {
    std::partial_ordering operator()(std::int64_t a, std::int64_t b) const { return a <=> b; }
    std::partial_ordering operator()(std::int64_t a, double b) const { return order(a, b); }
    std::partial_ordering operator()(double a, std::int64_t b) const { return reversed(order(b, a)); }
    std::partial_ordering operator()(double a, double b) const { return a <=> b; }
};

std::partial_ordering order(const Cell& left, const Cell& right) {
    // The order of UTF-8 bytes is that of code points.
    if (left.type == Type::text && right.type == Type::text) return left.text <=> right.text;
    const auto a = number_in(left);
    const auto b = number_in(right);
    return a && b ? std::visit(OrderOfNumbers{}, *a, *b) : std::partial_ordering::unordered;
}

const Cell* fault_in(const Cell& left, const Cell& right) {
    if (left.type == Type::fault) return &left;
    return right.type == Type::fault ? &right : nullptr;
}

}  // namespace

Truth truth_of(const Cell& cell) {
    if (cell.type == Type::bit) return cell.truth ? Truth::yes : Truth::no;
    return cell.type == Type::fault ? Truth::fault : Truth::unknown;
}

Cell arithmetic(Op op, const Cell& left, const Cell& right) {
    if (const Cell* fault = fault_in(left, right)) return *fault;
    const Number zero = std::int64_t{0};
    const auto a = op == Op::negate ? zero : number_in(left);
    const auto b = number_in(op == Op::negate ? left : right);
    if (!a || !b) return {};
    if (op == Op::negate && std::holds_alternative<double>(*b)) {
        const double value = std::get<double>(*b);
        return std::isfinite(value) ? Cell::of(-value) : Cell{};
    }
    if (op == Op::negate) op = Op::subtract;
    const auto* const whole_a = std::get_if<std::int64_t>(&*a);
    const auto* const whole_b = std::get_if<std::int64_t>(&*b);
    if (whole_a != nullptr && whole_b != nullptr) return whole_arithmetic(op, *whole_a, *whole_b);
    return real_arithmetic(op, real_in(*a), real_in(*b));
}

Cell compare(Op op, const Cell& left, const Cell& right) {
    if (const Cell* fault = fault_in(left, right)) return *fault;
    const std::partial_ordering found = order(left, right);
    if (found == std::partial_ordering::unordered) return {};
    switch (op) {
        case Op::equal:
            return Cell::of(found == 0);
        case Op::not_equal:
            return Cell::of(found != 0);
        case Op::less:
            return Cell::of(found < 0);
        case Op::less_or_equal:
            return Cell::of(found <= 0);
        case Op::greater:
            return Cell::of(found > 0);
        case Op::greater_or_equal:
            return Cell::of(found >= 0);
        default:
            return {};
    }
}

Cell logical_not(const Cell& operand) {
    const Truth truth = truth_of(operand);
    if (truth == Truth::fault) return operand;
    return truth == Truth::unknown ? Cell{} : Cell::of(truth == Truth::no);
}

Cell logical_and(const Cell& left, const Cell& right) {
    const Truth a = truth_of(left);
    const Truth b = truth_of(right);
    if (a == Truth::no || b == Truth::no) return Cell::of(false);
    if (const Cell* fault = fault_in(left, right)) return *fault;
    return a == Truth::yes && b == Truth::yes ? Cell::of(true) : Cell{};
}

Cell logical_or(const Cell& left, const Cell& right) {
    const Truth a = truth_of(left);
    const Truth b = truth_of(right);
    if (a == Truth::yes || b == Truth::yes) return Cell::of(true);
    if (const Cell* fault = fault_in(left, right)) return *fault;
    return a == Truth::no && b == Truth::no ? Cell::of(false) : Cell{};
}

}  // namespace millrace::expression
