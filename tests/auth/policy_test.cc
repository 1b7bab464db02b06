#include "auth/policy.h"

#include <doctest/doctest.h>

#include <string>

namespace millrace::auth {
namespace {

Policy policy() {
    Policy made;
    made.rules = {{"acme", {{"groups", {"acme", "acme-too"}}}, {.publish = true}},
                  {"acme", {{"groups", {"readers"}}}, {.subscribe = true}},
                  {"beta", {{"/realm_access/roles", {"beta"}}, {"tid", {"t-1"}}}, {.publish = true}},
                  {"odd", {{"/a~1b/c~0d", {"x"}}}, {.subscribe = true}},
                  {"nobody", {}, {.publish = true}}};
    return made;
}

std::string decided(const char* claims) {
    const Policy all = policy();
    const auto rule = decide(all, parse_json(claims, 4096).value());
    if (!rule) return std::string(word(rule.error()));
    return (*rule)->tenant + ((*rule)->grant.publish ? " publishes" : " reads");
}

}  // namespace

TEST_CASE("policy: the first rule that fits decides") {
    CHECK(decided(R"({"groups":["acme"]})") == "acme publishes");
    CHECK(decided(R"({"groups":"acme-too"})") == "acme publishes");
    CHECK(decided(R"({"groups":["other","readers"]})") == "acme reads");
    CHECK(decided(R"({"groups":["readers","acme"]})") == "acme publishes");
    CHECK(decided(R"({"realm_access":{"roles":["x","beta"]},"tid":"t-1"})") == "beta publishes");
    CHECK(decided(R"({"a/b":{"c~d":"x"}})") == "odd reads");
}

TEST_CASE("policy: who fits no rule, or two tenants', is nobody") {
    for (const char* claims :
         {"{}", R"({"groups":[]})", R"({"groups":["ACME"]})", R"({"groups":"acme,acme-too"})",
          R"({"groups":{"acme":true}})", R"({"groups":[["acme"]]})", R"({"groups":null})", R"({"groups":true})",
          R"({"tid":"t-1"})", R"({"realm_access":{"roles":["beta"]}})",
          R"({"realm_access":{"roles":["beta"]},"tid":"t-2"})", R"({"realm_access/roles":"beta","tid":"t-1"})",
          R"({"/realm_access/roles":"beta","tid":"t-1"})"}) {
        CAPTURE(claims);
        CHECK(decided(claims) == "no_rule");
    }
    CHECK(decided(R"({"groups":["acme"],"realm_access":{"roles":"beta"},"tid":"t-1"})") == "several_tenants");
}

}  // namespace millrace::auth
