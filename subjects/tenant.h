// The one rule for tenant names: a token of [A-Za-z0-9_-], 1 to 64 characters. Anything else is refused, never
// escaped: an escaped name could collide with another tenant's.
#pragma once

#include <string_view>

namespace millrace::subjects {

bool is_tenant(std::string_view token);

}  // namespace millrace::subjects
