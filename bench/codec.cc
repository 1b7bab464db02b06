// What a row costs to encode and its result to decode, by protocol: one thread, requests of BATCH rows, no network.
//
//   bench_codec SECONDS     for each: name, bytes of a row's share of request and answer, nanoseconds of CPU a row for
//   both
//
// A row is a taxi trip of five features, a result one number. Each answer is checked before anything is timed.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/protocols/registry.h"

using namespace millrace;
using settings::RowShape;

namespace {

constexpr std::size_t kBatch = 500;

// The texts of the results of one request → the body of its answer, and how much of it is JSON where not all is.
struct Reply {
    std::string body;
    std::size_t json = 0;
};
using Results = std::vector<std::string>;

struct Subject {
    const char* protocol;
    const char* body;
    RowShape rows;
    Reply (*answer)(const Results&);
    const char* tensors = nullptr;  // the datatype of each
};

std::string list(const Results& results, std::string_view separator = ",") {
    std::string text;
    for (const std::string& each : results) (text += text.empty() ? "" : separator) += each;
    return text;
}

Reply bare(const Results& results) { return {"[" + list(results) + "]"}; }
Reply predictions(const Results& results) { return {R"({"predictions":[)" + list(results) + "]}"}; }
Reply lines(const Results& results) { return {list(results, "\n") + "\n"}; }
Reply outputs(const Results& results) { return {R"({"outputs":[)" + list(results) + "]}"}; }
Reply web_service(const Results& results) { return {R"({"Results":{"WebServiceOutput0":[)" + list(results) + "]}}"}; }
Reply tensor(const Results& results) {
    return {R"({"model_name":"m","outputs":[{"name":"y","shape":[)" + std::to_string(results.size()) +
            R"(],"datatype":"FP64","data":[)" + list(results) + "]}]}"};
}
Reply raw_tensor(const Results& results) {
    Reply reply;
    reply.body = R"({"model_name":"m","outputs":[{"name":"y","shape":[)" + std::to_string(results.size()) +
                 R"(],"datatype":"FP64","parameters":{"binary_data_size":)" + std::to_string(8 * results.size()) +
                 "}}]}";
    reply.json = reply.body.size();
    for (const std::string& each : results) {
        const double value = std::strtod(each.c_str(), nullptr);
        reply.body.append(reinterpret_cast<const char*>(&value), sizeof value);  // as on the machines this runs on
    }
    return reply;
}
// Of 16 numbers, which is little for an embedding.
Reply embeddings(const Results& results) {
    std::string text = R"({"object":"list","data":[)";
    for (std::size_t i = 0; i < results.size(); ++i) {
        text += (i == 0 ? "" : ",") + std::string(R"({"object":"embedding","index":)") + std::to_string(i) +
                R"(,"embedding":[)" + list(Results(16, results[i])) + "]}";
    }
    return {text + "]}"};
}

constexpr Subject kSubjects[] = {
    {"azureml", "inputs", RowShape::arrays, web_service},
    {"mlflow", "dataframe_split", RowShape::arrays, predictions},
    {"mlflow", "named_inputs", RowShape::arrays, predictions},
    {"open_inference", "matrix", RowShape::arrays, tensor, "FP64"},
    {"open_inference", "columns", RowShape::arrays, tensor, "FP64"},
    {"open_inference", "binary_matrix", RowShape::arrays, raw_tensor, "FP64"},
    {"open_inference", "binary_columns", RowShape::arrays, raw_tensor, "FP64"},
    {"tensorflow_serving", "instances", RowShape::records, predictions},
    {"tensorflow_serving", "named_inputs", RowShape::arrays, outputs},
    {"openai_embeddings", "", RowShape::values, embeddings},
    {"jsonlines", "jsonlines", RowShape::arrays, lines},
    {"json", "", RowShape::arrays, bare},
};
const std::vector<settings::Feature> kFeatures = {
    {"vendorid", {}}, {"weekday", {}}, {"pickuphour", {}}, {"passenger", {}}, {"distance", {}}};

settings::Pipeline pipeline_of(const Subject& subject) {
    settings::Pipeline pipeline;
    pipeline.event.features = kFeatures;
    if (subject.rows == RowShape::values) pipeline.event.features.resize(1);
    pipeline.endpoint.protocol = subject.protocol;
    pipeline.endpoint.body = subject.body;
    pipeline.endpoint.rows = subject.rows;
    if (subject.tensors == nullptr) return pipeline;
    const bool columns = std::string_view(subject.body).ends_with("columns");
    for (const settings::Feature& feature : kFeatures)
        pipeline.endpoint.tensors[columns ? feature.field : "x"] = subject.tensors;
    return pipeline;
}

std::string row_of(RowShape shape, std::size_t n) {
    const std::string values[] = {std::to_string(n % 2 + 1), std::to_string(n % 7), std::to_string(n % 24),
                                  std::to_string(n % 6 + 1), std::to_string(n % 30) + "." + std::to_string(n % 9 + 1)};
    if (shape == RowShape::values) return "\"a trip of " + values[4] + " km by " + values[3] + " people\"";
    const bool records = shape == RowShape::records;
    std::string text = records ? "{" : "[";
    for (std::size_t i = 0; i < std::size(values); ++i) {
        if (i != 0) text += ',';
        if (records) text += '"' + kFeatures[i].field + "\":";
        text += values[i];
    }
    return text + (records ? '}' : ']');
}

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Nanoseconds of CPU a row, over at least so many seconds.
double cost(double seconds, const std::function<void()>& batch) {
    batch();
    const double start = cpu_seconds();
    std::size_t rows = 0;
    while (cpu_seconds() - start < seconds) {
        for (int i = 0; i < 20; ++i) batch();
        rows += 20 * kBatch;
    }
    return (cpu_seconds() - start) * 1e9 / static_cast<double>(rows);
}

void measure(const Subject& subject, double seconds) {
    const auto protocol = protocols::make(pipeline_of(subject));
    std::vector<std::string> texts;
    Results results;
    for (std::size_t n = 0; n < kBatch; ++n) {
        texts.push_back(row_of(subject.rows, n));
        results.push_back(std::to_string(n) + ".25");
    }
    const std::vector<std::string_view> rows(texts.begin(), texts.end());
    const Reply reply = subject.answer(results);
    std::vector<Header> headers;
    if (reply.json != 0) headers.emplace_back("inference-header-content-length", std::to_string(reply.json));
    const protocols::Response response{200, headers, reply.body, {}};
    const Answer answer = protocol->decode(response, kBatch);
    if (answer.outcome != Outcome::scored || !answer.scores.back().contains("499.25")) {
        std::fprintf(stderr, "%s %s: %s\n", subject.protocol, subject.body, answer.reason.c_str());
        std::exit(1);
    }
    const std::size_t request_bytes = protocol->encode(rows).body.size();
    std::size_t seen = 0;  // so that nothing is left out
    const double encoding = cost(seconds, [&] { seen += protocol->encode(rows).body.size(); });
    const double decoding = cost(seconds, [&] { seen += protocol->decode(response, kBatch).scores.size(); });
    if (seen == 0) std::exit(1);
    const char* const space = *subject.body == '\0' ? "" : " ";
    std::printf("%s%s%s\t%zu\t%zu\t%.1f\t%.1f\n", subject.protocol, space, subject.body, request_bytes / kBatch,
                reply.body.size() / kBatch, encoding, decoding);
    std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 0.2;
    for (const Subject& subject : kSubjects) measure(subject, seconds);
}
