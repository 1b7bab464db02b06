#include "bridge/base/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "bridge/base/check.h"

namespace millrace {

namespace {

// One context per thread, used again and again: fetching the algorithm costs more than hashing an event's tuple.
class Sha256 {
  public:
    Sha256() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
        MILLRACE_CHECK(algorithm_ != nullptr && context_ != nullptr, "OpenSSL has no SHA-256");
    }

    std::array<std::uint8_t, 32> operator()(std::string_view bytes) {
        std::array<std::uint8_t, 32> whole{};
        const bool done = EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                          EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1 &&
                          EVP_DigestFinal_ex(context_.get(), whole.data(), nullptr) == 1;
        MILLRACE_CHECK(done, "hashing bytes in memory cannot fail");
        return whole;
    }

  private:
    struct Free {
        void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD, Free> algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
    thread_local Sha256 hash;
    return hash(bytes);
}

Digest digest(std::string_view bytes) {
    const auto whole = sha256(bytes);
    Digest cut{};
    std::copy_n(whole.begin(), cut.size(), cut.begin());
    return cut;
}

}  // namespace millrace
