// Secrets read from files: one line of visible ASCII, as a key, a client secret or a token is. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

inline constexpr std::size_t kLongestSecret = 16 * 1024;

// The line in the file, without its line end. `what` is what an error calls it: key file. An error names the file and
// says what is wrong with it; never its content. A pipe or a device is never waited for.
Result<Secret> read_secret(const std::string& path, std::string_view what);

// The whole of a small regular file, whatever is in it: PEM.
Result<Secret> read_secret_bytes(const std::string& path, std::string_view what, std::size_t most = kLongestSecret);

}  // namespace millrace::auth
