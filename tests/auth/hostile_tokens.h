// Tokens that nobody may be let in with, each made for every algorithm: what is wrong with it, and how it is refused.
//
// HEADER and CLAIMS stand for the good ones; where a row gives members, they are put in place of the good member of
// that name, or added.
#pragma once

#include <openssl/hmac.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwt.h"
#include "tests/auth/signer.h"

namespace millrace::auth {

inline constexpr std::int64_t kNowSeconds = 1'800'000'000;
inline constexpr std::string_view kIssuer = "https://issuer.example/tenant";
inline constexpr std::string_view kAudience = "millrace";

inline std::string good_header(const Signer& signer) {
    return R"({"alg":")" + signer.name() + R"(","typ":"JWT","kid":")" + signer.kid() + "\"}";
}
inline std::string good_claims() {
    return R"({"iss":"https://issuer.example/tenant","sub":"somebody","aud":"millrace","exp":1800000600,"iat":1799999990,)"
           R"("nbf":1799999990,"jti":"t-1","groups":["acme"]})";
}

inline std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("not in the text: " + from);
    return text.replace(at, from.size(), to);
}

struct HostileToken {
    std::string name;
    Refusal refusal;
    std::string token;
};

struct HeaderRow {
    const char* name;
    Refusal refusal;
    const char* from;  // "ALG" and "KID" mean the whole member
    const char* to;
};
inline const std::vector<HeaderRow>& hostile_headers() {
    using enum Refusal;
    static const std::vector<HeaderRow> rows = {
        {"alg none", algorithm, "ALG", R"("alg":"none")"},
        {"alg None", algorithm, "ALG", R"("alg":"None")"},
        {"alg NONE", algorithm, "ALG", R"("alg":"NONE")"},
        {"alg empty", algorithm, "ALG", R"("alg":"")"},
        {"alg missing", algorithm, "ALG", R"("a":"b")"},
        {"alg null", algorithm, "ALG", R"("alg":null)"},
        {"alg number", algorithm, "ALG", R"("alg":256)"},
        {"alg list", algorithm, "ALG", R"("alg":["RS256"])"},
        {"alg HS256", algorithm, "ALG", R"("alg":"HS256")"},
        {"alg HS512", algorithm, "ALG", R"("alg":"HS512")"},
        {"alg RS384", algorithm, "ALG", R"("alg":"RS384")"},
        {"alg RS512", algorithm, "ALG", R"("alg":"RS512")"},
        {"alg ES512", algorithm, "ALG", R"("alg":"ES512")"},
        {"alg ES256K", algorithm, "ALG", R"("alg":"ES256K")"},
        {"alg in lower case", algorithm, "ALG", R"("alg":"rs256")"},
        {"alg with a blank", algorithm, "ALG", R"("alg":"RS256 ")"},
        {"alg with NUL", algorithm, "ALG", R"("alg":"RS256\u0000")"},
        {"alg Ed25519", algorithm, "ALG", R"("alg":"Ed25519")"},
        {"alg of key encryption", algorithm, "ALG", R"("alg":"RSA-OAEP")"},
        {"alg twice", malformed, "ALG", R"("alg":"none","alg":"RS256")"},
        {"alg twice, one escaped", malformed, "ALG", R"("alg":"RS256","\u0061lg":"none")"},
        {"kid unknown", unknown_key, "KID", R"("kid":"other")"},
        {"kid of no key", unknown_key, "KID", R"("x":"y")"},
        {"kid empty", unknown_key, "KID", R"("kid":"")"},
        {"kid a path", unknown_key, "KID", R"("kid":"../../../../dev/null")"},
        {"kid SQL", unknown_key, "KID", R"("kid":"x' UNION SELECT 'key'--")"},
        {"kid a URL", unknown_key, "KID", R"("kid":"https://evil.example/key")"},
        {"kid with NUL", unknown_key, "KID", R"("kid":"rs\u0000")"},
        {"kid a number", header, "KID", R"("kid":1)"},
        {"kid null", header, "KID", R"("kid":null)"},
        {"kid a list", header, "KID", R"("kid":["rs"])"},
        {"crit", header, "KID", R"("crit":["exp"])"},
        {"crit empty", header, "KID", R"("crit":[])"},
        {"b64 false", header, "KID", R"("b64":false)"},
        {"jku", header, "KID", R"("jku":"https://evil.example/jwks")"},
        {"x5u", header, "KID", R"("x5u":"https://evil.example/cert")"},
        {"x5c", header, "KID", R"("x5c":["MIIB"])"},
        {"jwk empty", header, "KID", R"("jwk":{})"},
        {"zip", header, "KID", R"("zip":"DEF")"},
        {"enc", header, "KID", R"("enc":"A256GCM")"},
        {"nested token", header, "KID", R"("cty":"JWT")"},
        {"typ of a logout token", header, R"("typ":"JWT")", R"("typ":"logout+jwt")"},
        {"typ JOSE", header, R"("typ":"JWT")", R"("typ":"JOSE")"},
        {"typ a number", header, R"("typ":"JWT")", R"("typ":1)"},
        {"header deep", malformed, "KID", R"("x":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]])"},
        {"header with a comment", malformed, "KID", R"("x":"y"/**/)"},
        {"header in single quotes", malformed, "KID", R"('kid':'rs')"},
    };
    return rows;
}

struct ClaimsRow {
    const char* name;
    Refusal refusal;
    const char* from;
    std::string to;
};
inline const std::vector<ClaimsRow>& hostile_claims() {
    using enum Refusal;
    constexpr const char* kIss = R"("iss":"https://issuer.example/tenant")";
    constexpr const char* kAud = R"("aud":"millrace")";
    constexpr const char* kExp = R"("exp":1800000600)";
    constexpr const char* kSub = R"("sub":"somebody")";
    static const std::vector<ClaimsRow> rows = {
        {"iss other", issuer, kIss, R"("iss":"https://evil.example/tenant")"},
        {"iss longer", issuer, kIss, R"("iss":"https://issuer.example/tenant/")"},
        {"iss shorter", issuer, kIss, R"("iss":"https://issuer.example/")"},
        {"iss in upper case", issuer, kIss, R"("iss":"HTTPS://ISSUER.EXAMPLE/TENANT")"},
        {"iss with NUL", issuer, kIss, R"("iss":"https://issuer.example/tenant\u0000")"},
        {"iss missing", claims, kIss, R"("x":1)"},
        {"iss empty", claims, kIss, R"("iss":"")"},
        {"iss list", claims, kIss, R"("iss":["https://issuer.example/tenant"])"},
        {"iss object", claims, kIss, R"("iss":{"a":1})"},
        {"iss twice", malformed, kIss, R"("iss":"https://issuer.example/tenant","iss":"https://evil.example")"},
        {"aud other", audience, kAud, R"("aud":"elsewhere")"},
        {"aud longer", audience, kAud, R"("aud":"millrace2")"},
        {"aud shorter", audience, kAud, R"("aud":"mill")"},
        {"aud of many, none ours", audience, kAud, R"("aud":["a","b"])"},
        {"aud empty list", audience, kAud, R"("aud":[])"},
        {"aud list with a number", audience, kAud, R"("aud":["millrace",1])"},
        {"aud list in a list", audience, kAud, R"("aud":[["millrace"]])"},
        {"aud of seventeen", audience, kAud, R"("aud":["millrace","","","","","","","","","","","","","","","",""])"},
        {"aud number", audience, kAud, R"("aud":1)"},
        {"aud object", audience, kAud, R"("aud":{"millrace":true})"},
        {"aud null", audience, kAud, R"("aud":null)"},
        {"aud missing", claims, kAud, R"("x":1)"},
        {"aud joined", audience, kAud, R"("aud":"millrace other")"},
        {"exp past", expired, kExp, R"("exp":1799999000)"},
        {"exp at the end of the leeway", expired, kExp, R"("exp":1799999940)"},
        {"exp zero", expired, kExp, R"("exp":0)"},
        {"exp missing", claims, kExp, R"("x":1)"},
        {"exp text", claims, kExp, R"("exp":"1800000600")"},
        {"exp null", claims, kExp, R"("exp":null)"},
        {"exp true", claims, kExp, R"("exp":true)"},
        {"exp list", claims, kExp, R"("exp":[1800000600])"},
        {"exp negative", claims, kExp, R"("exp":-1800000600)"},
        {"exp beyond time", claims, kExp, R"("exp":1e300)"},
        {"exp in milliseconds", claims, kExp, R"("exp":1800000600000)"},
        {"exp infinite", malformed, kExp, R"("exp":1e999)"},
        {"exp NaN", malformed, kExp, R"("exp":NaN)"},
        {"exp hexadecimal", malformed, kExp, R"("exp":0x6b49d458)"},
        {"exp twice", malformed, kExp, R"("exp":1800000600,"exp":1799999000)"},
        {"nbf ahead", not_yet, R"("nbf":1799999990)", R"("nbf":1800000061)"},
        {"nbf text", claims, R"("nbf":1799999990)", R"("nbf":"0")"},
        {"nbf null", claims, R"("nbf":1799999990)", R"("nbf":null)"},
        {"iat ahead", not_yet, R"("iat":1799999990)", R"("iat":1800000061)"},
        {"iat text", claims, R"("iat":1799999990)", R"("iat":"0")"},
        {"sub missing", claims, kSub, R"("x":1)"},
        {"sub empty", claims, kSub, R"("sub":"")"},
        {"sub number", claims, kSub, R"("sub":1)"},
        {"sub long", claims, kSub, R"("sub":")" + std::string(513, 'x') + "\""},
        {"jti number", claims, R"("jti":"t-1")", R"("jti":1)"},
        {"jti empty", claims, R"("jti":"t-1")", R"("jti":"")"},
        {"claims deep", malformed, kSub, R"("sub":[[[[[[[[[[[[[[[[[["x"]]]]]]]]]]]]]]]]]])"},
        {"claims not UTF-8", malformed, kSub, "\"sub\":\"\xff\""},
        {"claims with half a surrogate", malformed, kSub, R"("sub":"\ud800")"},
        {"claims with a line end in a text", malformed, kSub, "\"sub\":\"a\nb\""},
        {"a claim twice", malformed, R"("groups":["acme"])", R"("groups":["acme"],"groups":["beta"])"},
        {"a member twice, deeper", malformed, R"("groups":["acme"])", R"("groups":[{"a":1,"a":2}])"},
    };
    return rows;
}

struct Parts3 {
    std::string header, claims, signature;
    [[nodiscard]] std::string joined() const { return header + "." + claims + "." + signature; }
};
inline Parts3 parts_of(const std::string& token) {
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

// Of a good token: altered as it lies there.
struct AlterRow {
    const char* name;
    Refusal refusal;
    std::function<std::string(const Signer&, Parts3)> alter;
};
inline const std::vector<AlterRow>& hostile_alterations() {
    using enum Refusal;
    using S = const Signer&;
    const auto raw = [](const Parts3& p) { return *exact_base64url(p.signature); };
    static const std::vector<AlterRow> rows = {
        {"no signature", signature,
         [](S, Parts3 p) {
             p.signature = "";
             return p.joined();
         }},
        {"no signature, no dot", malformed, [](S, const Parts3& p) { return p.header + "." + p.claims; }},
        {"signature cut by a character", signature,
         [](S, Parts3 p) {
             p.signature.resize(p.signature.size() / 4 * 4 - 4);
             return p.joined();
         }},
        {"signature cut by a byte", signature,
         [=](S, Parts3 p) {
             auto s = raw(p);
             s.pop_back();
             p.signature = base64url(s);
             return p.joined();
         }},
        {"signature a byte longer", signature,
         [=](S, Parts3 p) {
             p.signature = base64url(raw(p) + '\0');
             return p.joined();
         }},
        {"signature a zero ahead", signature,
         [=](S, Parts3 p) {
             p.signature = base64url('\0' + raw(p));
             return p.joined();
         }},
        {"signature twice", signature,
         [=](S, Parts3 p) {
             p.signature = base64url(raw(p) + raw(p));
             return p.joined();
         }},
        {"signature of zeros", signature,
         [=](S, Parts3 p) {
             p.signature = base64url(std::string(raw(p).size(), '\0'));
             return p.joined();
         }},
        {"signature of ones", signature,
         [=](S, Parts3 p) {
             p.signature = base64url(std::string(raw(p).size(), '\xff'));
             return p.joined();
         }},
        {"signature with a bit turned", signature,
         [=](S, Parts3 p) {
             auto s = raw(p);
             s[7] = static_cast<char>(s[7] ^ 1);
             p.signature = base64url(s);
             return p.joined();
         }},
        {"signature as DER", signature,
         [=](S, Parts3 p) {
             p.signature = base64url(Signer::der(raw(p)));
             return p.joined();
         }},
        {"signature padded", malformed,
         [](S, Parts3 p) {
             p.signature += "=";
             return p.joined();
         }},
        {"signature padded twice", malformed,
         [](S, Parts3 p) {
             p.signature += "==";
             return p.joined();
         }},
        {"signature and a line end", malformed,
         [](S, Parts3 p) {
             p.signature += "\n";
             return p.joined();
         }},
        {"signature and a blank", malformed,
         [](S, Parts3 p) {
             p.signature += " ";
             return p.joined();
         }},
        {"signature and NUL", malformed,
         [](S, Parts3 p) {
             p.signature += '\0';
             return p.joined();
         }},
        {"signature with a blank inside", malformed,
         [](S, Parts3 p) {
             p.signature.insert(9, " ");
             return p.joined();
         }},
        {"signature in the other alphabet", malformed,
         [](S, Parts3 p) {
             p.signature[3] = '+';
             return p.joined();
         }},
        {"signature with unused bits", malformed,
         [](S, Parts3 p) {
             p.signature.back() = static_cast<char>(p.signature.back() + 1);
             return p.joined();
         }},
        {"signature of another key", signature,
         [](S s, Parts3 p) {
             const Signer other(*algorithm_named(s.name()), s.kid());
             p.signature = base64url(other.sign(p.header + "." + p.claims));
             return p.joined();
         }},
        {"signature of another token", signature,
         [](S s, Parts3 p) {
             p.signature = base64url(s.sign("other"));
             return p.joined();
         }},
        {"signature over the claims alone", signature,
         [](S s, Parts3 p) {
             p.signature = base64url(s.sign(p.claims));
             return p.joined();
         }},
        {"signature over what is decoded", signature,
         [](S s, Parts3 p) {
             p.signature = base64url(s.sign(*exact_base64url(p.header) + "." + *exact_base64url(p.claims)));
             return p.joined();
         }},
        {"claims changed", signature,
         [](S, Parts3 p) {
             p.claims = base64url(with(good_claims(), "somebody", "somebodY"));
             return p.joined();
         }},
        {"claims padded", malformed,
         [](S, Parts3 p) {
             p.claims += "=";
             return p.joined();
         }},
        {"header changed", signature,
         [](S s, Parts3 p) {
             p.header = base64url(with(good_header(s), "{", "{ "));
             return p.joined();
         }},
        {"header padded", malformed,
         [](S, Parts3 p) {
             p.header += "=";
             return p.joined();
         }},
        {"a blank in front", malformed, [](S, const Parts3& p) { return " " + p.joined(); }},
        {"Bearer in front", malformed, [](S, const Parts3& p) { return "Bearer " + p.joined(); }},
        {"a dot in front", malformed, [](S, const Parts3& p) { return "." + p.joined(); }},
        {"a dot behind", malformed, [](S, const Parts3& p) { return p.joined() + "."; }},
        {"five parts", malformed, [](S, const Parts3& p) { return p.joined() + "." + p.claims + "." + p.signature; }},
        {"many dots", malformed, [](S, const Parts3&) { return std::string(16000, '.'); }},
        {"two dots", malformed, [](S, const Parts3&) { return std::string(".."); }},
        {"nothing", malformed, [](S, const Parts3&) { return std::string(); }},
        {"no token", malformed, [](S, const Parts3&) { return std::string("password"); }},
        {"too long", too_long,
         [](S s, const Parts3&) {
             return jws(s, good_header(s), with(good_claims(), "somebody", std::string(16384, 'x')));
         }},
        {"header too long", malformed,
         [](S s, const Parts3&) {
             return jws(s, with(good_header(s), "{", R"({"x":")" + std::string(4096, 'x') + R"(",)"), good_claims());
         }},
        {"kid too long", header,
         [](S s, const Parts3&) {
             return jws(s, with(good_header(s), s.kid(), std::string(257, 'x')), good_claims());
         }},
        {"JSON serialisation", malformed,
         [](S, const Parts3& p) {
             return R"({"payload":")" + p.claims + R"(","protected":")" + p.header + R"(","signature":")" +
                    p.signature + "\"}";
         }},
        {"header a list", malformed,
         [](S s, const Parts3&) { return jws(s, "[" + good_header(s) + "]", good_claims()); }},
        {"header a text", malformed, [](S s, const Parts3&) { return jws(s, "\"alg\"", good_claims()); }},
        {"header and more", malformed, [](S s, const Parts3&) { return jws(s, good_header(s) + "{}", good_claims()); }},
        {"header with a mark of byte order", malformed,
         [](S s, const Parts3&) { return jws(s, "\xef\xbb\xbf" + good_header(s), good_claims()); }},
        {"claims a list", malformed,
         [](S s, const Parts3&) { return jws(s, good_header(s), "[" + good_claims() + "]"); }},
        {"claims none", malformed, [](S s, const Parts3&) { return jws(s, good_header(s), ""); }},
        {"claims empty", claims, [](S s, const Parts3&) { return jws(s, good_header(s), "{}"); }},
        {"claims and more", malformed, [](S s, const Parts3&) { return jws(s, good_header(s), good_claims() + "x"); }},
        {"the sender's key in it", header,
         [](S s, const Parts3&) {
             const Signer own(*algorithm_named(s.name()), s.kid());
             return jws(own, with(good_header(s), "{", R"({"jwk":)" + own.jwk() + ","), good_claims());
         }},
        {"HMAC with the public key", algorithm,
         [](S s, const Parts3&) {
             const std::string text =
                 base64url(with(good_header(s), s.name(), "HS256")) + "." + base64url(good_claims());
             const std::string key = s.jwk();
             std::string mac(32, '\0');
             unsigned int size = 32;
             HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                  reinterpret_cast<unsigned char*>(mac.data()), &size);
             return text + "." + base64url(mac);
         }},
    };
    return rows;
}

inline std::vector<HostileToken> hostile_tokens(const Signer& signer) {
    std::vector<HostileToken> out;
    const std::string header = good_header(signer);
    for (const HeaderRow& row : hostile_headers()) {
        std::string from = row.from;
        if (from == "ALG") from = R"("alg":")" + signer.name() + '"';
        if (from == "KID") from = R"("kid":")" + signer.kid() + '"';
        out.push_back({row.name, row.refusal, jws(signer, with(header, from, row.to), good_claims())});
    }
    for (const ClaimsRow& row : hostile_claims())
        out.push_back({row.name, row.refusal, jws(signer, header, with(good_claims(), row.from, row.to))});
    for (const AlterRow& row : hostile_alterations())
        out.push_back({row.name, row.refusal, row.alter(signer, parts_of(jws(signer, header, good_claims())))});
    return out;
}

}  // namespace millrace::auth
