// Identities: what each kind needs and refuses, and how endpoints name them.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "bridge/settings/addresses.h"
#include "sample.h"
#include "tests/source_tree.h"

using namespace millrace;
using namespace millrace::config;

namespace {

constexpr std::string_view kUrl = "url: http://127.0.0.1:5001/score";

std::string with(const std::string& identities, const std::string& endpoint = "url: http://127.0.0.1:5001/score") {
    std::string yaml = sample_with(kUrl, endpoint);
    return yaml.replace(yaml.find("pipelines:"), 0, "identities:\n  - " + identities + "\n");
}
std::string wrong(const std::string& identity, const std::string& endpoint = "url: http://127.0.0.1:5001/score") {
    return complaints(with(identity, endpoint));
}
bool says(const std::string& text, std::string_view part) { return text.contains(part); }

const std::string kSecret =
    "{name: me, kind: client_secret, client_id: c, secret_file: /s, token_url: \"https://idp/t\"}";
const std::string kAs = "url: http://127.0.0.1:5001/score\n      identity: me";

}  // namespace

TEST_CASE("identities: each kind loads with what it needs") {
    for (const std::string& identity :
         {kSecret,
          std::string("{name: a, kind: client_secret, client_id: c, secret_file: /s, entra_tenant: contoso.com}"),
          std::string(
              "{name: a, kind: client_certificate, client_id: c, certificate_file: /c, certificate_key_file: /k, "
              "entra_tenant: t}"),
          std::string("{name: a, kind: federated_token}"), std::string("{name: a, kind: managed_identity}"),
          std::string("{name: a, kind: managed_identity, source: imds, client_id: c}"),
          std::string("{name: a, kind: tls_certificate, certificate_file: /c, certificate_key_file: /k}"),
          std::string(
              "{name: a, kind: client_secret, client_id: c, secret_file: /s, token_url: \"http://127.0.0.1:1/t\"}")}) {
        CAPTURE(identity);
        CHECK(wrong(identity) == "");
    }
}

TEST_CASE("identities: what a kind lacks and what it does not take is told with the field") {
    CHECK(wrong("{name: a, kind: client_secret, token_url: \"https://i/t\"}") ==
          "t.yaml:4:5: identities[0].client_id: is required with kind: client_secret (add it)\n"
          "t.yaml:4:5: identities[0].secret_file: is required with kind: client_secret (add it)\n");
    CHECK(says(wrong("{name: a, kind: client_secret, client_id: c, secret_file: /s}"), "nobody is named to ask"));
    CHECK(says(wrong("{name: a, kind: client_secret, client_id: c, secret_file: /s, token_url: \"https://i/t\", "
                     "entra_tenant: t}"),
               "token_url: stands beside entra_tenant"));
    CHECK(says(wrong("{name: a, kind: managed_identity, secret_file: /s}"),
               "secret_file: has no effect with kind: managed_identity"));
    CHECK(says(wrong("{name: a, kind: tls_certificate, certificate_file: /c}"), "certificate_key_file: is required"));
    CHECK(says(wrong("{name: a, kind: managed_identity, client_id: c, object_id: o}"),
               "object_id: stands beside client_id"));
    CHECK(says(wrong("{name: a, kind: federated_token, token_url: \"http://idp.example/t\"}"),
               "unencrypted (use https)"));
    CHECK(says(wrong("{name: a, kind: federated_token, token_url: \"https://u:p@idp/t\"}"), "has a user in it"));
    CHECK(says(wrong("{name: a, kind: federated_token, parameters: {client_secret: x}}"), "is set by Millrace"));
    CHECK(says(wrong("{name: a, kind: federated_token, entra_tenant: \"a/b\"}"), "no directory of Entra ID"));
    CHECK(says(wrong("{name: a, kind: password}"), "kind"));
    CHECK(says(wrong("{name: a, kind: federated_token}\n  - {name: a, kind: federated_token}"),
               "'a' is the name of identities[0] already"));
}

TEST_CASE("identities: an endpoint names one of them, in place of a key") {
    CHECK(wrong(kSecret, kAs) == "");
    CHECK(says(wrong(kSecret, "url: http://m\n      identity: you"),
               "'you' is not one of the identities (there are: me)"));
    CHECK(says(wrong(kSecret, kAs + "\n      key_file: /k"), "stands beside key_file"));
    CHECK(says(wrong(kSecret, kAs + "\n      headers: {Authorization: x}"), "is set from identity already"));
    CHECK(says(wrong(kSecret, "url: http://m\n      audience: x"), "has no effect without an identity"));
    CHECK(says(wrong(kSecret, "url: http://m\n      second_key_file: /k"), "stands without key_file"));
    CHECK(says(wrong("{name: me, kind: managed_identity}", kAs + "\n      protocol: mlflow"), "audience: is missing"));
    CHECK(wrong("{name: me, kind: managed_identity}", kAs) == "");
    CHECK(says(wrong("{name: me, kind: tls_certificate, certificate_file: /c, certificate_key_file: /k}", kAs),
               "an http URL never sees"));
    CHECK(says(complaints(sample_with(kUrl, kAs)), "there are none: add identities"));
}

TEST_CASE("identities: addresses and tenants have their own, and share what is not their own host's") {
    const auto settings = loaded(with(kSecret + "\n  - {name: you, kind: federated_token}",
                                      "identity: me\n      addresses:\n        - {url: \"http://a\"}\n"
                                      "        - {url: \"http://b\", identity: you, audience: b}\n"
                                      "        - {url: \"http://c\", key_file: /k}\n"
                                      "      tenants:\n        - {names: [t], url: \"http://d\"}\n"
                                      "        - {names: [u], identity: you}"));
    const auto all = settings::routes(settings.pipelines[0].endpoint);
    REQUIRE(all.addresses.size() == 7);
    CHECK(all.addresses[0].identity == "me");
    CHECK(all.addresses[0].audience == "https://ml.azure.com");
    CHECK(all.addresses[1].identity == "you");
    CHECK(all.addresses[1].audience == "b");
    CHECK(all.addresses[2].identity.empty());
    CHECK(all.addresses[2].key_file == "/k");
    CHECK(all.addresses[3].identity.empty());  // another host is trusted with nothing of ours
    CHECK(all.addresses[4].identity == "you");
}

TEST_CASE("identities page: every configuration on it loads") {
    std::ifstream file(tests::source_tree() / "docs/identities.md");
    std::stringstream text;
    text << file.rdbuf();
    const std::string page = text.str();
    const std::string open = "```yaml\n";
    int shown = 0;
    for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at), ++shown) {
        at += open.size();
        std::string block = page.substr(at, page.find("```", at) - at);
        if (!block.contains("pipelines:")) block += "pipelines:\n  - endpoint: {url: \"https://m/score\"}\n";
        block.insert(block.find("pipelines:\n  - ") + 15,
                     "name: p\n    input: {stream: S, subject: \"e.{tenant}\"}\n    event: {features: [a]}\n"
                     "    results: {subject: \"r.{tenant}\"}\n    ");
        CAPTURE(block);
        CHECK(complaints("version: 1\n" + block) == "");
    }
    CHECK(shown == 5);
}
