#include "bridge/protocols/evidence.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::protocols;

TEST_CASE("evidence: finds the sentence of an error body") {
    CHECK(error_text(R"({"message":"no such column"})") == "no such column");
    CHECK(error_text(R"({"error":{"code":"x","message":"deep"}})") == "deep");
    CHECK(error_text(R"({"error":"flat"})") == "flat");
    CHECK(error_text(R"({"error":"second","message":"first"})") == "first");
    CHECK(error_text(R"({"detail":"from the framework"})") == "from the framework");
    CHECK(error_text(R"("could not convert")") == "could not convert");
    for (const char* nothing : {"", "<html>", "[]", "{}", "7", R"({"message":7})", R"({"message":""})",
                                R"({"error":{"error":{"message":"too deep"}}})", R"({"message":"cut)", "\"\xff\""}) {
        CAPTURE(nothing);
        CHECK(!error_text(nothing));
    }
    CHECK(!error_text("\"" + std::string(100'000, 'x') + "\""));
}

TEST_CASE("evidence: a reason is one printable line") {
    CHECK(one_line("a\r\nPUB x\t\x1b[31m\x7f", 100) == "a  PUB x  [31m ");
    CHECK(one_line("caf\xc3\xa9 \xe2\x80\xa8\xc2\x9b!", 100) == "caf\xc3\xa9   !");
    CHECK(one_line("caf\xc3\xa9", 4) == "caf");
    CHECK(one_line("a\xff\xfe.", 100) == "a??.");
    CHECK(one_line("", 5).empty());
    CHECK(one_line(std::string(1000, 'x'), 10) == "xxxxxxxxxx");
}

TEST_CASE("evidence: a refusal says the status, the model's own status and what the body says") {
    const auto said = [](int status, std::vector<Header> headers, std::string_view body) {
        return refusal({status, headers, body, {}});
    };
    CHECK(said(400, {}, R"({"message":"bad\nrow"})") == "HTTP 400: bad row");
    CHECK(said(404, {}, "<html>") == "HTTP 404 Not Found");
    CHECK(said(599, {}, "") == "HTTP 599");
    CHECK(said(424, {{"ms-azureml-model-error-statuscode", "500"}}, "{}") ==
          "HTTP 424 (the model's own status: 500) Failed Dependency");
    CHECK(said(400, {}, "\"" + std::string(5000, 'x') + "\"").size() == kMaxReason);
}

TEST_CASE("evidence: the deployment and the request's id come from headers") {
    const std::vector<Header> headers = {
        {"x-ms-client-request-id", "ours"}, {"x-request-id", "theirs"}, {"azureml-model-deployment", "blue\x01"}};
    CHECK(request_id_of({200, headers, "", {}}) == "theirs");
    CHECK(request_id_of({200, std::span(headers).first(1), "", {}}) == "ours");
    CHECK(request_id_of({}).empty());
    CHECK(deployment_of({200, headers, "", {}}) == "blue ");
}
