// What every protocol promises, run over each one in the registry. A protocol that is added adds a line to `samples`:
// a response body that gives these results.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "bridge/protocols/evidence.h"
#include "bridge/protocols/registry.h"
#include "tests/bridge/protocols/json_values.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

std::string array_of(const Texts& texts) {
    std::string out = "[";
    for (std::size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : ", ") + texts[i];
    return out + "]";
}

struct Sample {
    std::function<void(settings::Endpoint&)> configure;
    std::function<std::string(const Texts&)> answer;
};

const std::map<std::string_view, Sample>& samples() {
    static const std::map<std::string_view, Sample> all = {
        {"azureml",
         {[](settings::Endpoint&) {},
          [](const Texts& texts) { return R"({"Results":{"WebServiceOutput0":)" + array_of(texts) + "}}"; }}},
        {"json",
         {[](settings::Endpoint& endpoint) {
              endpoint.rows_pointer = "/instances";
              endpoint.results_pointer = "/predictions";
              endpoint.extras = R"({"signature_name":"serving_default"})";
          },
          [](const Texts& texts) { return R"({"predictions":)" + array_of(texts) + "}"; }}},
    };
    return all;
}

// Calls `check` with a protocol of each name and its sample.
void each(const std::function<void(Protocol&, const Sample&)>& check_one) {
    for (const std::string_view name : names()) {
        const std::string shown(name);
        CAPTURE(shown);
        const auto sample = samples().find(name);
        REQUIRE(sample != samples().end());
        settings::Endpoint endpoint;
        endpoint.protocol = name;
        sample->second.configure(endpoint);
        REQUIRE(check(endpoint));
        check_one(*make(endpoint), sample->second);
    }
}

bool is_printable_line(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// What holds for any answer, whatever the response was.
void check_total(const Answer& answer, const Response& response, std::size_t rows) {
    CHECK(answer.status == response.status);
    if (answer.outcome == Outcome::scored) {
        CHECK(answer.scores.size() == rows);
        return;
    }
    CHECK(answer.scores.empty());
    CHECK(!answer.reason.empty());
    CHECK(answer.reason.size() <= kMaxReason);
    CHECK(is_printable_line(answer.reason));
    CHECK(answer.body == response.body.substr(0, kMaxEvidence));
}

}  // namespace

TEST_CASE("every protocol: an unknown name is refused with the known ones") {
    settings::Endpoint endpoint;
    endpoint.protocol = "soap";
    CHECK(check(endpoint).error().text == "protocol: \"soap\" is not known (known: azureml, json)");
}

TEST_CASE("every protocol: the request holds the rows' texts in order, and says that it is JSON") {
    each([](Protocol& protocol, const Sample&) {
        const std::vector<std::string_view> rows = {"[1,\"a\"]", "[12345678901234567890,2.50]", "[null]"};
        const Encoded encoded = protocol.encode(rows);
        CHECK(encoded.body.find("[[1,\"a\"],[12345678901234567890,2.50],[null]]") != std::string::npos);
        CHECK(std::ranges::count(encoded.headers, Header{"Content-Type", "application/json"}) == 1);
    });
}

TEST_CASE("every protocol: result i is row i's, byte for byte") {
    each([](Protocol& protocol, const Sample& sample) {
        JsonValues values(11);
        for (int round = 0; round < 500; ++round) {
            Texts expected(1 + values.below(40));
            for (std::string& text : expected) text = values.value();
            const std::string body = sample.answer(expected);
            CAPTURE(body);
            const Answer answer = protocol.decode({200, {}, body, {}}, expected.size());
            REQUIRE(answer.outcome == Outcome::scored);
            REQUIRE(answer.scores == expected);
        }
    });
}

TEST_CASE("every protocol: a result too few or too many is a broken contract") {
    each([](Protocol& protocol, const Sample& sample) {
        const std::string body = sample.answer({"1", "2", "3"});
        for (const std::size_t rows : {0u, 1u, 2u, 4u, 1000000u}) {
            const Response response{200, {}, body, {}};
            const Answer answer = protocol.decode(response, rows);
            CHECK(answer.outcome == Outcome::contract_broken);
            CHECK(answer.reason.find("found 3") != std::string::npos);
            check_total(answer, response, rows);
        }
    });
}

