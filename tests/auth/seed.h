// Seeds of nkeys for tests, written on their own after the description of their form.
#pragma once

#include <string>

#include "auth/nkey.h"

namespace millrace::auth {

// `raw` is 32 bytes.
inline Secret seed_of(NkeyKind kind, const std::string& raw) {
    const auto code = static_cast<unsigned>(kind);
    std::string bytes{static_cast<char>(18 << 3 | code >> 5), static_cast<char>((code & 31) << 3)};
    bytes += raw;
    unsigned crc = 0;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit) crc = ((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return Secret(base32(bytes + static_cast<char>(crc & 0xff) + static_cast<char>(crc >> 8)));
}
inline Secret seed_of(NkeyKind kind, char byte) { return seed_of(kind, std::string(32, byte)); }

}  // namespace millrace::auth
