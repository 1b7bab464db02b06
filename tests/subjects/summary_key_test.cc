#include "subjects/summary_key.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace millrace;
using subjects::summary_key;
using Group = std::vector<Value>;

namespace {

std::string key(const Group& group) { return summary_key("acme", {}, group); }
std::string token(Value value) { return key({std::move(value)}).substr(5); }

}  // namespace

TEST_CASE("summary key: the tenant, the partition of a partial one, then a token a value") {
    CHECK(key({}) == "acme");
    CHECK(summary_key("acme", 3, {}) == "acme.3");
    CHECK(summary_key("acme", 3, Group{std::int64_t{42}, std::string("yellow")}) == "acme.3.42.yellow");
}

TEST_CASE("summary key: each type its own form") {
    CHECK(token(std::int64_t{42}) == "42");
    CHECK(token(std::int64_t{-7}) == "-7");
    CHECK(token(0.25) == "0=2E25");
    CHECK(token(1e300) == "1e=2B300");
    CHECK(token(std::string("42")) == "=342");
    CHECK(token(std::string("-7")) == "=2D7");
    CHECK(token(std::string("a-7_b")) == "a-7_b");
    CHECK(token(std::string("New York")) == "New=20York");
    CHECK(token(std::string("a.b=c/d>*")) == "a=2Eb=3Dc=2Fd=3E=2A");
    CHECK(token(std::string("\xc3\xa4\0", 3)) == "=C3=A4=00");
    CHECK(token(std::string()) == "=e");
    CHECK(token(Null{}) == "=n");
    CHECK(token(true) == "=t");
    CHECK(token(false) == "=f");
    CHECK(token(RawJson{"[1]"}) == "=j=5B1=5D");
}

TEST_CASE("summary key: no two groups have one, and every character is one that keys may have") {
    std::vector<Value> values = {Null{}, true, false, 0.5, -0.5, 5e-324, 1.7e308, RawJson{"[]"}, RawJson{"{}"}};
    for (const std::int64_t number : {0, 1, -1, 42, 5}) values.emplace_back(number);
    for (const char* text :
         {"",  "n",  "=n", "t",  "true", "null", "0",  "1",        "-1",    "0.5", "-", ".",  "..",   "=",
          "e", "=e", "j",  "=j", "h",    "=h",   "[]", "=j=5B=5D", "0=2E5", "A",   "a", "\n", "\xff", "42"})
        values.emplace_back(std::string(text));
    std::map<std::string, std::size_t> seen;
    std::size_t made = 0;
    const auto add = [&](const Group& group) {
        const std::string text = key(group);
        CHECK_MESSAGE(seen.try_emplace(text, made++).second, text);
        CHECK(std::ranges::all_of(text, [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   std::string_view("-_=.").contains(c);
        }));
        CHECK_FALSE(text.contains(".."));
        CHECK(text.back() != '.');
    };
    add({});
    for (const Value& a : values) {
        add({a});
        for (const Value& b : values) add({a, b});
    }
}

TEST_CASE("summary key: what would be long is a digest, of its own for each") {
    const std::string long_text(198, 'x');
    CHECK(token(long_text + "y") == long_text + "y");
    const auto one = token(long_text + "yz");
    const auto other = token(long_text + "zy");
    CHECK(one.size() == 34);
    CHECK(one.starts_with("=h"));
    CHECK(one != other);
    CHECK(token(std::string(100, '/')) != token(std::string(101, '/')));
}
