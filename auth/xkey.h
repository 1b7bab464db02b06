// Encryption between server and auth callout (ADR-26): NaCl's box (X25519, XSalsa20, Poly1305) as nkeys' xkv1 has it:
// `xkv1`, 24 bytes of nonce, what is sealed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/nkey.h"

namespace millrace::auth {

class Xkey {
  public:
    // From the text of a seed (SX…).
    static Result<Xkey> parse(const Secret& seed);

    [[nodiscard]] const std::string& public_key() const { return public_key_; }
    // `sender` and `receiver` are the other's public keys (X…). Nothing: it is no key, or not sealed by it for us.
    [[nodiscard]] std::optional<std::string> open(std::string_view sealed, std::string_view sender) const;
    [[nodiscard]] std::optional<std::string> seal(std::string_view text, std::string_view receiver) const;

  private:
    Secret raw_;
    std::string public_key_;
};

}  // namespace millrace::auth
