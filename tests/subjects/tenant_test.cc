#include "subjects/tenant.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "subjects/subject_template.h"
#include "tests/subjects/hostile_tenants.h"

namespace millrace::subjects {

TEST_CASE("tenant: letters, digits, _ and -, 1 to 64 of them") {
    for (const std::string_view good : {"a", "Z", "0", "_", "-", "acme", "ACME-eu_1", "0123456789", "--", "a-b_c"}) {
        CAPTURE(good);
        CHECK(is_tenant(good));
    }
    CHECK(is_tenant(std::string(64, 'x')));
    CHECK_FALSE(is_tenant(std::string(65, 'x')));
}

TEST_CASE("tenant: of all single bytes exactly 64 are one") {
    int count = 0;
    for (int byte = 0; byte < 256; ++byte) count += is_tenant(std::string(1, static_cast<char>(byte))) ? 1 : 0;
    CHECK(count == 64);
}

TEST_CASE("tenant: a pattern is a name with * for any characters, and nothing else") {
    for (const std::string_view good : {"a", "*", "team-*", "*-test", "a*b*c", "**"}) {
        CAPTURE(good);
        CHECK(is_tenant_pattern(good));
    }
    CHECK_FALSE(is_tenant_pattern(""));
    CHECK_FALSE(is_tenant_pattern("team.*"));
    CHECK_FALSE(is_tenant_pattern("team-?"));
    CHECK_FALSE(is_tenant_pattern(std::string(65, 'x')));
}

TEST_CASE("tenant: allowed are those that a pattern fits, and all where there is none") {
    const auto allowed = [](std::vector<std::string> patterns, std::string_view tenant) {
        return is_allowed(patterns, tenant);
    };
    CHECK(allowed({}, "acme"));
    CHECK(allowed({"acme"}, "acme"));
    CHECK_FALSE(allowed({"acme"}, "acme2"));
    CHECK_FALSE(allowed({"acme"}, "acm"));
    CHECK_FALSE(allowed({"acme"}, "Acme"));
    CHECK(allowed({"x", "team-*"}, "team-"));
    CHECK(allowed({"x", "team-*"}, "team-a"));
    CHECK_FALSE(allowed({"team-*"}, "a-team-b"));
    CHECK(allowed({"*-test"}, "a-test-test"));
    CHECK_FALSE(allowed({"*-test"}, "a-test-tes"));
    CHECK(allowed({"a*b*c"}, "a-b-b-c"));
    CHECK_FALSE(allowed({"a*b*c"}, "a-c-b"));
    CHECK(allowed({"*"}, "anybody"));
}

TEST_CASE("tenant: every hostile name is refused by the rule and by the encoder, and allowed nowhere") {
    const auto made = SubjectTemplate::parse("results.{tenant}.trip-fares", Use::output);
    REQUIRE(made);
    REQUIRE(hostile_tenants().size() >= 60);
    for (const auto& tenant : hostile_tenants()) {
        CAPTURE(tenant);
        CHECK_FALSE(is_tenant(tenant));
        const auto rendered = made->render(tenant);
        REQUIRE_FALSE(rendered);
        CHECK(rendered.error().code == ErrorCode::invalid);
        // What the error quotes can be logged: one line, and short.
        CHECK(rendered.error().text.find_first_of("\r\n\x1b") == std::string::npos);
        CHECK(rendered.error().text.size() < 300);
        CHECK_FALSE(made->allows("results." + tenant + ".trip-fares", tenant));
        // Nor does one pass as part of another's subject.
        CHECK_FALSE(made->allows("results." + tenant + ".trip-fares", "acme"));
    }
}

TEST_CASE("tenant: a hostile name that arrives in a subject is never a usable tenant") {
    const auto input = SubjectTemplate::parse("events.{tenant}.trips", Use::input);
    REQUIRE(input);
    for (const auto& tenant : hostile_tenants()) {
        CAPTURE(tenant);
        CHECK_FALSE(is_tenant(input->tenant_in("events." + tenant + ".trips")));
    }
}

}  // namespace millrace::subjects
