// JSON as text: what is and is not a JSON scalar, where elements end, names as member keys. For raw values that pass
// through unread; nothing here makes a number or a string out of one.
//
// Pure functions over views; allocation only where a string is returned.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::codec {

// Space, tab, CR, LF: what JSON allows between tokens, and nothing else.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
std::string_view trim(std::string_view text);

// -12, 0.1000, 1E400: by grammar, whatever the range.
bool is_number(std::string_view text);
// Whether every backslash begins an escape JSON knows. Lone surrogates are JSON by grammar and pass.
bool has_good_escapes(std::string_view inside_quotes);
// A number, true, false, null, or a string whose control characters and UTF-8 were checked before.
bool is_scalar(std::string_view text);

// The array element that begins at `from` ends before the result: a comma or bracket outside strings and nested
// brackets. npos when there is none. Brackets are counted, not matched, so that a broken element still has an end.
std::size_t element_end(std::string_view text, std::size_t from);

// The text as a JSON string, quotes and all.
std::string quoted(std::string_view text);
// `"name":`, escaped.
std::string member_key(std::string_view name);

}  // namespace millrace::codec
