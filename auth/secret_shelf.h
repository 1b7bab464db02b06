// SecretShelf: what vaults said last, in memory alone, for whoever reads secrets (secret_file.h).
//
// Readers never wait for a vault: somebody else (app/vaults) fetches, and puts here what came. There is one shelf for
// the process, as there is one file system; it is empty where no vault is configured. What was put stays until
// something else is.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

class SecretShelf {
  public:
    static SecretShelf& of_process();

    // `source` as it is configured: keyvault://VAULT/SECRET[/VERSION].
    void put(const std::string& source, Secret value);
    // Why nothing came, for readers that find nothing.
    void tell(const std::string& source, const std::string& why);

    // The secret, or why it is not there; no part of a secret.
    [[nodiscard]] Result<Secret> find(const std::string& source) const;
    // Grows when another value is put; 0 where there is none.
    [[nodiscard]] std::uint64_t version(const std::string& source) const;

    // A reader has reason to think that there is a newer one.
    void want(const std::string& source);
    // Those wanted since it was last asked.
    std::set<std::string> take_wanted();

  private:
    struct Place {
        Secret value;
        std::uint64_t version = 0;
        std::string why = "it has not been read yet";
    };

    mutable std::mutex mutex_;
    std::map<std::string, Place> places_;
    std::set<std::string> wanted_;
};

}  // namespace millrace::auth
