// What every protocol promises, run over each one in the registry and each form of its request. A protocol that is
// added adds samples: what a request looks like, and a response body that gives these results.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
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

std::function<std::string(const Texts&)> wrapped(const std::string& before, const std::string& after) {
    return [=](const Texts& texts) { return before + array_of(texts) + after; };
}

// One output of one value per row.
std::string tensor_of(const Texts& texts) {
    return R"({"model_name":"m","outputs":[{"name":"y","shape":[)" + std::to_string(texts.size()) +
           R"(],"datatype":"FP64","data":)" + array_of(texts) + "}]}";
}

// A line each, without the last line's end; values are scalars, which have no line breaks.
std::string lines_of(const Texts& texts) {
    std::string lines;
    for (const std::string& text : texts) lines += (lines.empty() ? "" : "\n") + text;
    return lines;
}

// By index, the last one first.
std::string embeddings_of(const Texts& texts) {
    std::string list;
    for (std::size_t i = texts.size(); i-- > 0;) {
        list += R"({"object":"embedding","index":)" + std::to_string(i) + R"(,"embedding":)" + texts[i] +
                (i == 0 ? "}" : "},");
    }
    return R"({"object":"list","data":[)" + list + R"(],"model":"m"})";
}

const auto kPredictions = wrapped(R"({"predictions":)", "}");
const auto kOutputs = wrapped(R"({"outputs":)", "}");

// Rows of the features a and b/c, as each shape has them.
const std::vector<std::string_view> kArrayRows = {R"([1,"x"])", "[12345678901234567890,2.50]", "[null,true]"};
const std::vector<std::string_view> kValueRows = {R"("x")", "2.50", "null"};
const std::vector<std::string_view> kRecordRows = {R"({"a":1,"c":"x"})", R"({"a":2.50,"c":null})"};

struct Sample {
    std::string_view protocol;
    std::string_view body;
    settings::RowShape rows;
    std::string request;  // of the rows above
    std::function<std::string(const Texts&)> answer;
    std::function<void(settings::Endpoint&)> configure = [](settings::Endpoint&) {};
    unsigned depth = 4;     // of what may be a result
    std::size_t most = 40;  // results of one answer
    std::vector<settings::Feature> features = {{"a", {}}, {"/b/c", {}}};
    std::vector<std::string_view> row_texts = {};  // in place of the rows above
};

