// Secrets in vaults: where they are, what a vault's answers come to (the good, the odd and the hostile), and where
// readers find what came.
#include "auth/vault.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "auth/key_file.h"
#include "auth/secret_file.h"
#include "auth/secret_shelf.h"

using namespace millrace;
using namespace millrace::auth;
using namespace std::chrono_literals;

namespace {

constexpr ServerTime kNow{1'700'000'000s};
const std::string kVersion(32, 'a');

VaultReference parsed(const std::string& text) {
    const auto found = parse_vault_reference(text);
    REQUIRE_MESSAGE(found, text, ": ", found.error().text);
    return *found;
}

std::string wrong(const std::string& text) {
    const auto found = parse_vault_reference(text);
    return found ? "" : found.error().text;
}

const VaultReference kAsked = {"kv-millrace", "nats-creds", ""};

std::variant<VaultValue, VaultFailure> read(std::string body, int status = 200, std::vector<Header> headers = {},
                                            const VaultReference& what = kAsked) {
    return read_vault_answer(what, {true, status, std::move(headers), std::move(body), ""}, kNow);
}

std::string bundle(const std::string& attributes = R"({"enabled":true})", const std::string& more = "") {
    return R"({"value":"s3cret","id":"https://kv-millrace.vault.azure.net/secrets/nats-creds/)" + kVersion +
           R"(","attributes":)" + attributes + more + "}";
}

VaultFailure failed(const std::variant<VaultValue, VaultFailure>& step) {
    REQUIRE(std::holds_alternative<VaultFailure>(step));
    return std::get<VaultFailure>(step);
}

}  // namespace

TEST_CASE("vault: a reference has a vault, a secret, and maybe a version") {
    CHECK(parsed("keyvault://kv-millrace/nats-creds").vault == "kv-millrace");
    CHECK(parsed("keyvault://kv-millrace/nats-creds").secret == "nats-creds");
    CHECK(parsed("keyvault://kv-millrace/nats-creds").version.empty());
    CHECK(parsed("keyvault://kv-m.vault.azure.cn/1").vault == "kv-m.vault.azure.cn");
    CHECK(parsed("keyvault://abc/x/" + kVersion).version == kVersion);
    CHECK(parsed("keyvault://" + std::string(24, 'v') + "/" + std::string(127, 's')).secret.size() == 127);
}

TEST_CASE("vault: each rule for names is told") {
    for (const std::string vault : {"", "kv", "-kv", "1kv", "kv-", "k--v", "k_v", "kv:443", "user@kv", "kv..net", "kv.",
                                    "kv .net", "aaaaaaaaaaaaaaaaaaaaaaaaa", "k\xc3\xa4v", "kv.vault.azure.net:443"}) {
        CAPTURE(vault);
        CHECK(wrong("keyvault://" + vault + "/s").contains("names no vault"));
    }
    for (const std::string secret : {"", "a_b", "a.b", "..", "a%2fb", "a?b", "a b", "a#b"}) {
        CAPTURE(secret);
        CHECK(wrong("keyvault://abc/" + secret).contains("names no secret"));
    }
    CHECK(wrong("keyvault://abc").contains("names no secret"));
    CHECK(wrong("keyvault://abc/" + std::string(128, 's')).contains("names no secret"));
    for (const std::string& version :
         {std::string(), std::string("latest"), std::string("../x"), kVersion + "a", kVersion + "/", kVersion + "?x"}) {
        CAPTURE(version);
        CHECK(wrong("keyvault://abc/s/" + version).contains("names no version"));
    }
    CHECK(wrong("/etc/key").contains("no reference to a vault"));
}

