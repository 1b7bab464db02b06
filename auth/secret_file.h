// Secrets read from where the configuration says they are: a file, or a vault (keyvault://VAULT/SECRET), which is as
// good as a file that somebody rotates. Nobody else knows which of them it is. Any thread.
//
// A file is read here and now. Of a vault it is what the shelf has (secret_shelf.h); nothing here waits for a network.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/file_stamp.h"
#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

inline constexpr std::size_t kLongestSecret = 16 * 1024;

// One line of visible ASCII, as a key, a client secret or a token is, without its line end. `what` is what an error
// calls it: key file. An error names the source and says what is wrong with it; never its content. A pipe or a device
// is never waited for.
Result<Secret> read_secret(const std::string& source, std::string_view what);

// The whole of it, whatever is in it: PEM.
Result<Secret> read_secret_bytes(const std::string& source, std::string_view what, std::size_t most = kLongestSecret);

// Another stamp than before means that it may be worth reading again.
FileStamp secret_stamp(const std::string& source);
FileStamps secret_stamps(const std::vector<std::string>& sources);

// What was read is refused by those it is for: a vault is asked soon for a newer one. Files are looked at often enough.
void doubt_secret(const std::string& source);

}  // namespace millrace::auth
