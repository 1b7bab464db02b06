#include "tests/sim/token.h"

#include <algorithm>
#include <charconv>

namespace millrace::sim {
namespace {

std::optional<EventToken> parse(std::string_view text) {
    const auto first = text.find('|');
    const auto second = text.find('|', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
    EventToken token;
    token.tenant = text.substr(0, first);
    const auto number = text.substr(first + 1, second - first - 1);
    if (std::from_chars(number.data(), number.data() + number.size(), token.number).ptr !=
        number.data() + number.size()) {
        return std::nullopt;
    }
    const auto* kind = std::ranges::find(kKindNames, text.substr(second + 1));
    if (kind == std::end(kKindNames)) return std::nullopt;
    token.kind = static_cast<Kind>(kind - std::begin(kKindNames));
    return token;
}

}  // namespace

std::vector<EventToken> tokens_in(std::string_view text) {
    std::vector<EventToken> tokens;
    for (auto at = text.find("\"@"); at != std::string_view::npos; at = text.find("\"@", at)) {
        at += 2;
        // In JSON held by a JSON string the closing quote stands behind a backslash.
        const auto end = std::min(text.find_first_of("\"\\", at), text.size());
        if (auto token = parse(text.substr(at, end - at))) tokens.push_back(std::move(*token));
        at = end;
    }
    return tokens;
}

}  // namespace millrace::sim
