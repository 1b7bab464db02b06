#include "bridge/config/context_path.h"

#include <algorithm>
#include <cstdlib>

#include "bridge/config/problem.h"
#include "bridge/config/rules.h"
#include "bridge/config/scalars.h"

namespace millrace::config {
namespace {

using Path = std::expected<std::string, std::string>;

std::optional<std::string> environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// The value of the variable that `text` begins with, behind its $; `text` goes on behind it.
Path take_variable(std::string_view& text) {
    const bool braced = text.starts_with('{');
    if (braced) text.remove_prefix(1);
    const auto* const end = std::ranges::find_if_not(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
    const std::string name(text.begin(), end);
    text.remove_prefix(name.size());
    if (name.empty() || (braced && !text.starts_with('}')))
        return std::unexpected("has a $ in it that begins no variable (write $NAME or ${NAME})");
    if (braced) text.remove_prefix(1);
    if (auto value = environment(name)) return std::move(*value);
    return std::unexpected(quote("$" + name) + " is not set in the environment");
}

Path expanded(std::string_view text) {
    std::string out;
    for (;;) {
        const auto at = std::min(text.find('$'), text.size());
        out += text.substr(0, at);
        text.remove_prefix(at);
        if (text.empty()) break;
        text.remove_prefix(1);
        auto value = take_variable(text);
        if (!value) return value;
        out += *value;
    }
    if (out == "~" || out.starts_with("~/")) out.replace(0, 1, environment("HOME").value_or("~"));
    return out;
}

}  // namespace

std::optional<std::string> context_path(const std::string& context) {
    if (context.starts_with('/')) return context;
    auto folder = environment("XDG_CONFIG_HOME");
    if (const auto home = environment("HOME"); !folder && home) folder = *home + "/.config";
    if (!folder) return std::nullopt;
    return *folder + "/nats/context/" + context + ".json";
}

std::string_view scheme_of(std::string_view text) {
    const auto end = text.find(':');
    if (end == std::string_view::npos || end < 2) return {};
    const std::string_view scheme = text.substr(0, end);
    return std::ranges::all_of(scheme, is_alphanumeric) ? scheme : "";
}

Path member_path(std::string_view value) {
    const std::string_view scheme = scheme_of(value);
    const std::string_view after = value.substr(scheme.size());
    if (lower(scheme) == "file" && after.starts_with("://")) {
        value = after.substr(3);
    } else if (!scheme.empty()) {
        return std::unexpected(quote(scheme) + " is a way to look it up that is not taken (name a file)");
    }
    Path path = expanded(value);
    if (!path) return path;
    if (auto mistake = rules::file_path(*path)) return std::unexpected(std::move(*mistake));
    return path;
}

}  // namespace millrace::config
