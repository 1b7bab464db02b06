// The ways to get a token: what each sends, what it needs, and what it refuses.
#include "auth/grant.h"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "auth/secret_shelf.h"
#include "tests/auth/folder.h"

using namespace millrace;
using namespace millrace::auth;
using namespace std::chrono_literals;
using millrace::testing::Folder;
using settings::AudienceAs;
using settings::IdentityKind;
using settings::ManagedSource;

namespace {

constexpr ServerTime kNow{1'700'000'000s};
using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables = {}) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

settings::IdentitySettings identity(IdentityKind kind) {
    settings::IdentitySettings made;
    made.name = "scorer";
    made.kind = kind;
    return made;
}

settings::IdentitySettings by_secret(const Folder& folder) {
    auto made = identity(IdentityKind::client_secret);
    made.token_url = "https://idp/token";
    made.client_id = "me";
    made.secret_file = folder.write("secret", "s3cr3t-canary +&=%\n");
    return made;
}

TokenRequest first(const settings::IdentitySettings& identity, const std::string& audience = "",
                   const Variables& variables = {}, const std::string& arc_folder = kArcFolder) {
    auto grant = identity.kind == IdentityKind::managed_identity
                     ? managed_identity(identity, audience, environment(variables), arc_folder)
                     : make_grant(identity, audience, environment(variables));
    if (!grant) FAIL(grant.error().text);
    TokenStep step = (*grant)->begin(kNow);
    REQUIRE(std::holds_alternative<TokenRequest>(step));
    return std::get<TokenRequest>(step);
}

std::string refusal(const settings::IdentitySettings& identity, const Variables& variables = {}) {
    const auto grant = make_grant(identity, "api://x", environment(variables));
    REQUIRE_FALSE(grant);
    return grant.error().text;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string header(const TokenRequest& request, std::string_view name) {
    const auto found = std::ranges::find(request.headers, name, &Header::first);
    return found == request.headers.end() ? "" : found->second;
}

struct Pem {
    std::string certificate, key;
};

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
}

// A certificate that signs itself, and its key; `kind` is RSA or EC.
Pem self_signed(EVP_PKEY* key) {
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    BIO* shown = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(shown, certificate);
    BIO* hidden = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(hidden, key, nullptr, nullptr, 0, nullptr, nullptr);
    X509_free(certificate);
    return {text_of(shown), text_of(hidden)};
}

std::string from_base64url(std::string text) {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string out(text.size() / 4 * 3, '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    out.resize(out.size() - padding);
    return out;
}

std::string value_in(const std::string& form, const std::string& name) {
    const std::size_t at = ("&" + form).find("&" + name + "=");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return form.substr(begin, form.find('&', begin) - begin);
}

}  // namespace

TEST_CASE("client credentials: client and secret stand in the body, or in the header, encoded") {
    const Folder folder;
    auto who = by_secret(folder);
    const auto body = first(who, "api://x");
    CHECK(body.url == "https://idp/token");
    CHECK_FALSE(body.get);
    CHECK(header(body, "Content-Type") == "application/x-www-form-urlencoded");
    CHECK(body.body ==
          "grant_type=client_credentials&scope=api%3A%2F%2Fx%2F.default&client_id=me"
          "&client_secret=s3cr3t-canary%20%2B%26%3D%25");
    who.secret_in = settings::SecretIn::header;
    const auto basic = first(who, "");
    CHECK(basic.body == "grant_type=client_credentials");
    CHECK(header(basic, "Authorization") == "Basic bWU6czNjcjN0LWNhbmFyeSUyMCUyQiUyNiUzRCUyNQ==");
}

TEST_CASE("client credentials: the audience is said as the server wants it, with other parameters beside") {
    const Folder folder;
    auto who = by_secret(folder);
    who.parameters = {{"claims", "a b"}};
    const auto said = [&](AudienceAs as, const std::string& audience) {
        who.audience_as = as;
        const std::string body = first(who, audience).body;
        return body.substr(0, body.find("&claims=a%20b"));
    };
    const std::string grant = "grant_type=client_credentials";
    CHECK(said(AudienceAs::default_scope, "a/.default") == grant + "&scope=a%2F.default");
    CHECK(said(AudienceAs::scope, "read write") == grant + "&scope=read%20write");
    CHECK(said(AudienceAs::resource, "urn:x") == grant + "&resource=urn%3Ax");
    CHECK(said(AudienceAs::audience, "x") == grant + "&audience=x");
    CHECK(said(AudienceAs::audience, "") == grant);
}

TEST_CASE("client credentials: a secret is read again for each request, and what cannot be read is told, not shown") {
    const Folder folder;
    const auto who = by_secret(folder);
    auto grant = *make_grant(who, "", environment());
    folder.write("secret", "other");
    CHECK(has(std::get<TokenRequest>(grant->begin(kNow)).body, "client_secret=other"));
    folder.write("secret", "s3cr3t-canary\n\n");
    const auto failed = std::get<TokenFailure>(grant->begin(kNow));
    CHECK(has(failed.why, "secret_file \"" + folder.path("secret") + "\" has a line end"));
    CHECK_FALSE(has(failed.why, "canary"));
    CHECK_FALSE(failed.passing);
    std::filesystem::remove(folder.path("secret"));
    CHECK(has(refusal(who), "cannot be read: No such file"));
}

TEST_CASE("client credentials: a secret of a vault that is refused is doubted, one that was no use in time is not") {
    SecretShelf& shelf = SecretShelf::of_process();
    Folder folder;
    auto identity = by_secret(folder);
    identity.secret_file = "keyvault://kv-millrace/of-this-grant";
    CHECK(refusal(identity) ==
          "secret_file \"keyvault://kv-millrace/of-this-grant\" is not at hand: it has not been read yet");
    shelf.put(identity.secret_file, Secret("s3cr3t"));
    const auto grant = make_grant(identity, "api://x", environment());
    REQUIRE(grant);
    (void)shelf.take_wanted();
    (void)(*grant)->answered({true, 503, {}, "", ""}, kNow);
    CHECK(shelf.take_wanted().empty());
    (void)(*grant)->answered({true, 401, {}, R"({"error":"invalid_client"})", ""}, kNow);
    CHECK(shelf.take_wanted().contains(identity.secret_file));
}

TEST_CASE("client credentials: Entra is asked where its authority is") {
    const Folder folder;
    auto who = by_secret(folder);
    who.token_url.clear();
    who.entra_tenant = "contoso.com";
    CHECK(first(who).url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
    CHECK(first(who, "", {{"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"}}).url ==
          "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token");
    CHECK(has(refusal(who, {{"AZURE_AUTHORITY_HOST", "http://evil.example"}}), "no https URL"));
}

TEST_CASE("federated token: what is not configured comes from the variables of AKS; the file is read each time") {
    const Folder folder;
    const Variables aks = {{"AZURE_CLIENT_ID", "pod"},
                           {"AZURE_TENANT_ID", "t1"},
                           {"AZURE_FEDERATED_TOKEN_FILE", folder.write("token", "aaa.bbb.ccc")},
                           {"AZURE_AUTHORITY_HOST", "https://login.example/"}};
    const auto who = identity(IdentityKind::federated_token);
    auto grant = *make_grant(who, "api://x", environment(aks));
    const auto one = std::get<TokenRequest>(grant->begin(kNow));
    CHECK(one.url == "https://login.example/t1/oauth2/v2.0/token");
    CHECK(one.body ==
          "grant_type=client_credentials&scope=api%3A%2F%2Fx%2F.default&client_id=pod&client_assertion_type="
          "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=aaa.bbb.ccc");
    folder.write("token", "ddd");
    CHECK(has(std::get<TokenRequest>(grant->begin(kNow)).body, "client_assertion=ddd"));
    for (const auto& [name, value] : aks) {
        if (name == "AZURE_AUTHORITY_HOST") continue;
        CAPTURE(name);
        Variables fewer = aks;
        fewer.erase(name);
        CHECK(has(refusal(who, fewer), "the environment has no " + name));
    }
}

TEST_CASE("client certificate: the assertion is signed with its key, and names it") {
    const Folder folder;
    for (const bool rsa : {true, false}) {
        CAPTURE(rsa);
        EVP_PKEY* const key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        const Pem pem = self_signed(key);
        auto who = identity(IdentityKind::client_certificate);
        who.token_url = "https://idp/token";
        who.client_id = "me\"";
        who.certificate_file = folder.write("c.pem", pem.certificate);
        who.certificate_key_file = folder.write("c.key", pem.key);
        const std::string jwt = value_in(first(who).body, "client_assertion");
        const std::size_t one = jwt.find('.');
        const std::size_t two = jwt.find('.', one + 1);
        const std::string head = from_base64url(jwt.substr(0, one));
        const std::string claims = from_base64url(jwt.substr(one + 1, two - one - 1));
        CHECK(has(head, rsa ? R"("alg":"RS256")" : R"("alg":"ES256")"));
        CHECK(has(head, R"("x5t":")"));
        CHECK(has(head, R"("x5t#S256":")"));
        CHECK(has(claims, R"("aud":"https://idp/token","iss":"me\"","sub":"me\"","jti":")"));
        CHECK(has(claims, R"("iat":1700000000,"nbf":1700000000,"exp":1700000300)"));
        CHECK(value_in(first(who).body, "client_assertion") != jwt);  // another id

        std::string signature = from_base64url(jwt.substr(two + 1));
        if (!rsa) {
            REQUIRE(signature.size() == 64);
            const auto* const raw = reinterpret_cast<const unsigned char*>(signature.data());
            ECDSA_SIG* const pair = ECDSA_SIG_new();
            ECDSA_SIG_set0(pair, BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
            unsigned char* der = nullptr;
            const int size = i2d_ECDSA_SIG(pair, &der);
            signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
            OPENSSL_free(der);
            ECDSA_SIG_free(pair);
        }
        EVP_MD_CTX* const context = EVP_MD_CTX_new();
        EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
        CHECK(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                               reinterpret_cast<const unsigned char*>(jwt.data()), two) == 1);
        EVP_MD_CTX_free(context);
        EVP_PKEY_free(key);
    }
}

TEST_CASE("client certificate: what is no certificate, no key or another one's key is told apart") {
    const Folder folder;
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    EVP_PKEY* const other = EVP_EC_gen("P-256");
    EVP_PKEY* const odd = EVP_EC_gen("P-384");
    const Pem pem = self_signed(key);
    auto who = identity(IdentityKind::client_certificate);
    who.token_url = "https://idp/token";
    who.client_id = "me";
    who.certificate_file = folder.write("c.pem", pem.certificate);
    who.certificate_key_file = folder.write("c.key", self_signed(other).key);
    CHECK(has(refusal(who), "is not the key of"));
    folder.write("c.key", "s3cr3t-canary");
    CHECK(has(refusal(who), "no private key"));
    CHECK_FALSE(has(refusal(who), "canary"));
    folder.write("c.pem", pem.key);
    CHECK(has(refusal(who), "no certificate"));
    const Pem large = self_signed(odd);
    folder.write("c.pem", large.certificate);
    folder.write("c.key", large.key);
    CHECK(has(refusal(who), "neither RSA"));
    for (EVP_PKEY* const one : {key, other, odd}) EVP_PKEY_free(one);
}

TEST_CASE("managed identity: the environment says who gives tokens, in Azure's order") {
    const auto who = identity(IdentityKind::managed_identity);
    const Variables app = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token"}, {"IDENTITY_HEADER", "s3cr3t"}};
    const Variables ml = {{"MSI_ENDPOINT", "http://127.0.0.1:1/msi"}, {"MSI_SECRET", "s3cr3t"}};
    const Variables arc = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:40342/x"},
                           {"IMDS_ENDPOINT", "http://localhost:40342"}};

    const auto imds = first(who, "api://x/.default");
    CHECK(imds.get);
    CHECK(imds.url ==
          "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2Fx");
    CHECK(header(imds, "Metadata") == "true");
    CHECK(first(who, "x", {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:7/"}}).url ==
          "http://127.0.0.1:7/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x");

    const auto service = first(who, "x", app);
    CHECK(service.url == "http://127.0.0.1:1/msi/token?api-version=2019-08-01&resource=x");
    CHECK(header(service, "X-IDENTITY-HEADER") == "s3cr3t");

    const auto compute = first(who, "x", ml);
    CHECK(compute.url == "http://127.0.0.1:1/msi?api-version=2017-09-01&resource=x");
    CHECK(header(compute, "secret") == "s3cr3t");

    const auto shell = first(who, "x", {{"MSI_ENDPOINT", "http://127.0.0.1:1/shell"}});
    CHECK_FALSE(shell.get);
    CHECK(shell.body == "resource=x");
    CHECK(header(shell, "Metadata") == "true");

    CHECK(first(who, "x", arc).url == "http://127.0.0.1:40342/x?api-version=2020-06-01&resource=x");
    Variables all = app;
    all.insert(ml.begin(), ml.end());
    all.insert(arc.begin(), arc.end());
    CHECK(has(first(who, "x", all).url, "2019-08-01"));
    all.erase("IDENTITY_HEADER");
    CHECK(has(first(who, "x", all).url, "2017-09-01"));
    all.emplace("IDENTITY_SERVER_THUMBPRINT", "ab");
    CHECK(has(refusal(who, all), "Service Fabric"));
}

TEST_CASE("managed identity: one assigned by a user goes by the name each source has for it, if it has one") {
    auto who = identity(IdentityKind::managed_identity);
    who.source = ManagedSource::imds;
    who.client_id = "c1";
    CHECK(has(first(who, "x").url, "&client_id=c1"));
    who.client_id.clear();
    who.resource_id = "/subscriptions/s";
    CHECK(has(first(who, "x").url, "&msi_res_id=%2Fsubscriptions%2Fs"));
    who.source = ManagedSource::arc;
    CHECK(has(refusal(who, {{"IDENTITY_ENDPOINT", "http://h"}, {"IMDS_ENDPOINT", "http://h"}}),
              "resource_id has no effect with source arc"));
    who.resource_id.clear();
    who.source = ManagedSource::azure_ml;
    CHECK(has(
        first(who, "x", {{"MSI_ENDPOINT", "http://h"}, {"MSI_SECRET", "s"}, {"DEFAULT_IDENTITY_CLIENT_ID", "d1"}}).url,
        "&clientid=d1"));
    CHECK(has(refusal(who, {{"MSI_ENDPOINT", "http://h"}}), "the environment has no MSI_SECRET"));
    CHECK(has(refusal(who, {{"MSI_ENDPOINT", "ftp://h"}, {"MSI_SECRET", "s"}}), "no http URL"));
}

TEST_CASE("managed identity: 404 and 410 of the metadata service pass, and only there") {
    auto who = identity(IdentityKind::managed_identity);
    for (const bool imds : {true, false}) {
        auto grant = *managed_identity(
            who, "x",
            environment(imds ? Variables{} : Variables{{"IDENTITY_ENDPOINT", "http://h"}, {"IDENTITY_HEADER", "s"}}));
        grant->begin(kNow);
        for (const int status : {404, 410, 429, 500, 400}) {
            CAPTURE(status);
            const auto failed = std::get<TokenFailure>(grant->answered({true, status, {}, "", ""}, kNow));
            CHECK(failed.passing == (status == 429 || status == 500 || (imds && status != 400)));
        }
    }
}

TEST_CASE("Arc: the challenge is met with the agent's key file, and with nothing else") {
    const Folder folder;
    folder.write("good.key", "k3y-canary");
    folder.write("good.txt", "k3y-canary");
    folder.write("large.key", std::string(4097, 'k'));
    folder.write("lines.key", "k3y-canary\r\nX-Evil: 1");
    std::filesystem::create_symlink("/etc/hostname", folder.path("link.key"));
    const Variables arc = {{"IDENTITY_ENDPOINT", "http://h/token"}, {"IMDS_ENDPOINT", "http://h"}};
    const auto answer = [&](const std::string& challenge) {
        auto grant = *managed_identity(identity(IdentityKind::managed_identity), "x", environment(arc), folder.path());
        grant->begin(kNow);
        std::vector<Header> headers;
        if (!challenge.empty()) headers.emplace_back("www-authenticate", challenge);
        return grant->answered({true, 401, headers, "", ""}, kNow);
    };
    for (const auto& challenge :
         {"Basic realm=" + folder.path("good.key"), "Basic realm=\"" + folder.path("good.key") + "\""}) {
        const auto step = answer(challenge);
        REQUIRE(std::holds_alternative<TokenRequest>(step));
        CHECK(header(std::get<TokenRequest>(step), "Authorization") == "Basic k3y-canary");
        CHECK(header(std::get<TokenRequest>(step), "Metadata") == "true");
    }
    for (const std::string& challenge :
         {std::string(), std::string("Bearer x"), std::string("Basic realm="), "Basic realm=" + folder.path("good.txt"),
          "Basic realm=" + folder.path("missing.key"), "Basic realm=" + folder.path("large.key"),
          "Basic realm=" + folder.path("link.key"), "Basic realm=" + folder.path("lines.key"),
          "Basic realm=" + folder.path() + "/../../etc/shadow.key", std::string("Basic realm=/etc/ssl/private/x.key"),
          "Basic realm=" + folder.path("sub/good.key")}) {
        CAPTURE(challenge);
        const auto step = answer(challenge);
        REQUIRE(std::holds_alternative<TokenFailure>(step));
        CHECK_FALSE(has(std::get<TokenFailure>(step).why, "canary"));
    }
    // Once only: another challenge is a refusal.
    auto grant = *managed_identity(identity(IdentityKind::managed_identity), "x", environment(arc), folder.path());
    grant->begin(kNow);
    const TokenResponse challenge{true, 401, {{"www-authenticate", "Basic realm=" + folder.path("good.key")}}, "", ""};
    CHECK(std::holds_alternative<TokenRequest>(grant->answered(challenge, kNow)));
    CHECK(std::holds_alternative<TokenFailure>(grant->answered(challenge, kNow)));
}
