#include "bridge/protocols/answer_text.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/bridge/protocols/json_values.h"

using namespace millrace;
using namespace millrace::protocols;
using settings::NonFinite;
using Texts = std::vector<std::string>;

namespace {

const Route kWhole;
const Route kAtB = {Step{.members = {"a"}}, Step{.members = {"b"}}};

Result<Texts> read(std::string_view body, const Route& route, std::size_t rows, NonFinite policy = NonFinite::null) {
    return read_results(body, route, rows, policy);
}

std::string why(const Result<Texts>& result) { return result ? "a result" : result.error().text; }

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

TEST_CASE("answer text: gives back each element as it stands") {
    CHECK(read(" [ 1 , 2.50,\t-3e2\n] ", kWhole, 3) == Texts{"1", "2.50", "-3e2"});
    CHECK(read(R"([{"a" : [1, 2]}, "x\"]", null])", kWhole, 3) == Texts{R"({"a" : [1, 2]})", R"("x\"]")", "null"});
    CHECK(read("[12345678901234567890123.456789012345678901]", kWhole, 1) ==
          Texts{"12345678901234567890123.456789012345678901"});
    CHECK(read("[]", kWhole, 0) == Texts{});
    CHECK(read(R"({"x":0,"a":{"b":[7],"c":{}},"y":[]})", kAtB, 1) == Texts{"7"});
}

TEST_CASE("answer text: an index leads into an array") {
    const Route route = {Step{.members = {"outputs"}}, Step{.members = {"1"}}, Step{.members = {"data"}}};
    CHECK(read(R"({"outputs":[{"data":[1]},{"data":[2]}]})", route, 1) == Texts{"2"});
    CHECK(why(read(R"({"outputs":[{"data":[1]}]})", route, 1)) == "expected 1 result, found an array without \"1\"");
    CHECK(why(read(R"({"outputs":[]})", route, 1)) == "expected 1 result, found an array without \"1\"");
}

TEST_CASE("answer text: another number of results is an error that says both numbers") {
    CHECK(why(read("[1,2]", kWhole, 3)) == "expected 3 results, found 2");
    CHECK(why(read("[1,2]", kWhole, 1)) == "expected 1 result, found 2");
    CHECK(why(read("[]", kWhole, 1)) == "expected 1 result, found 0");
}

TEST_CASE("answer text: a body that is broken anywhere gives nothing") {
    CHECK(why(read("[1,2", kWhole, 2)) == "the body is no JSON: ends too early at byte 4");
    CHECK(!read("[1,2]]", kWhole, 2));
    CHECK(!read("", kWhole, 0));
    CHECK(!read(R"({"a":{"b":[1]},"z":tru})", kAtB, 1));
    CHECK(!read(R"({"a":{"b":[1]}})"
                "\x01",
                kAtB, 1));
    CHECK(why(read("[\"\xff\"]", kWhole, 1)) == "the body is not UTF-8");
    CHECK(!read("[\"\xed\xa0\x80\"]", kWhole, 1));
}

TEST_CASE("answer text: a wrong shape is named") {
    CHECK(why(read(R"({"a":[]})", kWhole, 1)) == "expected 1 result, found an object where an array belongs");
    CHECK(why(read("7", kWhole, 1)) == "expected 1 result, found a number where an array belongs");
    CHECK(why(read(R"({"c":1})", kAtB, 2)) == R"(expected 2 results, found an object without "a")");
    CHECK(why(read(R"({"a":null})", kAtB, 2)) == R"(expected 2 results, found true, false or null where "b" belongs)");
    CHECK(why(read(R"({"a":{"b":[1]},"a":{"b":[2]}})", kAtB, 1)) == R"(expected 1 result, found "a" more than once)");
    CHECK(!read(R"({"a":{"b":[1],"\u0062":[1]}})", kAtB, 1));
}

TEST_CASE("answer text: JSON in a string is unwrapped at most twice, at any level") {
    CHECK(read(quoted("[1,2]"), kWhole, 2) == Texts{"1", "2"});
    CHECK(read(quoted(quoted("[\"x\"]")), kWhole, 1) == Texts{"\"x\""});
    CHECK(!read(quoted(quoted(quoted("[1]"))), kWhole, 1));
    CHECK(read("{\"a\":" + quoted("{\"b\":" + quoted("[5]") + "}") + "}", kAtB, 1) == Texts{"5"});
    CHECK(!read(quoted("[1,2"), kWhole, 2));
    CHECK(!read(quoted("[1,2] tail"), kWhole, 2));
    CHECK(!read(quoted("\\ud800"), kWhole, 1));
    CHECK(why(read("\"could not convert\"", kWhole, 2)) == "expected 2 results, found a string that holds no JSON");
    CHECK(why(read(R"({"a":"boom"})", kAtB, 2)) == R"(expected 2 results, found a string that holds no JSON: "boom")");
}

TEST_CASE("answer text: NaN and Infinity become what the policy says, but not inside strings") {
    const char* const body = R"([NaN,{"a":[-Infinity,"NaN \" Infinity"],"N":Infinity}, -1])";
    CHECK(read(body, kWhole, 3, NonFinite::null) == Texts{"null", R"({"a":[null,"NaN \" Infinity"],"N":null})", "-1"});
    CHECK(read(body, kWhole, 3, NonFinite::string) ==
          Texts{"\"NaN\"", R"({"a":["-Infinity","NaN \" Infinity"],"N":"Infinity"})", "-1"});
    CHECK(why(read(body, kWhole, 3, NonFinite::error)) ==
          "the body is no JSON: NaN or Infinity is no JSON value at byte 1");
    CHECK(read(quoted("[NaN]"), kWhole, 1, NonFinite::null) == Texts{"null"});
    CHECK(!read(quoted("[NaN]"), kWhole, 1, NonFinite::error));
    CHECK(read(R"(["NaN"])", kWhole, 1, NonFinite::error) == Texts{"\"NaN\""});
}

