#include "auth/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <utility>

#include "auth/json.h"
#include "auth/openssl_ptr.h"
#include "bridge/base/text.h"

namespace millrace::auth {

struct PublicKey::Material {
    OpensslPtr<EVP_PKEY, EVP_PKEY_free> key;
};

namespace {

using Key = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Number = OpensslPtr<BIGNUM, BN_free>;
using Builder = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;

constexpr int kShortestRsa = 2048;
constexpr int kLongestRsa = 8192;
constexpr std::size_t kCurveBytes = 32;  // of P-256 and Ed25519

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct Name {
    Algorithm algorithm;
    std::string_view name;
};
constexpr std::array<Name, 4> kNames = {{{Algorithm::rs256, "RS256"},
                                         {Algorithm::ps256, "PS256"},
                                         {Algorithm::es256, "ES256"},
                                         {Algorithm::eddsa, "EdDSA"}}};

std::optional<std::string> decoded(const Json& jwk, std::string_view member) {
    const std::string* text = jwk.text(member);
    return text == nullptr ? std::nullopt : exact_base64url(*text);
}

Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// Also says whether the key is one: a point on its curve, for example.
Key made_from(const char* type, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    Key made(key);
    const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return check && EVP_PKEY_public_check(check.get()) == 1 ? std::move(made) : nullptr;
}

Key rsa_key(const Json& jwk) {
    const auto modulus = decoded(jwk, "n");
    const auto exponent = decoded(jwk, "e");
    // RFC 7518, 6.3.1: numbers in as few bytes as they need.
    if (!modulus || !exponent || modulus->empty() || modulus->front() == 0 || exponent->empty() || exponent->size() > 4)
        return nullptr;
    const Number n = number_of(*modulus);
    const Number e = number_of(*exponent);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder || BN_num_bits(n.get()) < kShortestRsa || BN_num_bits(n.get()) > kLongestRsa ||
        BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1)
        return nullptr;
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    return made_from("RSA", builder.get());
}

Key p256_key(const Json& jwk) {
    const auto x = decoded(jwk, "x");
    const auto y = decoded(jwk, "y");
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!x || !y || x->size() != kCurveBytes || y->size() != kCurveBytes || !builder) return nullptr;
    const std::string point = '\x04' + *x + *y;  // uncompressed
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return made_from("EC", builder.get());
}

Key ed25519_key(const Json& jwk) {
    const auto x = decoded(jwk, "x");
    if (!x || x->size() != kCurveBytes) return nullptr;
    return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*x), x->size()));
}

// Which algorithms a type of key is for, and how one is read.
struct Type {
    std::string_view type;
    std::string_view curve;
    std::vector<Algorithm> algorithms;
    Key (*read)(const Json&);
};
const std::vector<Type>& types() {
    static const std::vector<Type> all = {{"RSA", "", {Algorithm::rs256, Algorithm::ps256}, rsa_key},
                                          {"EC", "P-256", {Algorithm::es256}, p256_key},
                                          {"OKP", "Ed25519", {Algorithm::eddsa}, ed25519_key}};
    return all;
}

bool is_text(const Json& jwk, std::string_view member, std::string_view wanted) {
    const std::string* text = jwk.text(member);
    return text != nullptr && *text == wanted;
}

// The rest of its uses; nothing when `alg` is for another type of key.
std::optional<std::vector<Algorithm>> algorithms_of(const Json& jwk, const Type& type) {
    if (jwk.find("alg") == nullptr) return type.algorithms;
    const std::string* name = jwk.text("alg");
    const auto algorithm = name == nullptr ? std::nullopt : algorithm_named(*name);
    if (!algorithm || std::ranges::find(type.algorithms, *algorithm) == type.algorithms.end()) return std::nullopt;
    return std::vector{*algorithm};
}

