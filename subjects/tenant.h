// The one rule for tenant names: a token of [A-Za-z0-9_-], 1 to 64 characters. Anything else is refused, never
// escaped: an escaped name could collide with another tenant's.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace::subjects {

bool is_tenant(std::string_view token);

// A name in which `*` may stand for any characters, none among them: acme, team-*, *-test.
bool is_tenant_pattern(std::string_view text);
// Whether one of the patterns fits; where there are none, every tenant is.
bool is_allowed(std::span<const std::string> patterns, std::string_view tenant);

}  // namespace millrace::subjects