TEST_CASE("vault: its name says where it is and what its tokens are for") {
    CHECK(vault_url("kv-millrace") == "https://kv-millrace.vault.azure.net");
    CHECK(vault_audience("kv-millrace") == "https://vault.azure.net");
    CHECK(vault_url("kv.vault.azure.cn") == "https://kv.vault.azure.cn");
    CHECK(vault_audience("kv.vault.azure.cn") == "https://vault.azure.cn");
    settings::Vault vault;
    vault.name = "kv-millrace";
    auto request = ask_for_secret(vault, kAsked, Secret("t0ken"));
    CHECK(request.url == "https://kv-millrace.vault.azure.net/secrets/nats-creds?api-version=7.4");
    CHECK(request.get);
    CHECK(request.headers.back() == Header{"Authorization", "Bearer t0ken"});
    vault.url = "https://localhost:8443/";
    request = ask_for_secret(vault, {"kv-millrace", "s", kVersion}, Secret("t"));
    CHECK(request.url == "https://localhost:8443/secrets/s/" + kVersion + "?api-version=7.4");
}

TEST_CASE("vault: a secret with its version") {
    const auto step = read(bundle(R"({"enabled":true,"nbf":1699999999,"exp":1700000001})", R"(,"tags":{"a":"b"})"));
    REQUIRE(std::holds_alternative<VaultValue>(step));
    CHECK(std::get<VaultValue>(step).value.reveal() == "s3cret");
    CHECK(std::get<VaultValue>(step).version == kVersion);
    // Names are compared without their case, as Azure does.
    CHECK(std::holds_alternative<VaultValue>(read(bundle(), 200, {}, {"kv-millrace", "NATS-Creds", ""})));
    CHECK(std::holds_alternative<VaultValue>(read(bundle(), 200, {}, {"kv-millrace", "nats-creds", kVersion})));
}

TEST_CASE("vault: one that its owner does not want used is not") {
    CHECK(failed(read(bundle(R"({"enabled":false})"))).why.ends_with("is disabled"));
    CHECK(failed(read(bundle(R"({"enabled":true,"nbf":1700000001})"))).why.ends_with("is not good yet (nbf)"));
    CHECK(failed(read(bundle(R"({"enabled":true,"exp":1700000000})"))).why.ends_with("is over (exp)"));
}