std::optional<PublicKey> read_key(const Json& jwk) {
    const auto type = std::ranges::find_if(types(), [&](const Type& each) {
        return is_text(jwk, "kty", each.type) && (each.curve.empty() || is_text(jwk, "crv", each.curve));
    });
    if (type == types().end()) return std::nullopt;
    if (jwk.find("use") != nullptr && !is_text(jwk, "use", "sig")) return std::nullopt;
    if (jwk.find("d") != nullptr || jwk.find("k") != nullptr) return std::nullopt;
    const std::string* kid = jwk.text("kid");
    if ((kid == nullptr && jwk.find("kid") != nullptr) || (kid != nullptr && kid->size() > kLongestKid))
        return std::nullopt;
    auto algorithms = algorithms_of(jwk, *type);
    if (!algorithms) return std::nullopt;
    Key key = type->read(jwk);
    ERR_clear_error();
    if (!key) return std::nullopt;
    return PublicKey(kid == nullptr ? "" : *kid, std::move(*algorithms),
                     std::make_shared<PublicKey::Material>(PublicKey::Material{std::move(key)}));
}

// JOSE has r and s one behind the other, OpenSSL wants them as DER.
std::optional<std::string> ecdsa_der(std::string_view signature) {
    const OpensslPtr<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
    Number r = number_of(signature.substr(0, kCurveBytes));
    Number s = number_of(signature.substr(kCurveBytes));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.release(), s.release()) != 1) return std::nullopt;
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    if (size <= 0) return std::nullopt;
    std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

bool has_right_size(Algorithm algorithm, EVP_PKEY* key, std::string_view signature) {
    const bool rsa = algorithm == Algorithm::rs256 || algorithm == Algorithm::ps256;
    return signature.size() == (rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(key)) : 2 * kCurveBytes);
}

bool set_padding(Algorithm algorithm, EVP_PKEY_CTX* context) {
    if (algorithm == Algorithm::rs256) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    if (algorithm != Algorithm::ps256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

std::optional<Algorithm> algorithm_named(std::string_view name) {
    const auto* at = std::ranges::find(kNames, name, &Name::name);
    return at == kNames.end() ? std::nullopt : std::optional(at->algorithm);
}

PublicKey::PublicKey(std::string kid, std::vector<Algorithm> algorithms, std::shared_ptr<Material> material)
    : kid_(std::move(kid)), algorithms_(std::move(algorithms)), material_(std::move(material)) {}

bool PublicKey::is_for(Algorithm algorithm) const {
    return std::ranges::find(algorithms_, algorithm) != algorithms_.end();
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view signed_text, std::string_view signature) const {
    EVP_PKEY* key = material_->key.get();
    if (!has_right_size(algorithm, key, signature)) return false;
    std::string der;
    if (algorithm == Algorithm::es256) {
        auto converted = ecdsa_der(signature);
        if (!converted) return false;
        der = std::move(*converted);
        signature = der;
    }
    const OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr;  // the context's own
    const EVP_MD* hash = algorithm == Algorithm::eddsa ? nullptr : EVP_sha256();
    const bool right = context && EVP_DigestVerifyInit(context.get(), &padding, hash, nullptr, key) == 1 &&
                       set_padding(algorithm, padding) &&
                       EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signed_text),
                                        signed_text.size()) == 1;
    ERR_clear_error();
    return right;
}

Result<KeySet> KeySet::parse(std::string_view json) {
    const auto refused = [](const char* why) { return fail(ErrorCode::invalid, std::string("key set ") + why); };
    const auto root = parse_json(json, kMostKeySetBytes);
    if (!root) return refused("is no strict JSON object of at most 256 KiB");
    const Json* keys = root->find("keys");
    if (keys == nullptr || keys->list() == nullptr) return refused("has no list `keys`");
    if (keys->list()->size() > kMostKeys) return refused("has more than 64 keys");
    KeySet made;
    for (const Json& jwk : *keys->list()) {
        auto key = read_key(jwk);
        if (!key) continue;
        for (const PublicKey& other : made.keys_)
            for (const Name& each : kNames)
                if (other.kid() == key->kid() && other.is_for(each.algorithm) && key->is_for(each.algorithm))
                    return refused("has two keys of one kid and algorithm");
        made.keys_.push_back(std::move(*key));
    }
    if (made.keys_.empty()) return refused("has no key for RS256, PS256, ES256 or EdDSA");
    return made;
}

const PublicKey* KeySet::find(const std::string* kid, Algorithm algorithm) const {
    if (kid == nullptr) return keys_.size() == 1 && keys_.front().is_for(algorithm) ? keys_.data() : nullptr;
    const auto at =
        std::ranges::find_if(keys_, [&](const PublicKey& key) { return key.kid() == *kid && key.is_for(algorithm); });
    return at == keys_.end() ? nullptr : &*at;
}

}  // namespace millrace::auth
