// TLS for TinyServer: a certificate made for the test, written to a file so that a client can be told to trust it.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/bridge/io/tiny_server.h"

namespace millrace::testing {

// A self-signed certificate for `name`, e.g. "IP:127.0.0.1" or "DNS:elsewhere.example".
class TestTls {
  public:
    TestTls(const std::string& name, const std::string& file, int max_version = 0)
        : context_(SSL_CTX_new(TLS_server_method())) {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = make(key, name);
        require(SSL_CTX_use_certificate(context_, certificate) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1);
        if (max_version != 0) {
            SSL_CTX_set_security_level(context_, 0);
            require(SSL_CTX_set_max_proto_version(context_, max_version) == 1);
        }
        std::FILE* out = std::fopen(file.c_str(), "w");
        require(out != nullptr && PEM_write_X509(out, certificate) == 1);
        std::fclose(out);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    ~TestTls() { SSL_CTX_free(context_); }
    TestTls(const TestTls&) = delete;
    TestTls& operator=(const TestTls&) = delete;

    [[nodiscard]] TinyServer::Wrap wrap() const {
        return [context = context_](int fd) -> Wire {
            const std::shared_ptr<SSL> ssl(SSL_new(context), SSL_free);
            SSL_set_fd(ssl.get(), fd);
            if (SSL_accept(ssl.get()) != 1) return {};
            return {[ssl](char* to, std::size_t room) { return long{SSL_read(ssl.get(), to, static_cast<int>(room))}; },
                    [ssl](const char* from, std::size_t size) {
                        return long{SSL_write(ssl.get(), from, static_cast<int>(size))};
                    }};
        };
    }

  private:
    static void require(bool fine) {
        if (!fine) throw std::runtime_error("the test's certificate could not be made");
    }
    static X509* make(EVP_PKEY* key, const std::string& name) {
        X509* certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_NAME* subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("millrace test"),
                                   -1, -1, 0);
        X509_set_issuer_name(certificate, subject);
        for (const auto& [kind, value] :
             {std::pair<int, std::string>{NID_subject_alt_name, name}, {NID_basic_constraints, "CA:TRUE"}}) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
            require(extension != nullptr);
            X509_add_ext(certificate, extension, -1);
            X509_EXTENSION_free(extension);
        }
        require(X509_sign(certificate, key, EVP_sha256()) > 0);
        return certificate;
    }

    SSL_CTX* context_;
};

}  // namespace millrace::testing
