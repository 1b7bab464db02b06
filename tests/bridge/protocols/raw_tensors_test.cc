// The binary forms of open_inference: bytes of each datatype, what goes out comes back, and answers that do not add up.
#include <doctest/doctest.h>

#include <string>

#include "bridge/protocols/contract.h"
#include "bridge/protocols/raw_element.h"
#include "bridge/protocols/registry.h"
#include "bridge/signature/fit.h"
#include "tests/bridge/protocols/json_values.h"

using namespace millrace;
using namespace millrace::protocols;
using settings::NonFinite;
using Texts = std::vector<std::string>;

namespace {

constexpr std::string_view kHeader = "inference-header-content-length";

settings::Pipeline pipeline(const std::string& body, std::map<std::string, std::string> tensors) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"a", {}}, {"/b/c", {}}};
    pipeline.endpoint.protocol = "open_inference";
    pipeline.endpoint.body = body;
    pipeline.endpoint.tensors = std::move(tensors);
    return pipeline;
}

std::string said(const settings::Pipeline& pipeline) {
    const auto good = check(pipeline);
    return good ? "" : good.error().text;
}

std::string bytes_of(std::string_view json, std::string_view datatype) {
    std::string bytes;
    append_element(bytes, json, *signature::find_datatype(datatype));
    return bytes;
}

// The JSON of the only element there, or "none".
std::string json_of(std::string bytes, std::string_view datatype, NonFinite policy = NonFinite::null) {
    std::string json;
    std::string_view rest = bytes;
    return take_element(json, rest, *signature::find_datatype(datatype), policy) && rest.empty() ? json : "none";
}

// Each both ways: the element, and the bytes it is.
struct Known {
    const char* datatype;
    const char* json;
    std::string bytes;
};

std::string operator""_b(const char* text, std::size_t size) { return {text, size}; }

const Known kKnown[] = {
    {"BOOL", "true", "\1"},
    {"BOOL", "false", "\0"_b},
    {"INT8", "-128", "\x80"},
    {"UINT8", "255", "\xff"},
    {"INT16", "-2", "\xfe\xff"},
    {"UINT16", "65534", "\xfe\xff"},
    {"INT32", "-2147483648", "\0\0\0\x80"_b},
    {"UINT32", "4294967295", "\xff\xff\xff\xff"},
    {"INT64", "9007199254740993", "\1\0\0\0\0\0\x20\0"_b},  // 2^53 + 1
    {"INT64", "-9223372036854775808", "\0\0\0\0\0\0\0\x80"_b},
    {"UINT64", "18446744073709551615", "\xff\xff\xff\xff\xff\xff\xff\xff"},
    {"FP16", "1", "\0\x3c"_b},
    {"FP16", "-2", "\0\xc0"_b},
    {"FP16", "65504", "\xff\x7b"},
    {"FP16", "5.9604645e-08", "\1\0"_b},   // the least there is
    {"FP16", "6.097555e-05", "\xff\x03"},  // the largest without a whole bit
    {"FP32", "0.1", "\xcd\xcc\xcc\x3d"},
    {"FP32", "-0", "\0\0\0\x80"_b},
    {"FP32", "3.4028235e+38", "\xff\xff\x7f\x7f"},
    {"FP64", "0.1", "\x9a\x99\x99\x99\x99\x99\xb9\x3f"},
    {"FP64", "1e+300", "\x9c\x75\x00\x88\x3c\xe4\x37\x7e"_b},
    {"BYTES", R"("\"\u000a")", "\2\0\0\0\"\n"_b},
    {"BYTES", "\"é\"", "\2\0\0\0\xc3\xa9"_b},
    {"BYTES", "\"\"", "\0\0\0\0"_b},
};

// An answer of one output, whose bytes stand behind the JSON.
struct Raw {
    std::string shape = "[2]";
    std::string datatype = "INT16";
    std::string bytes = "\1\0\2\0"_b;
    std::string size = std::to_string(bytes.size());
    std::string name = "y";

    [[nodiscard]] std::string json() const {
        return R"({"name":")" + name + R"(","shape":)" + shape + R"(,"datatype":")" + datatype +
               R"(","parameters":{"binary_data_size":)" + size + "}}";
    }
};

Answer answered(const std::string& json, const std::string& bytes, std::size_t rows, std::string length,
                NonFinite policy = NonFinite::null) {
    auto asked = pipeline("binary_matrix", {{"x", "FP32"}});
    asked.endpoint.non_finite = policy;
    const std::vector<Header> headers = {{std::string(kHeader), std::move(length)}};
    return make(asked)->decode({200, headers, json + bytes, {}}, rows);
}

