// Paths as a context of the NATS CLI has them: of itself, and those of the files that it names.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::config {

// Where the CLI keeps the context of that name: $XDG_CONFIG_HOME/nats/context/NAME.json, or ~/.config. An absolute path
// is one already. Nothing where the environment does not say where home is.
std::optional<std::string> context_path(const std::string& context);

// `file` in file:///etc/x; empty where the text has no scheme. A single letter is a drive's, and none.
std::string_view scheme_of(std::string_view text);

// The path of a file in a member: without file://, with $NAME, ${NAME} and ~ expanded, as the CLI does. Or what is
// wrong.
std::expected<std::string, std::string> member_path(std::string_view value);

}  // namespace millrace::config
