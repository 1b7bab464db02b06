#include "auth/xkey.h"

#include <sodium.h>

#include <utility>

namespace millrace::auth {
namespace {

constexpr std::string_view kVersion = "xkv1";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Result<Xkey> Xkey::parse(const Secret& seed) {
    auto raw = decode_seed(NkeyKind::curve, seed.reveal());
    if (!raw) return std::unexpected(std::move(raw.error()));
    Xkey made;
    made.raw_ = std::move(*raw);
    std::string public_raw(crypto_box_PUBLICKEYBYTES, '\0');
    if (sodium_init() < 0 || crypto_scalarmult_base(bytes_of(public_raw), bytes_of(made.raw_.reveal())) != 0)
        return fail(ErrorCode::invalid, "is no key of X25519");
    made.public_key_ = encode_public(NkeyKind::curve, public_raw);
    return made;
}

std::optional<std::string> Xkey::open(std::string_view sealed, std::string_view sender) const {
    const auto key = decode_public(NkeyKind::curve, sender);
    constexpr std::size_t kAhead = kVersion.size() + crypto_box_NONCEBYTES;
    if (!key || !sealed.starts_with(kVersion) || sealed.size() < kAhead + crypto_box_MACBYTES) return std::nullopt;
    const std::string_view nonce = sealed.substr(kVersion.size(), crypto_box_NONCEBYTES);
    const std::string_view box = sealed.substr(kAhead);
    std::string text(box.size() - crypto_box_MACBYTES, '\0');
    if (crypto_box_open_easy(bytes_of(text), bytes_of(box), box.size(), bytes_of(nonce), bytes_of(*key),
                             bytes_of(raw_.reveal())) != 0)
        return std::nullopt;
    return text;
}

std::optional<std::string> Xkey::seal(std::string_view text, std::string_view receiver) const {
    const auto key = decode_public(NkeyKind::curve, receiver);
    if (!key) return std::nullopt;
    std::string nonce(crypto_box_NONCEBYTES, '\0');
    randombytes_buf(nonce.data(), nonce.size());
    std::string box(text.size() + crypto_box_MACBYTES, '\0');
    if (crypto_box_easy(bytes_of(box), bytes_of(text), text.size(), bytes_of(nonce), bytes_of(*key),
                        bytes_of(raw_.reveal())) != 0)
        return std::nullopt;
    return std::string(kVersion) + nonce + box;
}

}  // namespace millrace::auth