Answer answered(const std::vector<Raw>& outputs, std::size_t rows, NonFinite policy = NonFinite::null) {
    std::string json = R"({"outputs":[)";
    std::string bytes;
    for (const Raw& output : outputs) {
        json += (json.ends_with('[') ? "" : ",") + output.json();
        bytes += output.bytes;
    }
    json += "]}";
    return answered(json, bytes, rows, std::to_string(json.size()), policy);
}

std::string reason(const std::vector<Raw>& outputs, std::size_t rows = 2) {
    const Answer answer = answered(outputs, rows);
    CHECK((answer.outcome == Outcome::contract_broken) == !answer.reason.empty());
    return answer.reason;
}

}  // namespace

TEST_CASE("raw elements: each datatype, both ways") {
    for (const Known& known : kKnown) {
        CAPTURE(known.datatype);
        CAPTURE(known.json);
        CHECK(bytes_of(known.json, known.datatype) == known.bytes);
        CHECK(json_of(known.bytes, known.datatype) == known.json);
        CHECK(json_of(known.bytes.substr(0, known.bytes.size() - 1), known.datatype) == "none");
    }
}

TEST_CASE("raw elements: a float is rounded once, to the nearest, and what is too small is zero") {
    // Just above the middle of two floats, so little that it is lost on the way through a double.
    CHECK(bytes_of("1.00000005960464477539062500000001", "FP32") == bytes_of("1.00000011920929", "FP32"));
    CHECK(bytes_of("1.000000059604644775390625", "FP32") == bytes_of("1", "FP32"));
    CHECK(bytes_of("16777217", "FP32") == bytes_of("16777216", "FP32"));
    CHECK(bytes_of("1e-60", "FP32") == "\0\0\0\0"_b);
    CHECK(bytes_of("-1e-400", "FP64") == "\0\0\0\0\0\0\0\x80"_b);
    CHECK(bytes_of("2049", "FP16") == bytes_of("2048", "FP16"));
    CHECK(bytes_of("2051", "FP16") == bytes_of("2052", "FP16"));
    CHECK(bytes_of("4095", "FP16") == bytes_of("4096", "FP16"));
    CHECK(bytes_of("-0", "UINT8") == "\0"_b);
}

TEST_CASE("raw elements: every FP16 there is comes back as itself") {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const std::string bytes = {static_cast<char>(bits & 0xff), static_cast<char>(bits >> 8)};
        const bool finite = (bits & 0x7c00) != 0x7c00;
        const std::string json = json_of(bytes, "FP16", NonFinite::error);
        CHECK((json == "none") == !finite);
        if (finite) CHECK(bytes_of(json, "FP16") == bytes);
    }
}

TEST_CASE("raw elements: NaN and Infinity by policy, other bytes that are nothing") {
    const std::string nan = "\0\0\xc0\x7f"_b;
    CHECK(json_of(nan, "FP32") == "null");
    CHECK(json_of(nan, "FP32", NonFinite::string) == "\"NaN\"");
    CHECK(json_of("\0\0\x80\xff"_b, "FP32", NonFinite::string) == "\"-Infinity\"");
    CHECK(json_of("\0\x7c"_b, "FP16", NonFinite::string) == "\"Infinity\"");
    CHECK(json_of(nan, "FP32", NonFinite::error) == "none");
    CHECK(json_of("\2", "BOOL") == "none");
    CHECK(json_of("\2\0\0\0\xc3\x28"_b, "BYTES") == "none");
    CHECK(json_of("\xff\xff\xff\xff\x61", "BYTES") == "none");
}

TEST_CASE("binary forms: what goes out comes back, value by value") {
    JsonValues values(5);
    for (const signature::Datatype& datatype : signature::kDatatypes) {
        CAPTURE(datatype.name);
        for (int round = 0; round < 200; ++round) {
            auto asked = pipeline("binary_columns", {{"a", std::string(datatype.name)}, {"c", "BYTES"}});
            asked.event.features[0].field = "a";
            std::vector<std::string> rows(1 + values.below(20));
            std::vector<std::string> firsts;
            for (std::string& row : rows) {
                std::string& first = firsts.emplace_back();
                while (!signature::append_fitted(first, values.value(0), datatype.type)) {
                }
                row = "[" + first + "," + values.string() + "]";
            }
            const auto protocol = make(asked);
            Encoded encoded = protocol->encode(std::vector<std::string_view>(rows.begin(), rows.end()));
            const std::string length = encoded.headers.back().second;
            // Inputs read as outputs; the names are as long.
            std::string& body = encoded.body;
            const std::size_t at = body.find("\"inputs\"");
            body.replace(at, 8, "\"outputs\"");
            const std::vector<Header> headers = {{std::string(kHeader), std::to_string(std::stoul(length) + 1)}};
            const Answer answer = protocol->decode({200, headers, body, {}}, rows.size());
            CAPTURE(answer.reason);
            REQUIRE(answer.outcome == Outcome::scored);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const std::string again = answer.scores[i].substr(5, answer.scores[i].find(",\"c\":") - 5);
                CHECK(bytes_of(again, datatype.name) == bytes_of(firsts[i], datatype.name));
                const bool exact = datatype.bytes != 0 && !datatype.name.starts_with("FP") && firsts[i] != "-0";
                if (exact) CHECK(again == firsts[i]);
            }
        }
    }
}

