#include "auth/jws.h"

#include <algorithm>
#include <chrono>

#include "bridge/base/text.h"

namespace millrace::auth {

std::optional<JwsParts> split_jws(std::string_view token) {
    if (std::ranges::count(token, '.') != 2) return std::nullopt;
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    return JwsParts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                    token.substr(0, second)};
}

std::optional<Json> object_in(std::string_view part, std::size_t most_bytes) {
    const auto text = exact_base64url(part);
    return text ? parse_json(*text, most_bytes) : std::nullopt;
}

std::int64_t numeric_date(ServerTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

}  // namespace millrace::auth