const std::vector<Sample>& samples() {
    using enum settings::RowShape;
    static const std::string kArrays = R"([[1,"x"],[12345678901234567890,2.50],[null,true]])";
    static const std::string kRecords = R"([{"a":1,"c":"x"},{"a":2.50,"c":null}])";
    static const std::string kNamed = R"({"a":[1,12345678901234567890,null],"c":["x",2.50,true]})";
    static const std::string kSplit = R"({"columns":["a","c"],"index":[0,1,2],"data":)" + kArrays + "}";
    static const std::vector<Sample> all = {
        {"azureml", "inputs", arrays, R"({"Inputs":{"WebServiceInput0":)" + kArrays + "}}",
         wrapped(R"({"Results":{"WebServiceOutput0":)", "}}")},
        {"azureml", "data", records, R"({"data":)" + kRecords + "}", wrapped(R"({"Results":)", "}")},
        {"azureml", "bare", arrays, kArrays, wrapped("", "")},
        {"azureml", "input_data_split", arrays, R"({"input_data":)" + kSplit + "}", wrapped("", "")},
        {"azureml", "input_data", arrays, R"({"input_data":)" + kArrays + "}", wrapped("", "")},
        {"azureml", "named_input_data", arrays, R"({"params":{"k":1},"input_data":)" + kNamed + "}", wrapped("", ""),
         [](settings::Endpoint& endpoint) { endpoint.extras = R"({"params":{"k":1}})"; }},
        {"json", "", arrays, R"({"signature_name":"serving_default","instances":)" + kArrays + "}", kPredictions,
         [](settings::Endpoint& endpoint) {
             endpoint.rows_pointer = "/instances";
             endpoint.results_pointer = "/predictions";
             endpoint.extras = R"({"signature_name":"serving_default"})";
         }},
        {"mlflow", "dataframe_split", arrays, R"({"dataframe_split":)" + kSplit + "}", kPredictions},
        {"mlflow", "dataframe_records", records, R"({"dataframe_records":)" + kRecords + "}", kPredictions},
        {"mlflow", "instances", arrays, R"({"instances":)" + kArrays + "}", kPredictions},
        {"mlflow", "inputs", records, R"({"inputs":)" + kRecords + "}", kPredictions},
        {"mlflow", "named_inputs", arrays, R"({"params":{"k":1},"inputs":)" + kNamed + "}", kPredictions,
         [](settings::Endpoint& endpoint) { endpoint.extras = R"({"params":{"k":1}})"; }},
        {"open_inference", "matrix", arrays,
         R"({"id":"7","inputs":[{"name":"x","shape":[3,2],"datatype":"FP64",)"
         R"("data":[1,"x",12345678901234567890,2.50,null,true]}]})",
         tensor_of,
         [](settings::Endpoint& endpoint) {
             endpoint.tensors = {{"x", "FP64"}};
             endpoint.extras = R"({"id":"7"})";
         },
         0},
        {"open_inference", "columns", arrays,
         R"({"inputs":[{"name":"a","shape":[3,1],"datatype":"INT64","data":[1,12345678901234567890,null]},)"
         R"({"name":"c","shape":[3,1],"datatype":"BYTES","data":["x",2.50,true]}]})",
         tensor_of, [](settings::Endpoint& endpoint) { endpoint.tensors = {{"a", "INT64"}, {"c", "BYTES"}}; }, 0},
        {"open_inference",
         "binary_matrix",
         arrays,
         R"({"parameters":{"k":1,"binary_data_output":true},"inputs":[{"name":"x","shape":[2,2],"datatype":"INT16",)"
         R"("parameters":{"binary_data_size":8}}]})"
         "\x01\x02\xff\xff\x10y2A",
         tensor_of,
         [](settings::Endpoint& endpoint) {
             endpoint.tensors = {{"x", "INT16"}};
             endpoint.extras = R"({"parameters":{"k":1}})";
         },
         0,
         40,
         {{"a", {}}, {"/b/c", {}}},
         {"[513,-1]", "[30992,16690]"}},
        {"open_inference",
         "binary_columns",
         arrays,
         R"({"parameters":{"binary_data_output":true},"inputs":[)"
         R"({"name":"a","shape":[2,1],"datatype":"BOOL","parameters":{"binary_data_size":2}},)"
         R"({"name":"c","shape":[2,1],"datatype":"BYTES","parameters":{"binary_data_size":10}}]})" +
             std::string("\1\0\2\0\0\0\"\n\0\0\0\0", 12),
         tensor_of,
         [](settings::Endpoint& endpoint) { endpoint.tensors = {{"a", "BOOL"}, {"c", "BYTES"}}; },
         0,
         40,
         {{"a", {}}, {"/b/c", {}}},
         {R"([true,"\"\n"])", R"([false,""])"}},
        {"tensorflow_serving", "instances", records, R"({"signature_name":"x","instances":)" + kRecords + "}",
         kPredictions, [](settings::Endpoint& endpoint) { endpoint.extras = R"({"signature_name":"x"})"; }},
        {"tensorflow_serving", "inputs", arrays, R"({"inputs":)" + kArrays + "}", kOutputs},
        {"tensorflow_serving", "named_inputs", arrays, R"({"inputs":)" + kNamed + "}", kOutputs},
        {"openai_embeddings", "", values, R"({"model":"m","input":["x",2.50,null]})", embeddings_of,
         [](settings::Endpoint& endpoint) { endpoint.extras = R"({"model":"m"})"; }},
        {"openai_chat", "", arrays, R"({"model":"m","messages":[{"role":"user","content":"say x of 1"}]})",
         [](const Texts& texts) {
             return R"({"choices":[{"index":0,"message":)" + (texts.empty() ? "null" : texts.front()) + "}]}";
         },
         [](settings::Endpoint& endpoint) {
             endpoint.request = R"({"model":"m","messages":[{"role":"user","content":"say {c} of {a}"}]})";
         },
         4, 1},
        {"jsonlines", "jsonlines", arrays, "[1,\"x\"]\n[12345678901234567890,2.50]\n[null,true]\n", lines_of,
         [](settings::Endpoint&) {}, 0},
        {"jsonlines", "ndjson", records, "{\"a\":1,\"c\":\"x\"}\n{\"a\":2.50,\"c\":null}\n", lines_of,
         [](settings::Endpoint&) {}, 0},
        {"cloudevents", "", records, kRecords, wrapped("", ""), [](settings::Endpoint&) {}, 4, 40, {}},
    };
    return all;
}