TEST_CASE("answer text: the only member counts when it is alone and no error") {
    const Route route = {Step{.members = {"out"}, .or_the_only_member = true, .or_array_here = true}};
    CHECK(read("[1]", route, 1) == Texts{"1"});
    CHECK(read(R"({"x":[1]})", route, 1) == Texts{"1"});
    CHECK(read(R"({"x":[1],"out":[2],"y":[3]})", route, 1) == Texts{"2"});
    CHECK(read("{\"x\":" + quoted(quoted("[1]")) + ",\"out\":" + quoted(quoted("[2]")) + "}", route, 1) == Texts{"2"});
    CHECK(!read(R"({"x":[1],"y":[3]})", route, 1));
    CHECK(!read(R"({"x":1,"y":[3]})", route, 1));
    CHECK(!read(R"({"out":1,"y":[3]})", route, 1));
    CHECK(!read(R"({"error":["boom"]})", route, 1));
    CHECK(!read(R"({"x":[1],"x":[1]})", route, 1));
    CHECK(!read(R"({})", route, 0));
}

TEST_CASE("answer text: random results come back byte for byte") {
    JsonValues values(7);
    for (int round = 0; round < 3000; ++round) {
        Texts expected(values.below(20));
        std::string body = values.blanks() + "[" + values.blanks();
        for (std::size_t i = 0; i < expected.size(); ++i) {
            expected[i] = values.value();
            body += (i == 0 ? "" : ",") + values.blanks() + expected[i] + values.blanks();
        }
        body += "]" + values.blanks();
        if (round % 3 == 1)
            body = R"({"x":)" + values.value() + R"(,"a":{"b":)" + body + R"(},"y":)" + values.value() + "}";
        if (round % 3 == 2) body = R"({"a":{"b":)" + body + "}}";
        CAPTURE(body);
        REQUIRE(read(body, round % 3 == 0 ? kWhole : kAtB, expected.size()) == expected);
        REQUIRE(!read(body, round % 3 == 0 ? kWhole : kAtB, expected.size() + 1));
    }
}
