#include "bridge/config/policy.h"

#include <doctest/doctest.h>

#include <string>

#include "auth/nkey.h"

namespace millrace::config {
namespace {

std::string server() { return auth::encode_public(auth::NkeyKind::server, std::string(32, '\1')); }

std::string sample() {
    return R"(version: 1
tokens:
  issuer: https://login.example/t/v2.0
  audiences: [api://millrace]
  keys: https://login.example/t/keys
  leeway: 30s
callout:
  servers: [)" +
           server() + R"(]
  account: APP
  signing_seed_file: /etc/seed
rules:
  - tenant: acme
    when: {groups: [acme, acme-too], tid: "1"}
    may: [publish, subscribe]
    pipelines: [scores]
    account: ACME
  - tenant: beta
    when: {roles: reader}
    may: subscribe
)";
}

std::string said(const std::string& from, const std::string& to) {
    std::string text = sample();
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    const auto loaded = load_policy("p.yaml", text.replace(at, from.size(), to));
    std::string out;
    if (!loaded)
        for (const Problem& problem : loaded.error()) out += format(problem) + "\n";
    return out;
}

}  // namespace

TEST_CASE("policy file: what it says") {
    const auto policy = load_policy("p.yaml", sample());
    REQUIRE(policy);
    CHECK(policy->tokens.issuer == "https://login.example/t/v2.0");
    CHECK(policy->tokens.audiences == std::vector<std::string>{"api://millrace"});
    CHECK(policy->tokens.leeway == std::chrono::seconds(30));
    CHECK(policy->keys_url == "https://login.example/t/keys");
    CHECK(policy->callout.servers == std::vector<std::string>{server()});
    CHECK(policy->callout.account == "APP");
    CHECK(policy->callout.audit_subject == "millrace.audit.logins");
    REQUIRE(policy->rules.size() == 2);
    CHECK(policy->rules[0].when.size() == 2);
    CHECK(policy->rules[0].when[0].claim == "groups");
    CHECK(policy->rules[0].when[0].values == std::vector<std::string>{"acme", "acme-too"});
    CHECK(policy->rules[0].grant.publish);
    CHECK(policy->rules[0].grant.pipelines == std::vector<std::string>{"scores"});
    CHECK(policy->rules[0].account == "ACME");
    CHECK(policy->rules[1].account == "");
    CHECK_FALSE(policy->rules[1].grant.publish);
    CHECK(policy->rules[1].grant.subscribe);
}

TEST_CASE("policy file: mistakes, with their places") {
    CHECK(said("audiences:", "audience:") ==
          "p.yaml:3:3: tokens.audiences: is required\n"
          "p.yaml:4:3: tokens.audience: key 'audience' is not known here (did you mean audiences?)\n");
    CHECK(said("version: 1", "version: 2") == "p.yaml:1:10: version: '2' is no version (write 1)\n");
    CHECK(said("https://login.example/t/keys", "http://login.example/t/keys")
              .starts_with("p.yaml:5:9: tokens.keys: 'http://login.example/t/keys' is no https:// URL"));
    for (const char* url : {"https://u:canary@login.example/keys", "http://u:canary@login.example", "x://u:canary@a/",
                            "https://u:ca/nary@a"})
        CHECK(
            said("https://login.example/t/keys", url) ==
            "p.yaml:5:9: tokens.keys: the URL has a user in it, which logs would show (leave it out; secrets come from "
            "files)\n");
    CHECK(said("https://login.example/t/keys", "http://127.0.0.1:1/keys") == "");
    CHECK(said("30s", "1h") == "p.yaml:6:11: tokens.leeway: '1h' is not between 0 and 5m\n");
    CHECK(said("30s", "30") == "p.yaml:6:11: tokens.leeway: '30' is no duration (write 30s)\n");
    CHECK(said(server(), "NABC").contains("is no server's key"));
    CHECK(said("tenant: beta", "tenant: b.c") ==
          "p.yaml:17:13: rules[1].tenant: 'b.c' is no name (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(
        said("when: {roles: reader}", "when: {}") ==
        "p.yaml:18:11: rules[1].when: must be a map of claims to values (without one, anybody would be this tenant)\n");
    CHECK(said("    when: {roles: reader}\n", "").contains("rules[1].when: is required"));
    CHECK(said("roles: reader", "roles: []").contains("must be a text, or a list of at least one"));
    CHECK(said("roles: reader", "roles: true").contains("is no text without quotes"));
    CHECK(said("tid: \"1\"", "tid: 1").contains("is no text without quotes"));
    CHECK(said("may: subscribe", "may: everything") ==
          "p.yaml:19:10: rules[1].may: 'everything' is no right (publish, subscribe, stored)\n");
    CHECK(said("account: APP", "account: APP\n  audit_subject: audit.{tenant}").contains("has a placeholder"));
    CHECK(said("account: APP", "account: APP\n  account: APP").contains("account"));
    CHECK(said("account: APP", "account: APP\n  password_file: /p").contains("callout.user: is missing"));
    CHECK(said("account: APP", "account: APP\n  user: u").contains("callout.password_file: is missing"));
    CHECK(said("account: APP", "account: APP\n  user: u\n  password_file: /p") == "");
    CHECK(said("account: APP", "account: APP\n  user: u\n  password_file: /p\n  credentials_file: /c")
              .contains("callout.credentials_file: is a second login"));
    CHECK(said("account: APP", "account: APP\n  nkey_file: /n") == "");
    CHECK(said("account: APP", "account: APP\n  nkey_file: /n\n  credentials_file: /c")
              .contains("callout.nkey_file: is a second login beside credentials_file"));
    CHECK(
        said("account: APP", "account: APP\n  nkey_file: SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY") ==
        "p.yaml:10:14: callout.nkey_file: the seed itself stands here, where logs may show it (write it into a file, "
        "and name that)\n");
    CHECK(said("[" + server() + "]", "any").contains("'any' needs an xkey_seed_file"));
    CHECK(said("[" + server() + "]", "any\n  xkey_seed_file: /etc/x") == "");
    CHECK(said("rules:\n", "rules: &a\n") != "");
    CHECK(load_policy("p.yaml", "").error().front().text.contains("nothing in this file"));
    CHECK(load_policy("p.yaml", "[]").error().front().text == "must be a map");
}

}  // namespace millrace::config
