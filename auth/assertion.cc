#include "auth/assertion.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "auth/jws.h"
#include "auth/openssl_ptr.h"
#include "bridge/base/text.h"

namespace millrace::auth {

namespace {

using Bio = OpensslPtr<BIO, BIO_free>;
using Certificate = OpensslPtr<X509, X509_free>;
using Key = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using Context = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using EcSignature = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr int kSmallestRsa = 2048;
constexpr int kHalf = 32;  // of a P-256 signature

Bio reading(const Secret& pem) {
    return Bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
}

// An encrypted key must not ask a terminal.
int no_password(char*, int, int, void*) { return -1; }

std::string digest_of(X509* certificate, const EVP_MD* kind) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    X509_digest(certificate, kind, bytes.data(), &size);
    return base64url({reinterpret_cast<const char*>(bytes.data()), size});
}

// DER as OpenSSL writes it → the two numbers side by side (RFC 7518 3.4).
std::string side_by_side(const std::vector<unsigned char>& der) {
    const unsigned char* at = der.data();
    const EcSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::array<unsigned char, 2 * kHalf> bytes{};
    if (!parsed || BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), bytes.data(), kHalf) != kHalf ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), bytes.data() + kHalf, kHalf) != kHalf)
        return {};
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string signature_of(std::string_view text, EVP_PKEY* key) {
    const Context context(EVP_MD_CTX_new());
    std::size_t size = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
        return {};
    std::vector<unsigned char> made(size);
    if (EVP_DigestSign(context.get(), made.data(), &size, bytes, text.size()) != 1) return {};
    made.resize(size);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) return side_by_side(made);
    return {reinterpret_cast<const char*>(made.data()), made.size()};
}

// The name of the algorithm; empty for a key that none of ours can sign with.
std::string_view algorithm_of(EVP_PKEY* key) {
    const int kind = EVP_PKEY_get_base_id(key);
    if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kSmallestRsa) return "RS256";
    if (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 8 * kHalf) return "ES256";
    return {};
}

}  // namespace

Result<Secret> signed_assertion(const Assertion& assertion, const Secret& certificate, const Secret& key) {
    const Certificate shown(PEM_read_bio_X509(reading(certificate).get(), nullptr, no_password, nullptr));
    if (!shown) return fail(ErrorCode::invalid, "certificate_file holds no certificate (PEM)");
    const Key signing(PEM_read_bio_PrivateKey(reading(key).get(), nullptr, no_password, nullptr));
    if (!signing) return fail(ErrorCode::invalid, "certificate_key_file holds no private key (PEM, not encrypted)");
    if (X509_check_private_key(shown.get(), signing.get()) != 1)
        return fail(ErrorCode::invalid, "certificate_key_file is not the key of certificate_file");
    const std::string_view algorithm = algorithm_of(signing.get());
    if (algorithm.empty())
        return fail(ErrorCode::invalid, "certificate_key_file is neither RSA of 2048 bits or more nor P-256");
    const std::int64_t now = numeric_date(assertion.now);
    const std::string header = R"({"alg":")" + std::string(algorithm) + R"(","typ":"JWT","x5t":")" +
                               digest_of(shown.get(), EVP_sha1()) + R"(","x5t#S256":")" +
                               digest_of(shown.get(), EVP_sha256()) + R"("})";
    const std::string claims = R"({"aud":)" + quoted(assertion.audience) + R"(,"iss":)" + quoted(assertion.client_id) +
                               R"(,"sub":)" + quoted(assertion.client_id) + R"(,"jti":)" + quoted(assertion.id) +
                               R"(,"iat":)" + std::to_string(now) + R"(,"nbf":)" + std::to_string(now) + R"(,"exp":)" +
                               std::to_string(now + 300) + "}";
    const std::string text = base64url(header) + "." + base64url(claims);
    const std::string signature = signature_of(text, signing.get());
    if (signature.empty()) return fail(ErrorCode::misconfigured, "certificate_key_file signs nothing");
    return Secret(text + "." + base64url(signature));
}

}  // namespace millrace::auth
