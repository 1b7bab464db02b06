#include "auth/nkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "auth/openssl_ptr.h"
#include "bridge/base/check.h"

namespace millrace::auth {
namespace {

using Key = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using Context = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kRawBytes = 32;
constexpr std::size_t kLongestText = 58;
constexpr unsigned kSeedPrefix = 18 << 3;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<std::string> from_base32(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto five = kBase32.find(c);
        if (five == std::string_view::npos) return std::nullopt;
        bits = bits << 5 | static_cast<std::uint32_t>(five);
        if (held += 5; held < 8) continue;
        held -= 8;
        bytes += static_cast<char>(bits >> held & 0xff);
    }
    return bytes;
}

// CRC-16/XMODEM: polynomial 0x1021, from zero.
std::string checksum(std::string_view bytes) {
    unsigned crc = 0;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return {static_cast<char>(crc & 0xff), static_cast<char>(crc >> 8)};
}

// The 32 bytes behind `prefix`, if that is what the text is.
std::optional<std::string> decoded(std::string_view prefix, std::string_view text) {
    if (text.size() > kLongestText) return std::nullopt;
    auto bytes = from_base32(text);
    if (!bytes || bytes->size() != prefix.size() + kRawBytes + 2 || !bytes->starts_with(prefix)) return std::nullopt;
    std::string raw = bytes->substr(prefix.size(), kRawBytes);
    const std::string checked = std::string(prefix) + raw;
    if (base32(checked + checksum(checked)) != text) return std::nullopt;
    return raw;
}

Key private_key(std::string_view raw) {
    return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
}

}  // namespace

std::string base32(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(c);
        for (held += 8; held >= 5; held -= 5) text += kBase32[bits >> (held - 5) & 31];
    }
    if (held > 0) text += kBase32[bits << (5 - held) & 31];
    return text;
}

std::string encode_public(NkeyKind kind, std::string_view raw) {
    const std::string bytes = static_cast<char>(kind) + std::string(raw);
    return base32(bytes + checksum(bytes));
}

std::optional<std::string> decode_public(NkeyKind kind, std::string_view text) {
    const char prefix = static_cast<char>(kind);
    return decoded({&prefix, 1}, text);
}

Result<Secret> decode_seed(NkeyKind kind, std::string_view text) {
    const auto byte = static_cast<unsigned>(kind);
    const std::string prefix = {static_cast<char>(kSeedPrefix | byte >> 5), static_cast<char>((byte & 31) << 3)};
    auto raw = decoded(prefix, text);
    if (!raw) return fail(ErrorCode::invalid, "is no seed of this kind (SA… of an account, SX… of an xkey)");
    return Secret(std::move(*raw));
}

Result<SigningKey> SigningKey::parse(NkeyKind kind, const Secret& seed) {
    auto raw = decode_seed(kind, seed.reveal());
    if (!raw) return std::unexpected(std::move(raw.error()));
    SigningKey made;
    made.raw_ = std::move(*raw);
    const Key key = private_key(made.raw_.reveal());
    std::string public_raw(kRawBytes, '\0');
    std::size_t size = public_raw.size();
    MILLRACE_CHECK(
        key && EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_raw.data()), &size) == 1,
        "any 32 bytes are an Ed25519 key");
    made.public_key_ = encode_public(kind, public_raw);
    return made;
}

std::string SigningKey::sign(std::string_view text) const {
    const Key key = private_key(raw_.reveal());
    const Context context(EVP_MD_CTX_new());
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    MILLRACE_CHECK(key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                       EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                      bytes_of(text), text.size()) == 1,
                   "Ed25519 signs anything");
    return signature;
}

bool verify_ed25519(std::string_view raw_key, std::string_view text, std::string_view signature) {
    if (signature.size() != 64) return false;
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw_key), raw_key.size()));
    const Context context(EVP_MD_CTX_new());
    const bool right =
        key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
    ERR_clear_error();
    return right;
}

}  // namespace millrace::auth
