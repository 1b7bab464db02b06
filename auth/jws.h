// What all JWTs have in common, whoever signs them: the three parts of JWS compact form (RFC 7515 7.1), each read
// strictly, and how claims are written. Private to auth/. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/json.h"
#include "bridge/base/time.h"

namespace millrace::auth {

struct JwsParts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_text;  // header and claims, as they stand
};

// Nothing where there are not exactly three. Views into the token.
std::optional<JwsParts> split_jws(std::string_view token);

// A part as the JSON object it is (auth/json.h); nothing for anything else, or beyond `most_bytes`.
std::optional<Json> object_in(std::string_view part, std::size_t most_bytes);

// Whole seconds, as claims have times (RFC 7519 2).
std::int64_t numeric_date(ServerTime time);

// A JSON string.
std::string quoted(std::string_view text);

}  // namespace millrace::auth
