// Words that errors about streams and consumers share. Private to io/nats_*.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bridge/base/result.h"

namespace millrace::io {

inline constexpr std::string_view kHint = " (run `millrace setup -c FILE` to see and make what is missing)";

inline std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

inline Error with_prefix(Error error, std::string_view prefix) {
    error.text = std::string(prefix) + ": " + error.text;
    return error;
}

}  // namespace millrace::io
