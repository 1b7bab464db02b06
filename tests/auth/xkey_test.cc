#include "auth/xkey.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/auth/seed.h"

namespace millrace::auth {

TEST_CASE("xkey: the key of a seed, as X25519 has it") {
    // RFC 7748, section 6.1: Alice's secret and public key.
    const std::string secret =
        "\x77\x07\x6d\x0a\x73\x18\xa5\x7d\x3c\x16\xc1\x72\x51\xb2\x66\x45\xdf\x4c\x2f\x87\xeb\xc0\x99\x2a\xb1\x77\xfb"
        "\xa5\x1d\xb9\x2c\x2a";
    const std::string expected =
        "\x85\x20\xf0\x09\x89\x30\xa7\x54\x74\x8b\x7d\xdc\xb4\x3e\xf7\x5a\x0d\xbf\x3a\x0d\x26\x38\x1a\xf4\xeb\xa4\xa9"
        "\x8e\xaa\x9b\x4e\x6a";
    const auto key = Xkey::parse(seed_of(NkeyKind::curve, secret));
    REQUIRE(key);
    CHECK(decode_public(NkeyKind::curve, key->public_key()) == expected);
}

TEST_CASE("xkey: what is sealed for one opens for nobody else, and only whole") {
    const Xkey server = Xkey::parse(seed_of(NkeyKind::curve, 's')).value();
    const Xkey ours = Xkey::parse(seed_of(NkeyKind::curve, 'o')).value();
    const Xkey other = Xkey::parse(seed_of(NkeyKind::curve, 'x')).value();
    for (const std::string& text : {std::string(), std::string("text"), std::string(60000, 't')}) {
        const auto sealed = server.seal(text, ours.public_key());
        REQUIRE(sealed);
        CHECK(sealed->starts_with("xkv1"));
        CHECK(*sealed != *server.seal(text, ours.public_key()));
        CHECK(ours.open(*sealed, server.public_key()) == text);
        CHECK_FALSE(other.open(*sealed, server.public_key()));
        CHECK_FALSE(ours.open(*sealed, other.public_key()));
        CHECK_FALSE(ours.open(*sealed, "X"));
        for (std::size_t i = 0; i < std::min<std::size_t>(sealed->size(), 60); ++i) {
            std::string damaged = *sealed;
            damaged[i] = static_cast<char>(damaged[i] ^ 1);
            CHECK_FALSE(ours.open(damaged, server.public_key()));
            CHECK_FALSE(ours.open(sealed->substr(0, i), server.public_key()));
        }
    }
    CHECK_FALSE(Xkey::parse(seed_of(NkeyKind::user, 'u')));
    CHECK_FALSE(server.seal("text", "A"));
}

}  // namespace millrace::auth
