// JSON Pointer (RFC 6901), as it stands in the configuration. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace millrace::protocols {

inline constexpr std::size_t kMaxPointerTokens = 16;

// "" → no tokens, "/a~1b/0" → {"a/b", "0"}.
Result<std::vector<std::string>> parse_pointer(std::string_view pointer);
// The token as an index into an array; nothing when it is none.
std::optional<std::size_t> as_index(std::string_view token);

}  // namespace millrace::protocols