TEST_CASE("binary forms: outputs are sliced along the first dimension") {
    CHECK(answered({Raw{}}, 2).scores == Texts{"1", "2"});
    CHECK(answered({Raw{.shape = "[2,1]"}}, 2).scores == Texts{"1", "2"});
    CHECK(answered({Raw{.shape = "[1,2]"}}, 1).scores == Texts{"[1,2]"});
    CHECK(answered({Raw{.shape = "[1,2,1]"}}, 1).scores == Texts{"[[1],[2]]"});
    CHECK(answered({Raw{.shape = "[2,0]", .bytes = ""}}, 2).scores == Texts{"[]", "[]"});
    CHECK(answered({Raw{}, Raw{.datatype = "BYTES", .bytes = "\1\0\0\0a\0\0\0\0"_b, .name = "z"}}, 2).scores ==
          Texts{R"({"y":1,"z":"a"})", R"({"y":2,"z":""})"});
}

TEST_CASE("binary forms: an answer may mix JSON and bytes, or be JSON alone") {
    const std::string mixed =
        R"({"outputs":[{"name":"j","shape":[2],"datatype":"FP64","data":[1.50,2]},)" + Raw{}.json() + "]}";
    CHECK(answered(mixed, Raw{}.bytes, 2, std::to_string(mixed.size())).scores ==
          Texts{R"({"j":1.50,"y":1})", R"({"j":2,"y":2})"});
    const std::string json = R"({"outputs":[{"name":"j","shape":[2],"datatype":"FP64","data":[1.50,2]}]})";
    CHECK(answered(json, "", 2, std::to_string(json.size())).scores == Texts{"1.50", "2"});
    CHECK(make(pipeline("binary_matrix", {{"x", "FP32"}}))->decode({200, {}, json, {}}, 2).scores ==
          Texts{"1.50", "2"});
}

TEST_CASE("binary forms: sizes that do not add up break the contract") {
    CHECK(reason({Raw{}}) == "");
    CHECK(reason({Raw{}}, 3) == "expected 3 results, found 2 in \"y\"");
    CHECK(reason({Raw{.size = "5"}}) == "expected 2 results, found 4 bytes behind the JSON, too few for \"y\"");
    CHECK(reason({Raw{.size = "3"}}) == "expected 2 results, found 1 bytes behind the JSON that are no output's");
    const std::string misshapen = "expected 2 results, found data that is not of its shape or datatype in \"y\"";
    CHECK(reason({Raw{.bytes = "\1\0\2"_b}}) == misshapen);
    CHECK(reason({Raw{.bytes = "\1\0\2\0\3\0"_b}}) == misshapen);
    CHECK(reason({Raw{.shape = "[2,2]"}}) == misshapen);
    CHECK(reason({Raw{.shape = "[2,9223372036854775807,9223372036854775807]"}}) == misshapen);
    CHECK(reason({Raw{.datatype = "BYTES", .bytes = "\0\0\0\0\1\0\0\0"_b}}) == misshapen);
    CHECK(reason({Raw{.datatype = "BYTES", .bytes = "\0\0\0\0\0\0\0\0\0"_b}}) == misshapen);
    CHECK(reason({Raw{.datatype = "BF16"}}) == "expected 2 results, found binary data of an unknown datatype in \"y\"");
    for (const char* size : {"-1", "4.0", "\"4\"", "null", "99999999999999999999", "4,\"binary_data_size\":4"})
        CHECK(reason({Raw{.size = size}}).ends_with("found a binary_data_size that cannot be"));
    const std::string both =
        R"({"outputs":[{"data":[1,2],"name":"y","shape":[2],"parameters":{"binary_data_size":0},"datatype":"INT16"}]})";
    CHECK(answered(both, "", 2, std::to_string(both.size())).reason.ends_with("that cannot be"));
    CHECK(answered({Raw{.datatype = "FP16", .bytes = "\0\x7c\0\0"_b}}, 2, NonFinite::error).reason == misshapen);
    CHECK(answered({Raw{.datatype = "FP16", .bytes = "\0\x7c\0\0"_b}}, 2).scores == Texts{"null", "0"});
}

