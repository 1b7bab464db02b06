#include "bridge/protocols/openai_embeddings.h"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/list_reader.h"
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
class Embeddings : ListReader {
  public:
    Embeddings(std::string_view body, std::size_t rows, NonFinite policy)
        : ListReader(body, policy != NonFinite::error), policy_(policy), texts_(rows) {}

    Results run() {
        read_list("data", "the list of embeddings", [this] {
            if (enter(Shape::object, "an embedding")) one();
        });
        if (!reader_.finish()) return fail(ErrorCode::invalid, "the body is no JSON: " + reader_.complaint());
        if (count_ != texts_.size()) complain("found " + std::to_string(count_));
        if (placed_ != texts_.size()) complain("found an index beyond them");
        if (!problem_.empty()) return fail(ErrorCode::invalid, expected(texts_.size()) + ", " + problem_);
        return std::move(texts_);
    }

  private:
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

    NonFinite policy_;
    std::vector<std::string> texts_;  // by index
    std::size_t count_ = 0;           // embeddings there were
    std::size_t placed_ = 0;
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

constinit const Kind kOpenaiEmbeddings = {.name = "openai_embeddings",
                                          .bodies = kBodies,
                                          .takes = kExtras,
                                          .make = make,
                                          .most_rows = 2048,
                                          .usual_tokens = 300'000};

}  // namespace millrace::protocols
