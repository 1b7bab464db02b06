#include "auth/jwt.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/auth/hostile_tokens.h"

namespace millrace::auth {
namespace {

const std::vector<Signer>& signers() {
    static const std::vector<Signer> all = {
        {Algorithm::rs256, "rs"}, {Algorithm::ps256, "ps"}, {Algorithm::es256, "es"}, {Algorithm::eddsa, "ed"}};
    return all;
}

KeySet key_set(const std::vector<Signer>& of = signers()) {
    std::string text = R"({"keys":[)";
    for (const Signer& each : of) text += (&each == of.data() ? "" : ",") + each.jwk();
    return KeySet::parse(text + "]}").value();
}

constexpr ServerTime at(std::int64_t seconds) { return ServerTime(std::chrono::seconds(seconds)); }
const Expectation kExpected{std::string(kIssuer), {"other-of-ours", std::string(kAudience)}, std::chrono::seconds(60)};

std::string verdict(const std::string& token, const KeySet& keys = key_set(), std::int64_t now = kNowSeconds) {
    const auto made = verify(token, keys, kExpected, at(now));
    return made ? "accepted" : std::string(word(made.error()));
}

}  // namespace

TEST_CASE("token: a good one of each algorithm is accepted, with what it says") {
    for (const Signer& signer : signers()) {
        CAPTURE(signer.name());
        const auto made =
            verify(jws(signer, good_header(signer), good_claims()), key_set(), kExpected, at(kNowSeconds));
        REQUIRE(made);
        CHECK(made->issuer == kIssuer);
        CHECK(made->subject == "somebody");
        CHECK(made->id == "t-1");
        CHECK(made->expires_at == at(1'800'000'600));
        REQUIRE(made->claims.find("groups"));
        CHECK(*made->claims.find("groups")->list()->front().text() == "acme");
    }
}

TEST_CASE("token: variants that are as good") {
    const Signer& signer = signers().front();
    const auto claims = [&](const std::string& from, const std::string& to) {
        return verdict(jws(signer, good_header(signer), with(good_claims(), from, to)));
    };
    CHECK(claims(R"("aud":"millrace")", R"("aud":["elsewhere","millrace"])") == "accepted");
    CHECK(claims(R"("exp":1800000600)", R"("exp":1800000600.5)") == "accepted");
    CHECK(claims(R"(,"iat":1799999990,"nbf":1799999990,"jti":"t-1")", "") == "accepted");
    CHECK(verdict(jws(signer, with(good_header(signer), "JWT", "at+JWT"), good_claims())) == "accepted");
    CHECK(verdict(jws(signer, with(good_header(signer), R"("typ":"JWT",)", R"("x5t":"abc",)"), good_claims())) ==
          "accepted");
    const Signer lone(Algorithm::es256, "");
    CHECK(verdict(jws(lone, R"({"alg":"ES256"})", good_claims()), key_set({lone})) == "accepted");
}

TEST_CASE("token: times have the leeway on either side, to the second") {
    const Signer& signer = signers().back();
    const std::string token = jws(signer, good_header(signer), good_claims());
    CHECK(verdict(token, key_set(), 1'800'000'659) == "accepted");
    CHECK(verdict(token, key_set(), 1'800'000'660) == "expired");
    CHECK(verdict(token, key_set(), 1'799'999'930) == "accepted");
    CHECK(verdict(token, key_set(), 1'799'999'929) == "not_yet");
}

TEST_CASE("token: hostile ones are refused, and for what is wrong with them") {
    const KeySet keys = key_set();
    std::size_t count = 0;
    std::set<std::string> names;
    for (const Signer& signer : signers()) {
        for (const HostileToken& each : hostile_tokens(signer)) {
            CAPTURE(signer.name());
            CAPTURE(each.name);
            CHECK(verdict(each.token, keys) == word(each.refusal));
            names.insert(each.name);
            ++count;
        }
    }
    CHECK(names.size() >= 120);
    MESSAGE(count, " hostile tokens of ", names.size(), " kinds, none accepted");
}

TEST_CASE("token: no key verifies for the algorithm of another") {
    const KeySet keys = key_set();
    for (const Signer& signer : signers())
        for (const Signer& named : signers()) {
            if (signer.kid() == named.kid()) continue;
            CAPTURE(signer.name());
            CAPTURE(named.name());
            CHECK(verdict(jws(signer, good_header(named), good_claims()), keys) == "signature");
            CHECK(verdict(jws(signer, with(good_header(signer), signer.kid(), named.kid()), good_claims()), keys) ==
                  "unknown_key");
        }
    // A key that says no algorithm is for those of its type, and for no other.
    const Signer ps(Algorithm::ps256, "k");
    const KeySet open = KeySet::parse(R"({"keys":[)" + with(ps.jwk(), R"(,"alg":"PS256")", "") + "]}").value();
    CHECK(verdict(jws(ps, good_header(ps), good_claims()), open) == "accepted");
    CHECK(verdict(jws(ps, with(good_header(ps), "PS256", "RS256"), good_claims()), open) == "signature");
    CHECK(verdict(jws(ps, with(good_header(ps), "PS256", "ES256"), good_claims()), open) == "unknown_key");
}

TEST_CASE("key set: signatures that others made") {
    // RFC 7515, A.3, and RFC 8037, A.4.
    const KeySet keys =
        KeySet::parse(
            R"({"keys":[{"kty":"EC","crv":"P-256","kid":"es","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},)"
            R"({"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})")
            .value();
    struct Example {
        Algorithm algorithm;
        std::string kid;
        std::string token;
    };
    for (const Example& each : std::vector<Example>{
             {Algorithm::es256, "es",
              "eyJhbGciOiJFUzI1NiJ9."
              "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
              "fQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
             {Algorithm::eddsa, "ed",
              "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
              "09PGcvMg3AIbQR6dWbhijcNR4ki4"
              "iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"}}) {
        const Parts3 parts = parts_of(each.token);
        const std::string text = parts.header + "." + parts.claims;
        const PublicKey* key = keys.find(&each.kid, each.algorithm);
        REQUIRE(key);
        CHECK(key->verifies(each.algorithm, text, *exact_base64url(parts.signature)));
        CHECK_FALSE(key->verifies(each.algorithm, text + "x", *exact_base64url(parts.signature)));
    }
}

TEST_CASE("key set: keys that are not for signatures are left out") {
    const Signer good(Algorithm::es256, "good");
    const Signer other(Algorithm::es256, "bad");
    const Signer rsa(Algorithm::rs256, "bad");
    for (
        const std::string& bad : std::vector<std::string>{
            with(other.jwk(), R"("use":"sig")", R"("use":"enc")"),
            with(other.jwk(), R"("use":"sig")", R"("use":["sig"])"),
            with(other.jwk(), R"("alg":"ES256")", R"("alg":"RS256")"),
            with(other.jwk(), R"("alg":"ES256")", R"("alg":"HS256")"),
            with(other.jwk(), R"("alg":"ES256")", R"("alg":1)"),
            with(other.jwk(), R"("crv":"P-256")", R"("crv":"P-521")"),
            with(other.jwk(), R"("crv":"P-256",)", ""),
            with(other.jwk(), R"("kty":"EC")", R"("kty":"ec")"),
            with(other.jwk(), R"("kid":"bad")", R"("kid":1)"),
            with(other.jwk(), R"("kid":"bad")", R"("kid":")" + std::string(257, 'x') + '"'),
            with(other.jwk(), R"("x":")", R"("x":"A)"),
            with(other.jwk(), R"("x":")", R"("y2":"AA","x":"=)"),
            other.jwk(R"(,"d":"AAAA")"),
            R"({"kty":"EC","crv":"P-256","kid":"bad","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})",
            R"({"kty":"oct","kid":"bad","k":"c2VjcmV0","alg":"HS256"})",
            R"({"kty":"OKP","crv":"X25519","kid":"bad","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})",
            R"({"kty":"OKP","crv":"Ed25519","kid":"bad","x":"AAAA"})",
            R"({"kty":"RSA","kid":"bad","n":"AQAB","e":"AQAB"})",
            R"({"kty":"RSA","kid":"bad","n":")" + base64url(std::string(2048, '\xff')) + R"(","e":"AQAB"})",
            with(rsa.jwk(), R"("e":"AQAB")", R"("e":"AQ")"),
            with(rsa.jwk(), R"("e":"AQAB")", R"("e":"Ag")"),
            with(rsa.jwk(), R"("e":"AQAB")", R"("e":"AQABAQAB")"),
            with(rsa.jwk(), R"("n":")", R"("n":"AAAA)"),
            R"({"kid":"bad"})",
            "{}",
            "1",
            "null",
        }) {
        CAPTURE(bad);
        CHECK_FALSE(KeySet::parse(R"({"keys":[)" + bad + "]}"));
        const auto both = KeySet::parse(R"({"keys":[)" + bad + "," + good.jwk() + "]}");
        REQUIRE(both);
        CHECK(both->size() == 1);
    }
}

TEST_CASE("key set: what is refused as a whole") {
    const Signer key(Algorithm::eddsa, "k");
    const Signer same(Algorithm::eddsa, "k");
    std::string many = key.jwk();
    for (int i = 0; i < 64; ++i) many += "," + key.jwk();
    for (const std::string& text : std::vector<std::string>{
             "", "{}", "[]", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[)" + key.jwk() + "]",
             R"({"keys":[)" + key.jwk() + "," + same.jwk() + "]}", R"({"keys":[],"keys":[)" + key.jwk() + "]}",
             R"({"keys":[)" + many + "]}",
             R"({"x":")" + std::string(kMostKeySetBytes, 'x') + R"(","keys":[)" + key.jwk() + "]}"}) {
        CAPTURE(text.substr(0, 100));
        CHECK_FALSE(KeySet::parse(text));
    }
    CHECK(KeySet::parse(R"({"keys":[)" + key.jwk() + R"(],"more":1})"));
}

}  // namespace millrace::auth
