// LIKE: whether a text matches a pattern of `%` (any text), `_` (one character), `[a-f]`, `[^xyz]` (one of a set, or
// none of it) and characters that stand for themselves. A character is a Unicode code point.
//
// Linear: a text is looked at once, whatever the pattern. What stands between two `%` is at most kLongestRun
// characters, whose progress is the bits of one word (the shift-and algorithm of Baeza-Yates and Gonnet). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::expression {

class LikePattern {
  public:
    static constexpr std::size_t kLongestRun = 64;

    // `escape`: a character that makes the one behind it stand for itself; empty for none. The error says what is
    // wrong.
    static std::expected<LikePattern, std::string> make(std::string_view pattern, std::string_view escape);

    [[nodiscard]] bool matches(std::string_view text) const;

  private:
    struct Element {
        std::vector<std::pair<char32_t, char32_t>> ranges;
        bool negated = false;
        [[nodiscard]] bool takes(char32_t c) const;
    };
    // What stands between two `%`.
    struct Run {
        std::vector<Element> elements;
        std::array<std::uint64_t, 128> ascii{};  // which elements take the character
        void add(Element element);
        [[nodiscard]] std::uint64_t takers(char32_t c) const;
        // Where the text behind it begins when it matches at `from`, or npos.
        [[nodiscard]] std::size_t match(std::string_view text, std::size_t from) const;
        // The same where it matches first, at `from` or later.
        [[nodiscard]] std::size_t find(std::string_view text, std::size_t from) const;
    };

    std::vector<Run> runs_ = std::vector<Run>(1);  // at least one; the first is at the beginning, the last at the end
};

}  // namespace millrace::expression
