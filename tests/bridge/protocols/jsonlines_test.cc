// The protocol jsonlines.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

std::unique_ptr<Protocol> jsonlines(const char* body = "") {
    settings::Pipeline pipeline;
    pipeline.endpoint.protocol = "jsonlines";
    pipeline.endpoint.body = body;
    return make(pipeline);
}

Answer answered(std::string_view body, std::size_t rows) { return jsonlines()->decode({200, {}, body, {}}, rows); }

}  // namespace

TEST_CASE("jsonlines: a row stands on one line, however it came") {
    constexpr std::array<std::string_view, 2> rows = {"{\n \"a\": \"\\n\",\r\n \"b\": 1\n}", "{}"};
    CHECK(jsonlines()->encode(rows).body == "{  \"a\": \"\\n\",   \"b\": 1 }\n{}\n");
    CHECK(jsonlines()->encode(rows).headers.front().second == "application/jsonlines");
    CHECK(jsonlines("ndjson")->encode(rows).headers.front().second == "application/x-ndjson");
}

TEST_CASE("jsonlines: a result a line") {
    for (const char* body : {"1.50\n{\"a\": [2]}", "1.50\n{\"a\": [2]}\n", "1.50\r\n {\"a\": [2]} \r\n"}) {
        CAPTURE(body);
        CHECK(answered(body, 2).scores == Texts{"1.50", "{\"a\": [2]}"});
    }
}

TEST_CASE("jsonlines: an empty line, two values on one, or a value on two are a broken contract") {
    for (const char* body : {"1\n\n2\n", "1\n2\n\n", "\n1\n2", "1 2\n", "[1,\n2]", "[1\n2\n", "", "\n"}) {
        CAPTURE(body);
        const Answer answer = answered(body, 2);
        CHECK(answer.outcome == Outcome::contract_broken);
        CHECK(answer.scores.empty());
    }
}
