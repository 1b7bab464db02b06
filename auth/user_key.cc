#include "auth/user_key.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "auth/secret_file.h"

namespace millrace::auth {
namespace {

std::string_view trimmed(std::string_view line) {
    constexpr std::string_view kBlank = " \t\r";
    const auto begin = line.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
}

// Those that are not blank.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto line = trimmed(text.substr(0, end)); !line.empty()) lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool is_rule(std::string_view line) { return line.starts_with("---"); }

// Whose seed a line begins like.
std::optional<std::string_view> owner_of(std::string_view line) {
    struct Kind {
        std::string_view begin;
        std::string_view owner;
    };
    constexpr std::array kKinds = {Kind{"SU", "a user"},   Kind{"SA", "an account"}, Kind{"SO", "an operator"},
                                   Kind{"SN", "a server"}, Kind{"SC", "a cluster"},  Kind{"SX", "an xkey"}};
    for (const Kind& kind : kKinds)
        if (line.starts_with(kind.begin) && !line.contains(' ')) return kind.owner;
    return std::nullopt;
}

Result<std::string_view> seed_in(const std::vector<std::string_view>& lines) {
    std::optional<std::string_view> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (is_rule(lines[i]) && lines[i].contains("BEGIN") && lines[i].contains("SEED")) {
            if (i + 2 < lines.size() && is_rule(lines[i + 2])) return lines[i + 1];
            return fail(ErrorCode::invalid, "is cut off (a line of END belongs behind the seed)");
        }
        if (!owner_of(lines[i])) continue;
        if (found) return fail(ErrorCode::invalid, "has more than one seed in it (keep the one to log in with)");
        found = lines[i];
    }
    if (!found)
        return fail(ErrorCode::invalid, "has no seed in it (SU… on a line of its own, as nk -gen user writes it)");
    return *found;
}

}  // namespace

Result<SigningKey> parse_user_key(std::string_view text) {
    const auto seed = seed_in(lines_of(text));
    if (!seed) return std::unexpected(seed.error());
    if (auto key = SigningKey::parse(NkeyKind::user, Secret(std::string(*seed)))) return key;
    const auto owner = owner_of(*seed);
    if (owner && !seed->starts_with("SU"))
        return fail(ErrorCode::invalid, "has the seed of " + std::string(*owner) + " in it, and users log in (SU…)");
    return fail(ErrorCode::invalid, "has a seed in it that is damaged (SU…, 58 characters; was it cut off?)");
}

Result<SigningKey> read_user_key(const std::string& path, std::string_view what) {
    const auto text = read_secret_bytes(path, what);
    if (!text) return std::unexpected(text.error());
    auto key = parse_user_key(text->reveal());
    if (!key) return fail(key.error().code, std::string(what) + " \"" + path + "\" " + key.error().text);
    return key;
}

}  // namespace millrace::auth
