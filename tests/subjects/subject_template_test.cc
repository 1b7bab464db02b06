#include "subjects/subject_template.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace millrace::subjects {

namespace {

SubjectTemplate input(std::string_view text) {
    auto made = SubjectTemplate::parse(text, Use::input);
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
    return *made;
}

SubjectTemplate output(std::string_view text) {
    auto made = SubjectTemplate::parse(text, Use::output);
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
    return *made;
}

std::string error_of(std::string_view text, Use use) {
    const auto made = SubjectTemplate::parse(text, use);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::invalid);
    return made.error().text;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("template: placeholders become wildcards in the filter, or the partition's number") {
    const auto made = input("events.{partition}.{tenant}.trips");
    CHECK(made.text() == "events.{partition}.{tenant}.trips");
    CHECK(made.has_tenant());
    CHECK(made.has_partition());
    CHECK(made.filter() == "events.*.*.trips");
    CHECK(made.filter(3) == "events.3.*.trips");
    CHECK(made.filter(4294967295u) == "events.4294967295.*.trips");
    CHECK(input("events.{tenant}.*.>").filter(3) == "events.*.*.>");
    CHECK_FALSE(input("events.all").has_tenant());
    CHECK_FALSE(input("events.all").has_partition());
}

TEST_CASE("template: an error quotes the text and the token and says the rule") {
    CHECK(has(error_of("", Use::input), "is empty"));
    CHECK(has(error_of("a..b", Use::input), "\"a..b\" has an empty token"));
    CHECK(has(error_of(".a", Use::input), "empty token"));
    CHECK(has(error_of("a.", Use::output), "empty token"));
    CHECK(has(error_of("a.{tenent}", Use::input), "\"{tenent}\""));
    CHECK(has(error_of("a.x{tenant}", Use::input), "whole tokens"));
    CHECK(has(error_of("a.{tenant", Use::input), "\"{tenant\""));
    CHECK(has(error_of("{tenant}.{tenant}", Use::output), "\"{tenant}\" twice"));
    CHECK(has(error_of("{partition}.a.{partition}", Use::input), "\"{partition}\" twice"));
    CHECK(has(error_of("a.>.b", Use::input), "> before its end"));
    CHECK(has(error_of("a.*", Use::output), "wildcard \"*\""));
    CHECK(has(error_of("a.>", Use::output), "wildcard \">\""));
    CHECK(has(error_of("$SYS.{tenant}", Use::output), "begins with $"));
    CHECK(has(error_of(std::string(257, 'a'), Use::input), "longer than 256"));
    for (const std::string_view bad :
         {"a b", "a\tb", "a\r\nPUB x 0", "a*", ">a", "a.b*c", "caf\xc3\xa9", "a\"b", "a\\b", "a,b"}) {
        CAPTURE(bad);
        const auto text = error_of(bad, Use::input);
        CHECK(has(text, "not allowed"));
        CHECK(text.find_first_of("\r\n") == std::string::npos);
    }
}

TEST_CASE("template: the tenant is found in subjects of the same shape only") {
    const auto made = input("events.{partition}.{tenant}.trips");
    CHECK(made.tenant_in("events.3.acme.trips") == "acme");
    CHECK(made.tenant_in("events.0.a b.trips") == "a b");  // raw; judged by is_tenant
    for (const std::string_view other :
         {"", "events", "events.3.acme", "events.3.acme.trips.x", "events.3.acme.rides", "Events.3.acme.trips",
          "events.3..trips", "events.x.acme.trips", "events.03.acme.trips", "events.-1.acme.trips",
          "events.4294967296.acme.trips", "events..acme.trips", "events.3.acme.trips.", ".events.3.acme.trips",
          "events.3.a.b.trips"}) {
        CAPTURE(other);
        CHECK(made.tenant_in(other).empty());
    }
    const auto open = input("events.*.{tenant}.>");
    CHECK(open.tenant_in("events.x.acme.trips.long.way") == "acme");
    CHECK(open.tenant_in("events.x.acme.trips") == "acme");
    CHECK(open.tenant_in("events.x.acme").empty());  // > stands for at least one token
    CHECK(input("events.all").tenant_in("events.all").empty());
    CHECK(SubjectTemplate{}.tenant_in("events").empty());
}

TEST_CASE("template: the tenant found is a view into the subject") {
    const std::string_view subject = "events.acme.trips";
    CHECK(input("events.{tenant}.trips").tenant_in(subject).data() == subject.data() + 7);
}

TEST_CASE("template: rendering fills both placeholders and checks the tenant again") {
    CHECK(output("results.{tenant}.trip-fares").render("acme") == "results.acme.trip-fares");
    CHECK(output("r.{partition}.{tenant}").render("acme", 17) == "r.17.acme");
    CHECK(output("dead-unroutable.trip-fares").render("") == "dead-unroutable.trip-fares");
    CHECK_FALSE(output("r.{tenant}").render("a.b"));
    CHECK_FALSE(output("r.{tenant}").render(""));
    CHECK_FALSE(input("r.{tenant}.*").render("acme"));
    CHECK_FALSE(input("r.{tenant}.>").render("acme"));
    CHECK_FALSE(SubjectTemplate{}.render("acme"));
}

TEST_CASE("template: only what can be made for the tenant is allowed out") {
    const auto made = output("results.{partition}.{tenant}.fares");
    CHECK(made.allows("results.0.acme.fares", "acme"));
    CHECK(made.allows("results.12.acme.fares", "acme"));
    for (const std::string_view other :
         {"", "results.0.globex.fares", "results.0.acme", "results.0.acme.fares.x", "results.00.acme.fares",
          "results..acme.fares", "results.0.acme.fares.", "results.*.acme.fares", "results.0.ACME.fares",
          "results.0.acme.fares\r\nPUB x 0"}) {
        CAPTURE(other);
        CHECK_FALSE(made.allows(other, "acme"));
    }
    CHECK_FALSE(made.allows("results.0.*.fares", "*"));
    CHECK_FALSE(made.allows("results.0..fares", ""));
    CHECK(output("dead-unroutable.p").allows("dead-unroutable.p", ""));
    CHECK_FALSE(output("dead-unroutable.p").allows("dead-unroutable.q", ""));
    CHECK_FALSE(input("results.{tenant}.*").allows("results.acme.x", "acme"));
    CHECK_FALSE(SubjectTemplate{}.allows("", ""));
}

TEST_CASE("template: what is rendered is allowed, is found again and is inside the filter") {
    for (const std::string_view text :
         {"a.{tenant}", "{tenant}.a", "{partition}.{tenant}.x", "x.{tenant}.y.{partition}"}) {
        const auto made = output(text);
        for (const std::string_view tenant : {"acme", "0", "-", "trip-fares", "x"}) {
            for (const std::uint32_t partition : {0u, 9u, 10u, 4294967295u}) {
                const auto subject = made.render(tenant, partition);
                REQUIRE(subject);
                CHECK(made.allows(*subject, tenant));
                CHECK(made.tenant_in(*subject) == tenant);
                CHECK(covers(made.filter(partition), *subject));
                CHECK(covers(made.filter(), made.filter(partition)));
            }
        }
    }
}

}  // namespace millrace::subjects