TEST_CASE("vault: an answer that is not what was asked for is useless, and nothing of it is told") {
    const std::string canary = "c4nary-in-the-answer";
    for (const std::string& body :
         {std::string(), canary, "[" + bundle() + "]", std::string(R"({"value":"c4nary-in-the-answer"})"),
          R"({"value":["c4nary-in-the-answer"],"id":"https://v/secrets/nats-creds/)" + kVersion + "\"}",
          R"({"value":"c4nary-in-the-answer","id":"https://v/secrets/other/)" + kVersion + "\"}",
          std::string(R"({"value":"c4nary-in-the-answer","id":"https://v/secrets/nats-creds"})"),
          std::string(R"({"value":"c4nary-in-the-answer","id":"https://v/secrets/nats-creds/c4nary-in-the-answer"})"),
          bundle(R"({"enabled":true})", R"(,"value":"c4nary-in-the-answer")"),
          R"({"value":")" + std::string(kMostVaultSecret + 1, 'x') + R"(","id":"https://v/secrets/nats-creds/)" +
              kVersion + "\"}",
          bundle("{}", std::string(kMostVaultAnswer, ' '))}) {
        CAPTURE(body.substr(0, 200));
        const VaultFailure failure = failed(read(body));
        CHECK(failure.passing);
        CHECK_FALSE(failure.why.contains("c4nary"));
    }
    CHECK(failed(read(bundle(), 200, {}, {"kv-millrace", "nats-creds", std::string(32, 'b')}))
              .why.contains("id of another"));
}

TEST_CASE("vault: an error says its status and Azure's own words") {
    const auto error = [](const std::string& inside) { return R"({"error":{)" + inside + "}}"; };
    CHECK(failed(read(error(R"("code":"SecretNotFound","message":"c4nary")"), 404)).why == "HTTP 404, SecretNotFound");
    const auto forbidden = failed(read(error(R"("code":"Forbidden","innererror":{"code":"ForbiddenByRbac"})"), 403));
    CHECK(forbidden.why == "HTTP 403, Forbidden (ForbiddenByRbac)");
    CHECK_FALSE(forbidden.passing);
    CHECK(failed(read(error(R"("code":"c4nary","innererror":{"code":"c4nary"})"), 403)).why == "HTTP 403");
    CHECK(failed(read(error(R"("code":"Unauthorized","message":"AKV10032: Invalid issuer c4nary")"), 401)).why ==
          "HTTP 401, Unauthorized (AKV10032)");
    CHECK(failed(read(error(R"("message":"AKVc4nar: no number")"), 400)).why == "HTTP 400");
    const auto throttled = failed(read(error(R"("code":"Throttled")"), 429, {{"retry-after", "7"}}));
    CHECK(throttled.passing);
    CHECK(throttled.retry_after == 7s);
    CHECK_FALSE(failed(read("", 302, {{"location", "https://c4nary"}})).why.contains("c4nary"));
    const auto away = failed(read_vault_answer(kAsked, {false, 0, {}, "", "cannot connect"}, kNow));
    CHECK(away.passing);
    CHECK(away.why == "no answer: cannot connect");
}

TEST_CASE("vault: a challenge is for its own tokens, or it is no vault") {
    const auto challenged = [](const std::string& challenge) {
        return failed(read("", 401, {{"www-authenticate", challenge}}));
    };
    for (const char* const ours :
         {"", R"(Bearer authorization="https://login/t", resource="https://vault.azure.net")",
          R"(Bearer authorization="https://login/t", scope="https://vault.azure.net/.default")",
          R"(Bearer resource=https://VAULT.azure.net/, authorization=https://login/t)"}) {
        CAPTURE(ours);
        CHECK(challenged(ours).token_refused);
    }
    for (const char* const foreign :
         {R"(Bearer authorization="https://login/t", resource="https://c4nary.example")",
          R"(Bearer resource="https://vault.azure.net.c4nary.example", authorization="https://login/t")",
          R"(Bearer scope="https://c4nary/.default")", R"(Bearer resource="https://vault.azure.cn")",
          R"(Bearer resource="")"}) {
        CAPTURE(foreign);
        CHECK_FALSE(challenged(foreign).token_refused);
        CHECK(challenged(foreign).why.contains("another resource than https://vault.azure.net"));
        CHECK_FALSE(challenged(foreign).why.contains("c4nary"));
    }
}

TEST_CASE("vault: readers find what is on the shelf as they find a file") {
    SecretShelf& shelf = SecretShelf::of_process();
    const std::string source = "keyvault://kv-millrace/of-this-test";
    CHECK(read_secret(source, "key file").error().text ==
          "key file \"" + source + "\" is not at hand: it has not been read yet");
    shelf.tell(source, "HTTP 403, Forbidden");
    CHECK(read_secret(source, "key file").error().text ==
          "key file \"" + source + "\" is not at hand: HTTP 403, Forbidden");
    const FileStamp before = secret_stamp(source);
    shelf.put(source, Secret("one\n"));
    CHECK(read_secret(source, "key file")->reveal() == "one");
    CHECK(read_secret_bytes(source, "key file")->reveal() == "one\n");
    const FileStamp after = secret_stamp(source);
    CHECK(before != after);
    shelf.put(source, Secret("one\n"));  // the same is no change
    CHECK(secret_stamp(source) == after);
    shelf.tell(source, "it is away");
    CHECK(read_secret(source, "key file"));
    for (const char* const bad : {"c4nary\nc4nary", " c4nary", "\n"}) {
        shelf.put(source, Secret(bad));
        CHECK_FALSE(read_secret(source, "key file"));
        CHECK_FALSE(read_secret(source, "key file").error().text.contains("c4nary"));
    }
    CHECK(secret_stamp(source) != after);
}

TEST_CASE("vault: a key that is refused is doubted, and a newer one is taken up") {
    SecretShelf& shelf = SecretShelf::of_process();
    const std::string source = "keyvault://kv-millrace/key-of-this-test";
    shelf.put(source, Secret("one"));
    auto keys = Keys::load(source, "");
    REQUIRE(keys);
    (void)shelf.take_wanted();
    CHECK_FALSE(*keys->look(Time{10s}));
    CHECK(shelf.take_wanted().empty());
    CHECK(keys->refused());
    CHECK(shelf.take_wanted().contains(source));
    shelf.put(source, Secret("two"));
    CHECK(*keys->look(Time{20s}));
    CHECK(keys->key().reveal() == "two");
}
