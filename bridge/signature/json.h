// What the readers share: a document parsed, members that may be absent. For bridge/signature/*.cc alone.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridge/base/result.h"
#include "bridge/base/signature.h"
#include "bridge/signature/reader.h"

namespace millrace::signature {

namespace dom = simdjson::dom;

// Keeps what the elements it gives point into.
class Document {
  public:
    // The text as JSON; nothing when it is none.
    std::optional<dom::element> parse(std::string_view text) {
        padded_ = simdjson::padded_string(text);
        dom::element root;
        if (parser_.parse(padded_).get(root) != simdjson::SUCCESS) return std::nullopt;
        return root;
    }

  private:
    simdjson::padded_string padded_;
    dom::parser parser_;
};

inline std::optional<dom::element> member(dom::element of, std::string_view key) {
    dom::element found;
    if (of[key].get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
}

inline std::string_view text_of(std::optional<dom::element> element) {
    std::string_view text;
    if (element && element->get_string().get(text) != simdjson::SUCCESS) return {};
    return text;
}

inline std::string_view text_at(dom::element of, std::string_view key) { return text_of(member(of, key)); }

inline bool is_true(std::optional<dom::element> element) {
    bool value = false;
    return element && element->get_bool().get(value) == simdjson::SUCCESS && value;
}

// A server's word for an element type, and ours.
using TypeWord = std::pair<std::string_view, ElementType>;

template <std::size_t N>
ElementType type_of(std::string_view word, const std::array<TypeWord, N>& words) {
    for (const auto& [theirs, ours] : words) {
        if (theirs == word) return ours;
    }
    return ElementType::any;
}

inline std::unexpected<Error> no_json() { return fail(ErrorCode::invalid, "it is no JSON"); }

// The shape of one row, given that of a tensor: without the first dimension, and one value for [N, 1].
inline std::vector<std::int64_t> row_shape(std::vector<std::int64_t> shape) {
    if (!shape.empty()) shape.erase(shape.begin());
    shape.resize(std::min(shape.size(), kMostDimensions));
    for (std::int64_t& size : shape) size = size < 1 ? -1 : size;
    if (shape.size() == 1 && shape.front() == 1) shape.clear();
    return shape;
}

}  // namespace millrace::signature
