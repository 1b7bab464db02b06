// An identity provider's key, as a test has it: makes tokens, and says what is published of it.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "auth/jwks.h"
#include "bridge/base/text.h"

namespace millrace::auth {

class Signer {
  public:
    Signer(Algorithm algorithm, std::string kid)
        : algorithm_(algorithm), kid_(std::move(kid)), key_(make(algorithm), EVP_PKEY_free) {}

    [[nodiscard]] std::string name() const {
        switch (algorithm_) {
            case Algorithm::rs256:
                return "RS256";
            case Algorithm::ps256:
                return "PS256";
            case Algorithm::es256:
                return "ES256";
            case Algorithm::eddsa:
                return "EdDSA";
        }
        std::unreachable();
    }
    [[nodiscard]] const std::string& kid() const { return kid_; }

    // As it stands in a key set; `more` is put behind the usual members.
    [[nodiscard]] std::string jwk(const std::string& more = "") const {
        std::string parts;
        if (algorithm_ == Algorithm::eddsa) {
            std::string x(32, '\0');
            std::size_t size = x.size();
            EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size);
            parts = R"("kty":"OKP","crv":"Ed25519","x":")" + base64url(x) + '"';
        } else if (algorithm_ == Algorithm::es256) {
            std::string point(65, '\0');
            std::size_t size = 0;
            EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                            reinterpret_cast<unsigned char*>(point.data()), point.size(), &size);
            parts = R"("kty":"EC","crv":"P-256","x":")" + base64url(point.substr(1, 32)) + R"(","y":")" +
                    base64url(point.substr(33)) + '"';
        } else {
            parts = R"("kty":"RSA","n":")" + base64url(number(OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
                    base64url(number(OSSL_PKEY_PARAM_RSA_E)) + '"';
        }
        return "{" + parts + R"(,"use":"sig","alg":")" + name() + R"(","kid":")" + kid_ + '"' + more + "}";
    }

    [[nodiscard]] std::string sign(std::string_view text) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* padding = nullptr;
        EVP_DigestSignInit(context.get(), &padding, algorithm_ == Algorithm::eddsa ? nullptr : EVP_sha256(), nullptr,
                           key_.get());
        if (algorithm_ == Algorithm::ps256) {
            EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST);
        }
        std::string out(1100, '\0');
        std::size_t size = out.size();
        if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
            throw std::runtime_error("not signed");
        out.resize(size);
        return algorithm_ == Algorithm::es256 ? plain(out) : out;
    }
    // Of ECDSA as OpenSSL makes it.
    [[nodiscard]] static std::string der(std::string_view plain_signature) {
        const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
        const auto* bytes = reinterpret_cast<const unsigned char*>(plain_signature.data());
        ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
        unsigned char* made = nullptr;
        const int size = i2d_ECDSA_SIG(pair.get(), &made);
        std::string out(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
        OPENSSL_free(made);
        return out;
    }

  private:
    static EVP_PKEY* make(Algorithm algorithm) {
        if (algorithm == Algorithm::eddsa) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        if (algorithm == Algorithm::es256) return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(2048));
    }
    [[nodiscard]] std::string number(const char* name) const {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &value);
        std::string out(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
        BN_bn2bin(value, reinterpret_cast<unsigned char*>(out.data()));
        BN_free(value);
        return out;
    }
    static std::string plain(const std::string& from_openssl) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(from_openssl.data());
        const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
            d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(from_openssl.size())), ECDSA_SIG_free);
        std::string out(64, '\0');
        BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), reinterpret_cast<unsigned char*>(out.data()), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), reinterpret_cast<unsigned char*>(out.data()) + 32, 32);
        return out;
    }

    Algorithm algorithm_;
    std::string kid_;
    std::shared_ptr<EVP_PKEY> key_;
};

inline std::string jws(const Signer& signer, const std::string& header, const std::string& claims) {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(signer.sign(text));
}

}  // namespace millrace::auth
