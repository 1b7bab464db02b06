#include "bridge/expression/like.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using millrace::expression::LikePattern;

namespace {

bool like(std::string_view text, std::string_view pattern, std::string_view escape = "") {
    const auto made = LikePattern::make(pattern, escape);
    REQUIRE_MESSAGE(made, (made ? "" : made.error()));
    return made->matches(text);
}

std::string mistake(std::string_view pattern, std::string_view escape = "") {
    const auto made = LikePattern::make(pattern, escape);
    return made ? "none" : made.error();
}

}  // namespace

TEST_CASE("wildcards") {
    CHECK(like("abc", "abc"));
    CHECK_FALSE(like("abc", "ab"));
    CHECK_FALSE(like("ab", "abc"));
    CHECK_FALSE(like("abc", "ABC"));
    CHECK(like("", ""));
    CHECK(like("", "%"));
    CHECK_FALSE(like("", "_"));
    CHECK(like("abc", "a%"));
    CHECK(like("abc", "%c"));
    CHECK(like("abc", "%b%"));
    CHECK_FALSE(like("abc", "%d%"));
    CHECK(like("abc", "a_c"));
    CHECK(like("abcabd", "%ab_"));
    CHECK(like("aXbXc", "a%X%c"));
    CHECK_FALSE(like("ab", "ab%b"));  // no character is used twice
    CHECK(like("abb", "ab%b"));
    CHECK_FALSE(like("abc", "%ab%bc%"));
    CHECK(like("a%c", "a%%c"));
}

TEST_CASE("sets") {
    CHECK(like("Carsen", "[C-P]arsen"));
    CHECK_FALSE(like("Barsen", "[C-P]arsen"));
    CHECK(like("deal", "de[^l]%"));
    CHECK_FALSE(like("dell", "de[^l]%"));
    CHECK(like("a-b", "a[-x]b"));
    CHECK(like("a-b", "a[x-]b"));
    CHECK(like("5%", "5[%]"));
    CHECK_FALSE(like("5x", "5[%]"));
    CHECK(like("[x", "[[]x"));
}

TEST_CASE("an escaped character stands for itself") {
    CHECK(like("50%", "50!%", "!"));
    CHECK_FALSE(like("500", "50!%", "!"));
    CHECK(like("a!b", "a!!b", "!"));
    CHECK(like("a]b", "a[x!]]b", "!"));
    CHECK(like("a_b", "a\xc3\xa9_b", "\xc3\xa9"));
    CHECK(mistake("a!", "!") == "ends with its escape character");
}

TEST_CASE("characters are code points") {
    CHECK(like("\xc3\xa9t\xc3\xa9", "_t_"));
    CHECK(like("\xf0\x9f\x9a\x95 taxi", "_ taxi"));
    CHECK(like("\xf0\x9f\x9a\x95", "[\xf0\x9f\x9a\x90-\xf0\x9f\x9a\x9f]"));
    CHECK(like("taxi \xf0\x9f\x9a\x95", "%_"));
    CHECK(like("x\xc3\xa9", "%\xc3\xa9"));
    CHECK_FALSE(like("x\xc3\xa8", "%\xc3\xa9"));
    CHECK(like("\xff\xfe", "__"));  // what is no UTF-8 has a character a byte
    CHECK(like("\xe2\x82", "%_\x82"));
}

TEST_CASE("mistakes") {
    CHECK(mistake("a[b") == "has a [ without its ]");
    CHECK(mistake("a[]") == "has an empty set []");
    CHECK(mistake("[z-a]") == "has a range that ends before it begins");
    CHECK(mistake(std::string(65, 'x')) == "has more than 64 characters without a %");
    CHECK(mistake(std::string(64, 'x') + "%" + std::string(64, 'x')) == "none");
}

TEST_CASE("a long text takes no longer for a pattern that nearly matches everywhere") {
    const std::string text(4 << 20, 'a');
    std::string pattern;
    for (int i = 0; i < 60; ++i) pattern += "%" + std::string(60, 'a') + "b";
    const auto made = LikePattern::make(pattern, "");
    REQUIRE(made);
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(made->matches(text));
    // Quadratic, it would be minutes.
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}
