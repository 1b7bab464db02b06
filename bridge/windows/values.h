// What windows need to know of values: which are equal, which comes first, their bytes and their JSON.
//
// Equal numbers are one value, however they were written: 1 and 1.0 are the same, 1 and "1" are not. So that equal ones
// also have equal bytes, everything that is kept or compared is brought into its *plain form* first.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "bridge/base/bytes.h"
#include "bridge/base/value.h"

namespace millrace::windows {

// A double that is a whole number of 64 bits becomes an integer; one that is not finite, which JSON cannot say, null.
// Gives `value` itself where it is plain already, `scratch` otherwise.
const Value* plain(const Value* value, Value& scratch);

bool is_number(const Value& value);  // integer or finite double

// Of plain forms: numbers by what they are worth, before all strings, by their bytes. Nothing for other types.
std::optional<std::strong_ordering> compare(const Value& a, const Value& b);
// Whether compare() has a place for it.
bool is_ordered(const Value& value);
// The same as an order for containers. Requires: both is_ordered.
struct Less {
    bool operator()(const Value& a, const Value& b) const { return *compare(a, b) < 0; }
};

double to_double(const Value& number);  // the nearest

void write_value(ByteWriter& out, const Value& plain_value);
// A value that was not written in its plain form is bad as well.
bool read_value(ByteReader& in, Value& value);

// Appended: integers exact, doubles the shortest text that reads back as the same, strings escaped, RawJson as it is.
void append_json(std::string& out, const Value& value);

}  // namespace millrace::windows
