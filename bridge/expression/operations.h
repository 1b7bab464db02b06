// What operators mean, for any two cells. Pure.
//
// NULL stands for what is not known: what is done with it is NULL, and so is what has no value (a division by zero, an
// integer beyond 64 bits, arithmetic on texts, an order of a text and a number). A fault goes through.
#pragma once

#include <cstdint>

#include "bridge/expression/cell.h"
#include "bridge/expression/expression.h"

namespace millrace::expression {

// The truth of a condition. What is neither a bit nor a fault is unknown.
enum class Truth : std::uint8_t { no, unknown, yes, fault };
Truth truth_of(const Cell& cell);

// negate takes the first alone; the others are + - * / %. Integers stay integers: a quotient is cut off towards zero,
// and a remainder has the sign of the dividend.
Cell arithmetic(Op op, const Cell& left, const Cell& right);

// = <> < <= > >= as a condition. Numbers by their exact value, whatever their types, a bit being 0 or 1; texts by their
// code points, with their case.
Cell compare(Op op, const Cell& left, const Cell& right);

// Of three values: NOT unknown is unknown, FALSE AND anything is FALSE, TRUE OR anything is TRUE.
Cell logical_not(const Cell& operand);
Cell logical_and(const Cell& left, const Cell& right);
Cell logical_or(const Cell& left, const Cell& right);

}  // namespace millrace::expression
