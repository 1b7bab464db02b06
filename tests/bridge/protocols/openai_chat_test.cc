// The protocol openai_chat: its template, and what is a result.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

settings::Pipeline pipeline(std::string request, std::string pointer = "") {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"text", {}}, {"/a/n\"", {}}};
    pipeline.endpoint.protocol = "openai_chat";
    pipeline.endpoint.request = std::move(request);
    pipeline.endpoint.results_pointer = std::move(pointer);
    return pipeline;
}

std::string filled(std::string request, std::string_view row) {
    const std::array<std::string_view, 1> rows = {row};
    return make(pipeline(std::move(request)))->encode(rows).body;
}

std::string said(std::string request) {
    const auto good = check(pipeline(std::move(request)));
    return good ? "" : good.error().text;
}

Answer answered(std::string_view body, std::string pointer = "") {
    return make(pipeline(R"(["{text}"])", std::move(pointer)))->decode({200, {}, body, {}}, 1);
}

}  // namespace

TEST_CASE("openai chat: features stand in the texts of the request, escaped as they were") {
    CHECK(filled(R"({"content":"say {text} or {n\"}: {text}"})", R"(["a \"b\"\n{text}é",2.50])") ==
          R"({"content":"say a \"b\"\n{text}é or 2.50: a \"b\"\n{text}é"})");
    CHECK(filled(R"(["{text}","{{text}}","{{other}}","{ text }","{\"k\": 1}","{}","{"])", "[null,true]") ==
          R"(["null","{text}","{other}","{ text }","{\"k\": 1}","{}","{"])");
    CHECK(filled(R"({"text":{"text":"\\{text}"}})", R"(["x",1])") == R"({"text":{"text":"\\x"}})");
}

TEST_CASE("openai chat: a request that is missing, or asks for no feature, is refused") {
    CHECK(said("").starts_with("request: is required"));
    CHECK(said("{}").starts_with("request: names no feature, so every event would ask the same"));
    CHECK(said(R"(["{txet}"])") ==
          "request: '{txet}' is no feature (add it to event.features, or write {{txet}} for the text itself)");
    CHECK(said("{").starts_with("request: is no JSON"));
}

TEST_CASE("openai chat: the message, or what the pointer says, is the result") {
    const char* const body =
        R"({"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"[1, 2]"},"finish_reason":"stop"}]})";
    CHECK(answered(body).scores == Texts{R"({"role":"assistant","content":"[1, 2]"})"});
    CHECK(answered(body, "/choices/0/message/content").scores == Texts{R"("[1, 2]")"});
    CHECK(answered(body, "/choices").scores.size() == 1);
}

TEST_CASE("openai chat: no message is a broken contract") {
    for (const char* body : {R"({"choices":[]})", R"({"choices":[{"index":0}]})", R"({"choices":[{"message":null}]})",
                             "{}", R"({"choices":[{"message":{},"message":{}}]})"}) {
        CAPTURE(body);
        CHECK(answered(body).outcome == Outcome::contract_broken);
    }
    CHECK(answered(R"({"choices":[{"message":{"content":null}}]})", "/choices/0/message/content").reason ==
          "expected 1 result, found null");
}
