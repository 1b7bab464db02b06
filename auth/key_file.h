// A bearer key read from a file, for endpoints.
//
// Thread: one shard's. The file is read at construction time by `load` and again by `refresh`, which the engine asks
// for once when an endpoint answers 401 (a rotated key); in between the key is kept in memory.
#pragma once

#include <string>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

class KeyFile {
  public:
    // An empty path means no key. The error names the file and says what is wrong with it; never its content.
    static Result<KeyFile> load(std::string path);

    // Reads the file again. On an error the old key stays.
    Result<void> refresh();
    [[nodiscard]] const Secret& key() const { return key_; }

  private:
    std::string path_;
    Secret key_;
};

}  // namespace millrace::auth
