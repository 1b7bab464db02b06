// Forms, which token requests are written in. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::auth {

std::string percent_encoded(std::string_view text);  // all but unreserved characters (RFC 3986)

using Form = std::vector<std::pair<std::string, std::string>>;
// application/x-www-form-urlencoded; also a URL's query.
std::string encoded(const Form& form);

}  // namespace millrace::auth