TEST_CASE("every protocol: a cut body never gives results") {
    each([](Protocol& protocol, const Sample& sample) {
        const std::string body = sample.answer({"1.5", R"({"a":[1,2]})", "\"x\""});
        for (std::size_t length = 0; length < body.size(); ++length) {
            const Response response{200, {}, std::string_view(body).substr(0, length), {}};
            const Answer answer = protocol.decode(response, 3);
            CHECK(answer.outcome == Outcome::contract_broken);
            check_total(answer, response, 3);
        }
    });
}

TEST_CASE("every protocol: a damaged body gives an answer, and results only in the right number") {
    each([](Protocol& protocol, const Sample& sample) {
        JsonValues values(13);
        std::size_t scored = 0;
        for (int round = 0; round < 20000; ++round) {
            Texts texts(values.below(6));
            for (std::string& text : texts) text = values.value(2);
            std::string body = sample.answer(texts);
            for (std::size_t edits = 1 + values.below(4); edits > 0 && !body.empty(); --edits) {
                const std::size_t at = values.below(body.size());
                switch (values.below(4)) {
                    case 0:
                        body.erase(at, 1 + values.below(8));
                        break;
                    case 1:
                        body.insert(at, 1, "[]{},:\"\\ \x01\xff"[values.below(11)]);
                        break;
                    case 2:
                        body[at] = static_cast<char>(values.below(256));
                        break;
                    default:
                        body.insert(at, body.substr(values.below(body.size()), values.below(20)));
                        break;
                }
            }
            const Response response{200, {}, body, {}};
            const Answer answer = protocol.decode(response, texts.size());
            CAPTURE(body);
            check_total(answer, response, texts.size());
            CHECK((answer.outcome == Outcome::scored || answer.outcome == Outcome::contract_broken));
            scored += answer.outcome == Outcome::scored ? 1 : 0;
        }
        CHECK(scored > 100);  // both answers were tried
    });
}

TEST_CASE("every protocol: every status gives an answer, and only 200 gives results") {
    each([](Protocol& protocol, const Sample& sample) {
        const std::string good = sample.answer({"1"});
        for (int status = 0; status < 700; ++status) {
            const Response response{status, {}, good, {}};
            const Answer answer = protocol.decode(response, 1);
            CHECK((answer.outcome == Outcome::scored) == (status == 200));
            check_total(answer, response, 1);
        }
    });
}

TEST_CASE("every protocol: evidence, waits and ids come from the response") {
    each([](Protocol& protocol, const Sample&) {
        const std::vector<Header> headers = {
            {"retry-after", "7"}, {"x-request-id", "r-1"}, {"azureml-model-deployment", "blue"}};
        const std::string body = R"({"message":"busy)" + std::string(5000, '!') + R"("})";
        const Response response{503, headers, body, {}};
        const Answer answer = protocol.decode(response, 1);
        CHECK(answer.outcome == Outcome::throttled);
        CHECK(answer.retry_after == Duration(std::chrono::seconds(7)));
        CHECK(answer.request_id == "r-1");
        CHECK(answer.deployment == "blue");
        CHECK(answer.reason.starts_with("HTTP 503: busy!!!"));
        check_total(answer, response, 1);
    });
}

TEST_CASE("every protocol: depth and size of an answer do no harm") {
    each([](Protocol& protocol, const Sample& sample) {
        for (const std::string& deep : {std::string(2'000'000, '['), std::string(2'000'000, '{'),
                                        std::string(100'000, '[') + std::string(100'000, ']')}) {
            const std::string body = sample.answer({deep});
            CHECK(protocol.decode({200, {}, body, {}}, 1).outcome == Outcome::contract_broken);
            CHECK(protocol.decode({200, {}, deep, {}}, 1).outcome == Outcome::contract_broken);
        }
        const std::string many = sample.answer(Texts(300'000, "0"));
        CHECK(protocol.decode({200, {}, many, {}}, 1).reason == "expected 1 result, found 300000");
    });
}
