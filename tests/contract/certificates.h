// Certificates made for a test: an authority, and what it issues, as PEM files in a folder.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace millrace::contract {

class Authority {
  public:
    struct Files {
        std::string certificate;
        std::string key;
    };

    // Its own certificate is `<folder>/<name>.pem`.
    Authority(std::filesystem::path folder, const std::string& name)
        : folder_(std::move(folder)), key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
        certificate_ = make(name, key_.get(), {{NID_basic_constraints, "critical,CA:TRUE"}}, 3600);
        file_ = write(name, certificate_.get(), nullptr).certificate;
    }

    [[nodiscard]] const std::string& file() const { return file_; }

    // A certificate for `name`, e.g. "IP:127.0.0.1" or "DNS:elsewhere.example", valid for that many seconds from now; a
    // negative number has passed. Written to `<folder>/<file>.pem` and `.key`.
    Files issue(const std::string& file, const std::string& name, long valid_for = 3600) {
        const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const auto made = make(file, key.get(),
                               {{NID_subject_alt_name, name}, {NID_ext_key_usage, "serverAuth,clientAuth"}}, valid_for);
        return write(file, made.get(), key.get());
    }

  private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    static void require(bool fine) {
        if (!fine) throw std::runtime_error("the test's certificate could not be made");
    }

    Certificate make(const std::string& name, EVP_PKEY* key, const std::vector<std::pair<int, std::string>>& extensions,
                     long valid_for) {
        Certificate made(X509_new(), X509_free);
        X509* certificate = made.get();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++issued_);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
        X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for);
        X509_set_pubkey(certificate, key);
        X509_NAME* subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                                   -1, -1, 0);
        X509_set_issuer_name(certificate, certificate_ ? X509_get_subject_name(certificate_.get()) : subject);
        for (const auto& [kind, value] : extensions) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
            require(extension != nullptr);
            X509_add_ext(certificate, extension, -1);
            X509_EXTENSION_free(extension);
        }
        require(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
        return made;
    }

    [[nodiscard]] Files write(const std::string& name, X509* certificate, EVP_PKEY* key) const {
        Files files{(folder_ / (name + ".pem")).string(), (folder_ / (name + ".key")).string()};
        std::FILE* out = std::fopen(files.certificate.c_str(), "w");
        require(out != nullptr && PEM_write_X509(out, certificate) == 1);
        std::fclose(out);
        if (key == nullptr) return files;
        out = std::fopen(files.key.c_str(), "w");
        require(out != nullptr && PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
        std::fclose(out);
        return files;
    }

    std::filesystem::path folder_;
    Key key_;
    Certificate certificate_{nullptr, X509_free};
    std::string file_;
    long issued_ = 0;
};

}  // namespace millrace::contract
