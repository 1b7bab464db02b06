// The words of an expression. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/expression/expression.h"

namespace millrace::expression {

struct Token {
    enum class Kind : std::uint8_t {
        end,
        word,    // a keyword, or a name that is none
        name,    // in brackets or double quotes: never a keyword
        number,  // as written
        text,    // what stands in the quotes
        symbol,
    };
    Kind kind = Kind::end;
    std::size_t at = 0;  // where it begins
    std::string text;
    bool in_brackets = false;  // of a name
};

// What `text` consists of, with an end behind it; blanks and comments (`-- …`, `/* … */`) are left out.
std::expected<std::vector<Token>, Mistake> tokens(std::string_view text);

// Whether a name has to be put in brackets: a keyword, one that later versions may need, or no plain word.
bool is_reserved(std::string_view word);
bool is_plain_word(std::string_view name);
// Letters compared without their case, as keywords are.
bool same_word(std::string_view a, std::string_view b);

}  // namespace millrace::expression
