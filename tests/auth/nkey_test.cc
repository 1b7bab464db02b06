#include "auth/nkey.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace millrace::auth {
namespace {

// From the documentation of nkeys.
const char* const kSeed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const char* const kPublic = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

}  // namespace

TEST_CASE("nkey: the key of a seed, as others know it") {
    const auto key = SigningKey::parse(NkeyKind::user, Secret(kSeed));
    REQUIRE(key);
    CHECK(key->public_key() == kPublic);
    const auto raw = decode_public(NkeyKind::user, kPublic);
    REQUIRE(raw);
    CHECK(encode_public(NkeyKind::user, *raw) == kPublic);
    const std::string signature = key->sign("text");
    CHECK(verify_ed25519(*raw, "text", signature));
    CHECK_FALSE(verify_ed25519(*raw, "texT", signature));
    CHECK_FALSE(verify_ed25519(*raw, "text", signature + "x"));
    CHECK_FALSE(verify_ed25519(*raw, "text", ""));
}

TEST_CASE("nkey: kinds begin with their letters") {
    const std::string raw(32, '\x5a');
    CHECK(encode_public(NkeyKind::account, raw).front() == 'A');
    CHECK(encode_public(NkeyKind::server, raw).front() == 'N');
    CHECK(encode_public(NkeyKind::user, raw).front() == 'U');
    CHECK(encode_public(NkeyKind::curve, raw).front() == 'X');
    CHECK_FALSE(decode_public(NkeyKind::account, encode_public(NkeyKind::user, raw)));
    CHECK(decode_public(NkeyKind::account, encode_public(NkeyKind::account, raw)) == raw);
}

TEST_CASE("nkey: what is written otherwise is no key") {
    const std::string good = kPublic;
    std::vector<std::string> bad = {"", "U", good + "A", good + "=", good.substr(1), " " + good, good + "\n", kSeed};
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const char c : {'A', 'Z', '7', '1', 'a', '\0'}) {
            std::string other = good;
            other[i] = c;
            if (other != good) bad.push_back(other);
        }
    }
    for (const std::string& text : bad) {
        CAPTURE(text);
        CHECK_FALSE(decode_public(NkeyKind::user, text));
    }
}

TEST_CASE("nkey: a seed that is none is refused without a word of it") {
    for (const std::string& text :
         std::vector<std::string>{"", kPublic, std::string(kSeed) + "A", std::string(kSeed).substr(1), "canary"}) {
        const auto key = SigningKey::parse(NkeyKind::user, Secret(text));
        REQUIRE_FALSE(key);
        CHECK_FALSE((text.size() > 1 && key.error().text.contains(text)));
    }
    CHECK_FALSE(SigningKey::parse(NkeyKind::account, Secret(kSeed)));
}

}  // namespace millrace::auth
