// Digest: 128 bits of SHA-256, for identities and for knowing one's own bytes again. Nobody can choose two texts of one
// digest.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace millrace {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);

using Digest = std::array<std::uint8_t, 16>;

Digest digest(std::string_view bytes);

}  // namespace millrace
