// The protocol openai_embeddings.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/registry.h"

using namespace millrace;
using namespace millrace::protocols;
using Texts = std::vector<std::string>;

namespace {

Answer answered(std::string_view body, std::size_t rows, int status = 200) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"text", {}}};
    pipeline.endpoint.protocol = "openai_embeddings";
    pipeline.endpoint.rows = settings::RowShape::values;
    return make(pipeline)->decode({status, {}, body, {}}, rows);
}

}  // namespace

TEST_CASE("openai embeddings: by index, not by place") {
    CHECK(answered(R"({"data":[{"index":1,"embedding":[3,4]},{"embedding":[0.10,2],"index":0}]})", 2).scores ==
          Texts{"[0.10,2]", "[3,4]"});
    CHECK(answered(R"({"data":[{"index":0,"embedding":"AACAPw=="}],"usage":{}})", 1).scores == Texts{R"("AACAPw==")"});
    CHECK(answered(R"({"data":[{"index":0,"embedding":[NaN]}]})", 1).scores == Texts{"[null]"});
}

TEST_CASE("openai embeddings: an index twice, missing or beyond is a broken contract") {
    const auto reason = [](std::string_view body) {
        const Answer answer = answered(body, 2);
        CHECK(answer.outcome == Outcome::contract_broken);
        return answer.reason;
    };
    CHECK(reason(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]})") ==
          "expected 2 results, found index 0 more than once");
    CHECK(reason(R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[2]}]})") ==
          "expected 2 results, found an index beyond them");
    CHECK(reason(R"({"data":[{"index":0,"embedding":[1]}]})") == "expected 2 results, found 1");
    CHECK(reason(R"({"data":[{"embedding":[1]},{"index":1,"embedding":[1]}]})") ==
          "expected 2 results, found an embedding without an index");
    CHECK(
        reason(R"({"data":[{"index":-1,"embedding":[1]},{"index":1,"embedding":[1]}]})").ends_with("without an index"));
    CHECK(reason(R"({"data":[{"index":"0","embedding":[1]},{"index":1,"embedding":[1]}]})")
              .ends_with("without an index"));
    CHECK(reason(R"({"data":[{"index":0},{"index":1,"embedding":[1]}]})").ends_with("found no embedding at index 0"));
    CHECK(reason(R"({"data":[[1],[2]]})") == "expected 2 results, found something else where an embedding belongs");
    CHECK(reason(R"({"data":[],"data":[]})") == "expected 2 results, found \"data\" more than once");
    CHECK(reason(R"({"object":"list"})") == "expected 2 results, found an object without \"data\"");
}

TEST_CASE("openai embeddings: a 429 waits, one without quota holds") {
    CHECK(answered(R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})", 1, 429).outcome ==
          Outcome::throttled);
    const Answer answer = answered(R"({"error":{"message":"pay","type":"insufficient_quota","code":null}})", 1, 429);
    CHECK(answer.outcome == Outcome::misconfigured);
    CHECK(answer.reason == "HTTP 429: pay");
    CHECK(answered(R"({"message":"insufficient_quota"})", 1, 429).outcome == Outcome::throttled);
}
