#include "bridge/protocols/openai_embeddings.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/non_finite.h"
#include "bridge/protocols/openai.h"
#include "bridge/protocols/request_template.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;
using Shape = JsonReader::Kind;

constexpr std::array kBodies = {Body{"", kValues}};

// Reads all of the body; a problem is the first one met.
class Embeddings {
  public:
    Embeddings(std::string_view body, std::size_t rows, NonFinite policy)
        : reader_(body, policy != NonFinite::error), policy_(policy), texts_(rows) {}

    Results run() {
        answer();
        if (!reader_.finish()) return fail(ErrorCode::invalid, "the body is no JSON: " + reader_.complaint());
        if (count_ != texts_.size()) complain("found " + std::to_string(count_));
        if (placed_ != texts_.size()) complain("found an index beyond them");
        if (!problem_.empty()) return fail(ErrorCode::invalid, expected(texts_.size()) + ", " + problem_);
        return std::move(texts_);
    }

  private:
    void answer() {
        bool found = false;
        if (!enter(Shape::object, "an object")) return;
        while (reader_.more()) {
            if (!is_name(reader_.key(), "data")) {
                reader_.skip();
            } else if (std::exchange(found, true)) {
                complain("found \"data\" more than once");
                reader_.skip();
            } else if (enter(Shape::array, "the list of embeddings")) {
                while (reader_.more()) {
                    if (enter(Shape::object, "an embedding")) one();
                }
            }
        }
        if (!found) complain("found an object without \"data\"");
    }

    void one() {
        std::string_view index;
        std::string_view embedding;
        bool non_finite = false;
        while (reader_.more()) {
            const std::string_view key = reader_.key();
            static_cast<void>(reader_.take_non_finite());
            const std::string_view value = reader_.skip();
            if (is_name(key, "index")) {
                if (!index.empty()) complain("found an index more than once in one embedding");
                index = value;
            } else if (is_name(key, "embedding")) {
                if (!embedding.empty()) complain("found two embeddings of one index");
                embedding = value;
                non_finite = reader_.take_non_finite();
            }
        }
        if (!reader_.failed()) place(index, embedding, non_finite);
    }

    void place(std::string_view index, std::string_view embedding, bool non_finite) {
        ++count_;
        std::size_t row = 0;
        const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), row);
        if (error != std::errc() || end != index.data() + index.size()) {
            return complain("found an embedding without an index");
        }
        if (embedding.empty()) return complain("found no embedding at index " + std::to_string(row));
        if (row >= texts_.size()) return;  // too many, or others are missing: told at the end
        if (!texts_[row].empty()) return complain("found index " + std::to_string(row) + " more than once");
        texts_[row] = non_finite ? finite(embedding, policy_) : std::string(embedding);
        ++placed_;
    }

    bool enter(Shape kind, std::string_view what) {
        if (reader_.peek() == kind) return reader_.enter(), true;
        complain("found something else where " + std::string(what) + " belongs");
        reader_.skip();
        return false;
    }

    void complain(std::string text) {
        if (problem_.empty()) problem_ = std::move(text);
    }

    JsonReader reader_;
    NonFinite policy_;
    std::vector<std::string> texts_;  // by index
    std::size_t count_ = 0;           // embeddings there were
    std::size_t placed_ = 0;
    std::string problem_;
};

Results read_embeddings(std::string_view body, std::size_t rows, NonFinite policy) {
    if (!is_utf8(body)) return fail(ErrorCode::invalid, "the body is not UTF-8");
    return Embeddings(body, rows, policy).run();
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body&) {
    auto made = RequestTemplate::make("/input", pipeline.endpoint.extras);
    if (!made) return std::unexpected(made.error());
    return std::make_unique<RowsProtocol>(Form{
        .body = [request = std::move(*made)](RowTexts rows) { return request.fill(rows); },
        .results = [policy = pipeline.endpoint.non_finite](
                       std::string_view body, std::size_t rows) { return read_embeddings(body, rows, policy); },
        .outcome = openai_outcome,
    });
}

}  // namespace

constinit const Kind kOpenaiEmbeddings = {
    .name = "openai_embeddings", .bodies = kBodies, .takes = kExtras, .make = make, .most_rows = 2048};

}  // namespace millrace::protocols
