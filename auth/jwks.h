// The public keys of an identity provider (a JSON Web Key Set, RFC 7517), and the signatures they verify.
//
// What is no usable key for signatures is left out, as providers publish other keys in the same set: `use` other than
// `sig`, symmetric keys, unknown types and curves, a key with private parts, RSA outside 2048 to 8192 bits, points off
// their curve. The set is refused where it is no strict JSON, above kMostKeySetBytes or kMostKeys, without any usable
// key, or with two usable keys of one kid and algorithm.
//
// The algorithm follows from the type of the key, never from the token: RSA is for RS256 and PS256, P-256 for ES256,
// Ed25519 for EdDSA, and `alg` of the key makes it one of them (RFC 8725 section 3.1). Immutable, copied cheaply,
// safe to share between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace millrace::auth {

inline constexpr std::size_t kMostKeySetBytes = 256u << 10;
inline constexpr std::size_t kMostKeys = 64;
inline constexpr std::size_t kLongestKid = 256;

enum class Algorithm { rs256, ps256, es256, eddsa };

// By its name in RFC 7518 and 8037, exactly; nothing for every other (none and HS256 among them).
std::optional<Algorithm> algorithm_named(std::string_view name);

class PublicKey {
  public:
    struct Material;  // of OpenSSL

    PublicKey(std::string kid, std::vector<Algorithm> algorithms, std::shared_ptr<Material> material);

    [[nodiscard]] const std::string& kid() const { return kid_; }
    [[nodiscard]] bool is_for(Algorithm algorithm) const;
    // `signature` as JWS has it: of ES256 and EdDSA exactly 64 bytes. Requires: is_for(algorithm).
    [[nodiscard]] bool verifies(Algorithm algorithm, std::string_view signed_text, std::string_view signature) const;

  private:
    std::string kid_;
    std::vector<Algorithm> algorithms_;
    std::shared_ptr<Material> material_;
};

class KeySet {
  public:
    static Result<KeySet> parse(std::string_view json);

    // The key a token names. One that names none means the only key there is, if there is only one.
    [[nodiscard]] const PublicKey* find(const std::string* kid, Algorithm algorithm) const;
    [[nodiscard]] std::size_t size() const { return keys_.size(); }

  private:
    std::vector<PublicKey> keys_;
};

}  // namespace millrace::auth