const std::vector<std::string_view>& rows_of(const Sample& sample) {
    if (!sample.row_texts.empty()) return sample.row_texts;
    if (sample.rows == settings::RowShape::values) return kValueRows;
    return sample.rows == settings::RowShape::records ? kRecordRows : kArrayRows;
}

settings::Pipeline pipeline_of(const Sample& sample) {
    settings::Pipeline pipeline;
    pipeline.event.features = sample.features;
    pipeline.endpoint.protocol = sample.protocol;
    pipeline.endpoint.body = sample.body;
    pipeline.endpoint.rows = sample.rows;
    sample.configure(pipeline.endpoint);
    return pipeline;
}

// Calls `check_one` with a protocol of each sample.
void each(const std::function<void(Protocol&, const Sample&)>& check_one) {
    for (const Sample& sample : samples()) {
        const std::string shown = std::string(sample.protocol) + ' ' + std::string(sample.body);
        CAPTURE(shown);
        const settings::Pipeline pipeline = pipeline_of(sample);
        const auto good = check(pipeline);
        CAPTURE((good ? "" : good.error().text));
        REQUIRE(good);
        check_one(*make(pipeline), sample);
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

TEST_CASE("every protocol: has a sample for each form of its request") {
    std::set<std::pair<std::string_view, std::string_view>> sampled;
    for (const Sample& sample : samples()) sampled.emplace(sample.protocol, sample.body);
    for (const std::string_view name : names()) {
        for (const Body& body : find(name)->bodies) {
            CAPTURE(std::string(name) + ' ' + std::string(body.name));
            CHECK(sampled.contains({name, body.name}));
        }
    }
}

TEST_CASE("every protocol: an unknown name is refused with the known ones") {
    settings::Pipeline pipeline;
    pipeline.endpoint.protocol = "soap";
    CHECK(check(pipeline).error().text ==
          "protocol: \"soap\" is not known (known: azureml, cloudevents, json, jsonlines, mlflow, open_inference, "
          "openai_chat, "
          "openai_embeddings, tensorflow_serving)");
}

TEST_CASE("every protocol: a form of request, rows or a field it does not take are refused by name") {
    for (const Sample& sample : samples()) {
        settings::Pipeline pipeline = pipeline_of(sample);
        pipeline.endpoint.body = "soap";
        CAPTURE(sample.protocol);
        CHECK(check(pipeline).error().text.starts_with("body: "));
        if (sample.protocol == "json") continue;
        pipeline = pipeline_of(sample);
        pipeline.endpoint.rows_pointer = "/x";
        CHECK(check(pipeline).error().text ==
              "rows_pointer: has no effect with protocol " + std::string(sample.protocol) + " (remove it)");
    }
    settings::Pipeline pipeline;
    pipeline.endpoint.protocol = "mlflow";
    CHECK(check(pipeline).error().text == "body: body dataframe_split needs event.features (list the fields of a row)");
    pipeline.event.features = {{"a", {}}};
    pipeline.endpoint.rows = settings::RowShape::records;
    CHECK(check(pipeline).error().text == "rows: body dataframe_split takes no such rows (set rows: arrays)");
    pipeline.endpoint.protocol = "cloudevents";
    CHECK(check(pipeline).error().text ==
          "rows: protocol cloudevents takes no such rows (remove event.features: the events themselves are its rows)");
    pipeline.endpoint.protocol = "mlflow";
    pipeline.endpoint.rows = settings::RowShape::arrays;
    pipeline.event.features = {{"/a/x", {}}, {"/b/x", {}}};
    CHECK(check(pipeline).error().text ==
          "body: goes by the names of event.features, but '/b/x' and '/a/x' are both called 'x' (choose one)");
    pipeline.endpoint.body = "frame";
    CHECK(check(pipeline).error().text ==
          "body: 'frame' is no body of protocol mlflow (set one of dataframe_split, dataframe_records, instances, "
          "inputs, "
          "named_inputs)");
}

TEST_CASE("every protocol: a computed feature is called by its name as a field is") {
    for (const Sample& sample : samples()) {
        settings::Pipeline pipeline = pipeline_of(sample);
        for (settings::Feature& feature : pipeline.event.features) {
            if (feature.field == "/b/c") feature = {.field = "c", .fallback = {}, .expression = "b.c"};
        }
        CAPTURE(std::string(sample.protocol) + ' ' + std::string(sample.body));
        REQUIRE(check(pipeline));
        const auto& rows = rows_of(sample);
        CHECK(make(pipeline)->encode(rows).body == make(pipeline_of(sample))->encode(rows).body);
    }
}

TEST_CASE("every protocol: the request holds the rows' texts in order, and says what it is") {
    each([](Protocol& protocol, const Sample& sample) {
        auto rows = std::span(rows_of(sample));
        rows = rows.first(std::min(rows.size(), sample.most));
        const Encoded encoded = protocol.encode(rows);
        CHECK(encoded.body == sample.request);
        CHECK(std::ranges::count(encoded.headers, "Content-Type", &Header::first) == 1);
        const bool batch = sample.protocol == "cloudevents";
        CHECK(std::ranges::count(encoded.headers, Header{"Content-Type", "application/cloudevents-batch+json"}) ==
              batch);
    });
}

TEST_CASE("every protocol: result i is row i's, byte for byte") {
    each([](Protocol& protocol, const Sample& sample) {
        JsonValues values(11);
        for (int round = 0; round < 500; ++round) {
            Texts expected(1 + values.below(sample.most));
            for (std::string& text : expected) {
                do {
                    text = values.value(sample.depth);
                } while (sample.most == 1 && text == "null");  // which is no result where there is one
            }
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
        if (sample.most == 1) return;
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
        const std::size_t rows = std::min<std::size_t>(sample.most, 3);
        const std::string body = sample.answer({"1.5", sample.depth == 0 ? "null" : R"({"a":[1,2]})", "\"x\""});
        for (std::size_t length = 0; length < body.size(); ++length) {
            const Response response{200, {}, std::string_view(body).substr(0, length), {}};
            const Answer answer = protocol.decode(response, rows);
            CHECK(answer.outcome == Outcome::contract_broken);
            check_total(answer, response, rows);
        }
    });
}

TEST_CASE("every protocol: a damaged body gives an answer, and results only in the right number") {
    each([](Protocol& protocol, const Sample& sample) {
        JsonValues values(13);
        std::size_t scored = 0;
        for (int round = 0; round < 20000; ++round) {
            Texts texts(values.below(std::min<std::size_t>(sample.most + 1, 6)));
            for (std::string& text : texts) text = values.value(std::min(sample.depth, 2u));
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

TEST_CASE("every protocol: what is no JSON is read by policy, or not at all") {
    each([](Protocol& protocol, const Sample& sample) {
        const auto decoded = [&](std::string_view result) {
            return protocol.decode({200, {}, sample.answer({std::string(result)}), {}}, 1);
        };
        CHECK(decoded("NaN").scores == Texts{"null"});
        CHECK(decoded("-Infinity").scores == Texts{"null"});
        for (const char* broken :
             {"\"\xff\"", "\"\xed\xa0\x80\"", "nan", "01", "'a'", "+1", "\"\n\"", "0x1", "1 2", ""}) {
            CAPTURE(broken);
            CHECK(decoded(broken).outcome == Outcome::contract_broken);
        }
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
        const std::string digits = std::string(1 << 20, '7') + '.' + std::string(1 << 20, '0');
        CHECK(protocol.decode({200, {}, sample.answer({digits}), {}}, 1).scores == Texts{digits});
        if (sample.most == 1) return;
        const std::string many = sample.answer(Texts(300'000, "0"));
        CHECK(protocol.decode({200, {}, many, {}}, 1).reason.starts_with("expected 1 result, found 300000"));
    });
}
