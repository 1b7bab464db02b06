// NATS keys (nkeys): Ed25519 and X25519 keys as text, and what they sign.
//
// A key is base32 (RFC 4648, without padding) of a prefix byte, 32 bytes and a CRC-16/XMODEM, low byte first; a seed
// has two prefix bytes, of seeds and of what it is the seed of (github.com/nats-io/nkeys). Read strictly: exactly what
// would be written, of the kind that is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/base/secret.h"

namespace millrace::auth {

enum class NkeyKind : std::uint8_t { account = 0, server = 13 << 3, user = 20 << 3, curve = 23 << 3 };

std::string base32(std::string_view bytes);

// `raw` is 32 bytes, of which the text begins with A, N, U or X.
std::string encode_public(NkeyKind kind, std::string_view raw);
std::optional<std::string> decode_public(NkeyKind kind, std::string_view text);
// The 32 secret bytes of a seed (S…). The error says nothing of it.
Result<Secret> decode_seed(NkeyKind kind, std::string_view text);

class SigningKey {
  public:
    // From the text of a seed.
    static Result<SigningKey> parse(NkeyKind kind, const Secret& seed);

    [[nodiscard]] const std::string& public_key() const { return public_key_; }
    // 64 bytes.
    [[nodiscard]] std::string sign(std::string_view text) const;

  private:
    Secret raw_;
    std::string public_key_;
};

// Requires: `raw_key` is 32 bytes.
bool verify_ed25519(std::string_view raw_key, std::string_view text, std::string_view signature);

}  // namespace millrace::auth
