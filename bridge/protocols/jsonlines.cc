#include "bridge/protocols/jsonlines.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/non_finite.h"
#include "bridge/protocols/rows_protocol.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;

constexpr std::array kBodies = {Body{"jsonlines"}, Body{"ndjson"}};

// Line breaks inside a row stand between its tokens, since a JSON string has none.
std::string write_lines(RowTexts rows) {
    std::string body;
    for (const std::string_view row : rows) {
        const std::size_t begin = body.size();
        body += row;
        std::replace_if(
            body.begin() + static_cast<std::ptrdiff_t>(begin), body.end(),
            [](char c) { return c == '\n' || c == '\r'; }, ' ');
        body += '\n';
    }
    return body;
}

Results read_lines(std::string_view body, std::size_t rows, NonFinite policy) {
    if (!is_utf8(body)) return fail(ErrorCode::invalid, "the body is not UTF-8");
    std::vector<std::string> texts;
    std::size_t count = 0;
    while (!body.empty()) {
        const std::size_t length = std::min(body.find('\n'), body.size());
        JsonReader reader(body.substr(0, length), policy != NonFinite::error);
        body.remove_prefix(std::min(length + 1, body.size()));
        ++count;
        const std::string_view value = reader.skip();
        const bool non_finite = reader.take_non_finite();
        if (!reader.finish()) {
            return fail(ErrorCode::invalid, "line " + std::to_string(count) + " is no JSON: " + reader.complaint());
        }
        if (count <= rows) texts.push_back(non_finite ? finite(value, policy) : std::string(value));
    }
    if (count != rows) return fail(ErrorCode::invalid, expected(rows) + ", found " + std::to_string(count));
    return texts;
}

Result<std::unique_ptr<Protocol>> make(const settings::Pipeline& pipeline, const Body& body) {
    return std::make_unique<RowsProtocol>(Form{
        .body = write_lines,
        .results = [policy = pipeline.endpoint.non_finite](std::string_view text,
                                                           std::size_t rows) { return read_lines(text, rows, policy); },
        .content_type = body.name == "ndjson" ? "application/x-ndjson" : "application/jsonlines",
    });
}

}  // namespace

constinit const Kind kJsonlines = {.name = "jsonlines", .bodies = kBodies, .make = make};

}  // namespace millrace::protocols
