// NATS' decentralised logins, made for a test: key pairs in NATS' text form, and signed JWTs of an operator, an account
// and a user. Written after their public description: base32 of a prefix byte, the Ed25519 key and a CRC.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::contract {

using Bytes = std::vector<std::uint8_t>;

// RFC 4648 without padding, five bits (base32) or six (base64url) a digit.
inline std::string in_base(const Bytes& bytes, unsigned bits, std::string_view digits) {
    std::string out;
    std::uint32_t held = 0;
    unsigned count = 0;
    for (const std::uint8_t byte : bytes) {
        held = (held << 8) | byte;
        for (count += 8; count >= bits; count -= bits) out += digits[(held >> (count - bits)) & ((1u << bits) - 1)];
    }
    if (count > 0) out += digits[(held << (bits - count)) & ((1u << bits) - 1)];
    return out;
}

inline std::string base64url(std::string_view text) {
    return in_base(Bytes(text.begin(), text.end()), 6,
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

class KeyPair {
  public:
    enum class Kind : std::uint8_t { operator_key = 14 << 3, account = 0, user = 20 << 3 };

    explicit KeyPair(Kind kind) : kind_(kind), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free) {
        if (!key_) throw std::runtime_error("no Ed25519 key");
    }

    [[nodiscard]] std::string name() const {
        Bytes bytes = {static_cast<std::uint8_t>(kind_)};
        append(bytes, EVP_PKEY_get_raw_public_key);
        return checked(std::move(bytes));
    }
    [[nodiscard]] std::string seed() const {
        constexpr unsigned kSeed = 18 << 3;
        const auto kind = static_cast<unsigned>(kind_);
        Bytes bytes = {static_cast<std::uint8_t>(kSeed | (kind >> 5)), static_cast<std::uint8_t>((kind & 31) << 3)};
        append(bytes, EVP_PKEY_get_raw_private_key);
        return checked(std::move(bytes));
    }
    // A JWT about `subject`, signed with this key. `claims` are the members of "nats". Where it has a life, it expires.
    [[nodiscard]] std::string jwt(const std::string& subject, const std::string& label, const std::string& claims,
                                  std::optional<std::chrono::seconds> life = {}) const {
        const auto now =
            std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        const std::string expires = life ? R"(,"exp":)" + std::to_string(now + life->count()) : "";
        const std::string body = R"({"jti":"TEST","iat":)" + std::to_string(now) + expires + R"(,"iss":")" + name() +
                                 R"(","name":")" + label + R"(","sub":")" + subject + R"(","nats":{)" + claims +
                                 R"(,"version":2}})";
        const std::string text = base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(body);
        std::array<std::uint8_t, 64> signature{};
        std::size_t size = signature.size();
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
            EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const std::uint8_t*>(text.data()),
                           text.size()) != 1)
            throw std::runtime_error("a JWT could not be signed");
        return text + "." + base64url({reinterpret_cast<const char*>(signature.data()), size});
    }

  private:
    void append(Bytes& to, int (*get)(const EVP_PKEY*, unsigned char*, std::size_t*)) const {
        std::array<std::uint8_t, 32> raw{};
        std::size_t size = raw.size();
        if (get(key_.get(), raw.data(), &size) != 1) throw std::runtime_error("no raw key");
        to.insert(to.end(), raw.begin(), raw.end());
    }
    // CRC-16/XMODEM, little endian.
    static std::string checked(Bytes bytes) {
        std::uint16_t crc = 0;
        for (const std::uint8_t byte : bytes) {
            crc = static_cast<std::uint16_t>(crc ^ (byte << 8));
            for (int bit = 0; bit < 8; ++bit)
                crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
        }
        bytes.push_back(static_cast<std::uint8_t>(crc & 0xff));
        bytes.push_back(static_cast<std::uint8_t>(crc >> 8));
        return in_base(bytes, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    }

    Kind kind_;
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

// An operator with a system account and one account with JetStream, as a server's configuration; and users of it.
class Operator {
  public:
    [[nodiscard]] std::string server_config() const {
        return "operator: " + operator_.jwt(operator_.name(), "OP", R"("type":"operator")") +
               "\nsystem_account: " + system_.name() + "\nresolver: MEMORY\nresolver_preload: {\n" + system_.name() +
               ": " + account_jwt(system_, "SYS", "") + "\n" + account_.name() + ": " +
               account_jwt(account_, "APP", R"(,"mem_storage":-1,"disk_storage":-1,"streams":-1,"consumer":-1)") +
               "\n}\n";
    }
    // The text of a credentials file for a new user of the account. `more` stands among the user's claims.
    [[nodiscard]] std::string credentials(const std::string& more = "",
                                          std::optional<std::chrono::seconds> life = {}) const {
        const KeyPair user(KeyPair::Kind::user);
        const std::string claims = R"("subs":-1,"data":-1,"payload":-1,"type":"user")" + more;
        return "-----BEGIN NATS USER JWT-----\n" + account_.jwt(user.name(), "bridge", claims, life) +
               "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + user.seed() +
               "\n------END USER NKEY SEED------\n";
    }

  private:
    [[nodiscard]] std::string account_jwt(const KeyPair& account, const std::string& label,
                                          const std::string& jetstream) const {
        return operator_.jwt(account.name(), label,
                             R"("type":"account","limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,)"
                             R"("wildcards":true,"conn":-1,"leaf":-1)" +
                                 jetstream + "}");
    }

    KeyPair operator_{KeyPair::Kind::operator_key};
    KeyPair system_{KeyPair::Kind::account};
    KeyPair account_{KeyPair::Kind::account};
};

}  // namespace millrace::contract
