// CAST: what a cell is as another type. Pure.
#pragma once

#include <span>
#include <string_view>

#include "bridge/expression/cell.h"

namespace millrace::expression {

// A fault without a place where it has no value. NULL is NULL of every type; a value of the type stays as it is.
//
// bigint   a float cut off towards zero; a text that is an integer, blanks around it aside; a bit as 0 or 1
// float    an integer, rounded to the nearest; a text that is a number; a bit
// nvarchar the shortest text that reads as the same number; a bit as 0 or 1; a record or array as its JSON
// bit      a number as "is not zero"; a text that is true, false, 1 or 0
//
// `digits` takes the text a number becomes; 32 bytes are enough.
Cell cast(const Cell& cell, Type to, std::span<char> digits);

}  // namespace millrace::expression
