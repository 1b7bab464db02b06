// Vaults: which fields take a reference, as whom a vault is asked, and who can never ask.
#include <doctest/doctest.h>

#include <string>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

const std::string kMachine = "identities:\n  - {name: machine, kind: managed_identity}\n";
const std::string kVault = "vaults:\n  - {name: kv-one, identity: machine}\n";

std::string with(const std::string& more, const std::string& endpoint = "", const std::string& nats = "") {
    std::string yaml = sample_with("url: http://127.0.0.1:5001/score", "url: http://127.0.0.1:5001/score" + endpoint);
    yaml.replace(yaml.find("4222\"]"), 6, "4222\"]" + nats);
    return yaml.replace(yaml.find("pipelines:"), 0, more);
}
bool says(const std::string& text, std::string_view part) {
    CAPTURE(text);
    return text.contains(part);
}

}  // namespace

TEST_CASE("vaults: a reference stands where a file with a secret does, and is kept with its field") {
    const std::string yaml =
        with(kMachine + kVault, "\n      key_file: keyvault://kv-one/key\n      second_key_file: /other",
             ", user: u, password_file: \"keyvault://kv-one/password/0123456789abcdef0123456789abcdef\"");
    const auto loaded = load("t.yaml", yaml);
    REQUIRE(loaded);
    const settings::Settings& settings = *loaded;
    CHECK(settings.pipelines[0].endpoint.key_file == "keyvault://kv-one/key");
    CHECK(settings.vaults[0].look_every == std::chrono::minutes(5));
    REQUIRE(settings.vault_secrets.size() == 2);
    CHECK(settings.vault_secrets[0].field == "nats.password_file");
    CHECK(settings.vault_secrets[1].field == "pipelines[0].endpoint.key_file");
    CHECK(settings.vault_secrets[1].reference == "keyvault://kv-one/key");
}

TEST_CASE("vaults: what is no reference, or no secret, is told at its field") {
    CHECK(
        complaints(with(kMachine + kVault, "\n      key_file: keyvault://kv-one")) ==
        "t.yaml:16:17: pipelines[0].endpoint.key_file: 'keyvault://kv-one' names no secret: 1 to 127 of A-Z a-z 0-9 - "
        "(write keyvault://VAULT/SECRET, or keyvault://VAULT/SECRET/VERSION)\n");
    CHECK(says(complaints(with(kMachine + kVault, "\n      ca_file: keyvault://kv-one/ca")),
               "what is no secret is read from files alone"));
    CHECK(says(complaints(with(kMachine + kVault, "\n      key_file: keyvault://kv-two/key")),
               "'keyvault://kv-two/key' is in none of the vaults (there are: kv-one)"));
    CHECK(says(complaints(with("", "\n      key_file: keyvault://kv-two/key")), "there are none: add vaults"));
}

TEST_CASE("vaults: each has a name of its own, an identity with tokens, and a safe url") {
    CHECK(complaints(with(kMachine + kVault)) == "");
    CHECK(complaints(with(kMachine + "vaults:\n  - {name: kv-one.vault.azure.cn, identity: machine, url: "
                                     "\"http://127.0.0.1:1\", look_every: 1s}\n")) == "");
    CHECK(says(complaints(with(kMachine + kVault + "  - {name: kv-one, identity: machine}\n")),
               "vaults[1].name: 'kv-one' is the name of vaults[0] already"));
    CHECK(says(complaints(with(kVault)), "'machine' is not one of the identities (there are none: add identities)"));
    CHECK(says(complaints(with("identities:\n  - {name: machine, kind: tls_certificate, certificate_file: /c, "
                               "certificate_key_file: /k}\n" +
                               kVault)),
               "'machine' is a certificate for TLS"));
    const auto one = [](const std::string& more) {
        return complaints(with(kMachine + "vaults:\n  - {name: kv-one, identity: machine, " + more + "}\n"));
    };
    CHECK(says(one("url: \"http://vault.example\""), "would carry a secret unencrypted (use https)"));
    CHECK(says(one("ca_file: /c, url: \"http://127.0.0.1:1\""), "has no effect on an http URL"));
    CHECK(says(one("look_every: 100ms"), "is below 1s"));
    CHECK(says(complaints(with(kMachine + "vaults:\n  - {name: a.b, identity: machine}\n")), "'a.b' is no vault"));
    CHECK(says(complaints(with(kMachine + "vaults:\n  - {name: kv-one}\n")), "vaults[0].identity: is required"));
}

TEST_CASE("vaults: an identity that needs the vault that needs it is refused, also in a circle of several") {
    const auto identity = [](const std::string& name, const std::string& secret) {
        return "  - {name: " + name + ", kind: client_secret, client_id: c, entra_tenant: t, secret_file: \"" + secret +
               "\"}\n";
    };
    const std::string vaults = "vaults:\n  - {name: kv-one, identity: one}\n  - {name: kv-two, identity: two}\n";
    CHECK(
        complaints(with("identities:\n" + identity("one", "keyvault://kv-one/s") +
                        "vaults:\n  - {name: kv-one, identity: one}\n")) ==
        "t.yaml:6:30: vaults[0].identity: 'one' can never get a token: kv-one needs identity one, whose secrets are in "
        "kv-one (use a managed identity, or keep its secret in a file or another vault)\n");
    const std::string round = complaints(with("identities:\n" + identity("one", "keyvault://kv-two/s") +
                                              identity("two", "keyvault://kv-one/s") + vaults));
    CHECK(says(round,
               "kv-one needs identity one, whose secrets are in kv-two; kv-two needs identity two, whose secrets are "
               "in kv-one"));
    CHECK(says(round, "vaults[1].identity: 'two' can never get a token"));
    // A chain that ends is none.
    CHECK(complaints(with("identities:\n" + identity("one", "keyvault://kv-two/s") + identity("two", "/s") + vaults)) ==
          "");
    // One that leads into a circle of others is told of where the circle is.
    CHECK_FALSE(says(complaints(with("identities:\n" + identity("one", "keyvault://kv-two/s") +
                                     identity("two", "keyvault://kv-two/s") + vaults)),
                     "vaults[0].identity"));
}
