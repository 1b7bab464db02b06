// Reads one element: says whether all of it is a JSON object, and finds the wanted fields as raw text.
//
// Thread: one shard's; keeps a parser and a padded copy of the element. Bounds: kMaxDepth levels of nesting; the memory
// kept between elements is about eight times the longest one, and none after an element over kKeepBytes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "bridge/base/event.h"
#include "bridge/codec/wanted_fields.h"

namespace millrace::codec {

inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kKeepBytes = 4u << 20;

class ElementReader {
  public:
    // `fields` outlives the reader and is filled by each read.
    explicit ElementReader(WantedFields& fields);
    ~ElementReader();
    ElementReader(ElementReader&&) noexcept;

    // Nothing when `text` (trimmed) is one JSON object and nothing else; otherwise not_json or not_an_object, with the
    // place. What the fields found points into `text`.
    [[nodiscard]] std::optional<Verdict> read(std::string_view text);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::codec
