#include "bridge/protocols/request_template.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bridge/protocols/json_pointer.h"

using namespace millrace;
using namespace millrace::protocols;

namespace {

std::string filled(std::string_view pointer, std::string_view extras) {
    const auto made = RequestTemplate::make(pointer, extras);
    constexpr std::array<std::string_view, 2> rows = {"[1]", "[2]"};
    return made ? made->fill(rows) : "refused: " + made.error().text;
}

bool refused(std::string_view pointer, std::string_view extras) {
    const auto made = RequestTemplate::make(pointer, extras);
    return !made && made.error().code == ErrorCode::invalid && !made.error().text.empty();
}

}  // namespace

TEST_CASE("request template: rows stand where the pointer says") {
    CHECK(filled("", "") == "[[1],[2]]");
    CHECK(filled("/data", "") == R"({"data":[[1],[2]]})");
    CHECK(filled("/a/b/0", "") == R"({"a":{"b":{"0":[[1],[2]]}}})");
    CHECK(filled("/a~1b/c~0d", "") == R"({"a/b":{"c~d":[[1],[2]]}})");
    CHECK(filled("/", "") == R"({"":[[1],[2]]})");
    CHECK(filled("/a\"b\\\x01", "") == "{\"a\\\"b\\\\\\u0001\":[[1],[2]]}");
}

TEST_CASE("request template: extras stand beside the rows, at any level") {
    CHECK(filled("/data", R"({ "model" : "m", "n":1e400 })") == R"({"model":"m","n":1e400,"data":[[1],[2]]})");
    CHECK(filled("/data", "{}") == R"({"data":[[1],[2]]})");
    CHECK(filled("/a/b", R"({"x":1,"a":{"c":[2]},"y":3})") == R"({"x":1,"a":{"c":[2],"b":[[1],[2]]},"y":3})");
    CHECK(filled("/in/1/data", R"({"in":[{"k":0},{"k":1},{"k":2}]})") ==
          R"({"in":[{"k":0},{"k":1,"data":[[1],[2]]},{"k":2}]})");
    CHECK(filled("/a/b", R"({"\u0061":{}})") == R"({"a":{"b":[[1],[2]]}})");
}

TEST_CASE("request template: extras that collide or are no object are refused") {
    CHECK(refused("/data", R"({"data":[]})"));
    CHECK(refused("/data", R"({"d\u0061ta":null})"));
    CHECK(refused("/a/b", R"({"a":1})"));
    CHECK(refused("/a/b", R"({"a":{},"a":{}})"));
    CHECK(refused("/a/5", R"({"a":[1]})"));
    CHECK(refused("/a/0", R"({"a":[1]})"));
    CHECK(refused("/a/-", R"({"a":[1]})"));
    CHECK(refused("", "{}"));
    CHECK(refused("/a", "[]"));
    CHECK(refused("/a", "{"));
    CHECK(refused("/a", "{\"x\":NaN}"));
    CHECK(refused("/a", "{\"x\":\"\xff\"}"));
    CHECK(refused("/a", "7"));
}

TEST_CASE("json pointer: keeps to the rule") {
    CHECK(parse_pointer("")->empty());
    CHECK(*parse_pointer("/a//b~0~1") == std::vector<std::string>{"a", "", "b~/"});
    CHECK(!parse_pointer("a"));
    CHECK(!parse_pointer("/a~"));
    CHECK(!parse_pointer("/a~2"));
    CHECK(!parse_pointer("/\xff"));
    CHECK(!parse_pointer("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"));
    CHECK(as_index("0") == 0u);
    CHECK(as_index("17") == 17u);
    for (const char* text : {"", "01", "-1", "+1", "x", "1x", "-", "99999999999999999999999"}) CHECK(!as_index(text));
}