TEST_CASE("binary forms: a JSON length that cannot be breaks the contract") {
    const std::string json = R"({"outputs":[)" + Raw{}.json() + "]}";
    const auto reason_of = [&](const std::string& length) { return answered(json, Raw{}.bytes, 2, length).reason; };
    CHECK(reason_of(std::to_string(json.size())) == "");
    CHECK(reason_of("x") == "the header Inference-Header-Content-Length is no number");
    CHECK(reason_of("-1") == "the header Inference-Header-Content-Length is no number");
    CHECK(reason_of("99999999999999999999") == "the header Inference-Header-Content-Length is no number");
    CHECK(reason_of(std::to_string(json.size() + 5)).starts_with("the body has "));
    for (std::size_t length = 0; length <= json.size() + 4; ++length) {
        if (length != json.size()) CHECK(reason_of(std::to_string(length)) != "");
    }
}

TEST_CASE("binary forms: a cut or damaged answer gives results only in the right number") {
    JsonValues values(17);
    std::size_t scored = 0;
    for (int round = 0; round < 20000; ++round) {
        const Raw output{.shape = "[3]", .datatype = "BYTES", .bytes = "\1\0\0\0a\0\0\0\0\2\0\0\0xy"_b};
        const std::string json = R"({"outputs":[)" + output.json() + "]}";
        std::string body = json + output.bytes;
        if (round % 2 == 0) {
            body.resize(values.below(body.size()));
        } else {
            for (std::size_t edits = 1 + values.below(2); edits > 0; --edits)
                body[values.below(body.size())] = static_cast<char>(values.below(256));
        }
        const Answer answer = answered(body, "", 3, std::to_string(json.size()));
        CHECK((answer.outcome == Outcome::scored ? answer.scores.size() == 3 : answer.scores.empty()));
        CHECK((answer.outcome == Outcome::scored || answer.outcome == Outcome::contract_broken));
        if (round % 2 == 0) CHECK(answer.outcome == Outcome::contract_broken);
        scored += answer.outcome == Outcome::scored ? 1 : 0;
    }
    CHECK(scored > 50);
}

TEST_CASE("binary forms: only what the datatypes hold gets into a row, whatever the signature") {
    const auto types = [](const settings::Pipeline& pipeline, const Signature& signature) {
        std::string text;
        for (const SignatureField& column : columns_of(pipeline, signature).columns)
            text += std::string(name(column.type)) + (column.optional ? "? " : " ");
        return text;
    };
    const auto columns = pipeline("binary_columns", {{"a", "INT8"}, {"c", "BYTES"}});
    const Signature other = {{{"a", ElementType::float64, true, {}}, {"c", ElementType::any, true, {}}}, {}};
    CHECK(types(columns, {}) == "int8 string ");
    CHECK(types(columns, other) == "int8 string ");
    CHECK(types(pipeline("binary_matrix", {{"x", "FP16"}}), other) == "float16 float16 ");
    CHECK(types(pipeline("columns", {{"a", "INT8"}, {"c", "BYTES"}}), {}) == "");
    CHECK(types(pipeline("columns", {{"a", "INT8"}, {"c", "BYTES"}}), other) == "float64? any? ");
}

TEST_CASE("binary forms: what the configuration has for rows has to be of the datatype") {
    auto asked = pipeline("binary_matrix", {{"x", "INT8"}});
    CHECK(said(asked) == "");
    asked.event.features[1].fallback = "7";
    asked.endpoint.control = "[1,-128]";
    CHECK(said(asked) == "");
    asked.endpoint.control = "[1,128]";
    CHECK(said(asked) == "control: goes as raw bytes, and its value for feature '/b/c' is no int8 (write it as one)");
    for (const char* value : {"null", "300", "\"7\"", "7.0"}) {
        asked.event.features[1].fallback = value;
        CHECK(said(asked) ==
              "body: goes as raw bytes, and the default of feature '/b/c' is no int8 (set another, or none)");
    }
    asked = pipeline("binary_matrix", {{"x", "INT8"}});
    for (const char* extras : {R"({"parameters":{"binary_data_output":false}})", R"({"parameters":1})"}) {
        asked.endpoint.extras = extras;
        CHECK(said(asked).starts_with("extras: binary_data_output is set by the body already"));
    }
    CHECK(said(pipeline("binary_columns", {{"a", "INT8"}})) == "tensors: feature 'c' has no datatype (add it)");
}
