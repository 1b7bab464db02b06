#include "subjects/permissions.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/subjects/hostile_tenants.h"

namespace millrace::subjects {
namespace {

using Way = TenantSubject::Way;

TenantSubject subject(Way way, std::string_view text, std::string stream = "", bool has_reader = false) {
    return {"p", "f", way, SubjectTemplate::parse(text, Use::input).value(), std::move(stream), has_reader};
}

Tenancy usual() {
    return {{subject(Way::published, "events.{partition}.{tenant}.raw"),
             subject(Way::subscribed, "results.{tenant}.scores", "RESULTS", true),
             subject(Way::subscribed, "dead.{tenant}.scores")},
            {"_INBOX.>", "millrace.state.p.>", "dead-unroutable.p"},
            "$JS.API"};
}

constexpr auto kBoth = [] { return Grant{.publish = true, .subscribe = true, .stored = false, .pipelines = {}}; };

using List = std::vector<std::string>;

std::string refusal(const Tenancy& tenancy, std::string_view tenant = "acme", Grant grant = kBoth()) {
    const auto made = permissions_of(tenancy, tenant, grant);
    return made ? "" : made.error().text;
}

// All a list lets through: nothing listed and nothing denied is everything.
bool may(const Rights& rights, std::string_view filter) {
    for (const auto& denied : rights.deny)
        if (overlap(denied, filter)) return false;
    if (rights.allow.empty()) return rights.deny.empty();
    for (const auto& allowed : rights.allow)
        if (overlap(allowed, filter)) return true;
    return false;
}

}  // namespace

TEST_CASE("permissions: its own events, results and inboxes") {
    const auto made = permissions_of(usual(), "acme", kBoth());
    REQUIRE(made);
    CHECK(made->publish.allow == List{"events.*.acme.raw"});
    CHECK(made->subscribe.allow == List{"_INBOX_acme.>", "dead.acme.scores", "results.acme.scores"});
    CHECK(made->publish.deny == List{});
    CHECK(made->subscribe.deny == List{});
}

TEST_CASE("permissions: a pipeline has rights for the tenants it takes, and a tenant of none has none") {
    Tenancy tenancy = usual();
    for (TenantSubject& each : tenancy.subjects) each.allowed = {"ac*"};
    CHECK(permissions_of(tenancy, "acme", kBoth())->publish.allow == List{"events.*.acme.raw"});
    CHECK(refusal(tenancy, "beta").contains("allowed in no pipeline"));
    tenancy.subjects.push_back(subject(Way::published, "clicks.{tenant}"));
    const auto made = permissions_of(tenancy, "beta", kBoth());
    REQUIRE(made);
    CHECK(made->publish.allow == List{"clicks.beta"});
    CHECK(made->subscribe.allow == List{"_INBOX_beta.>"});
}

TEST_CASE("permissions: stored results by subject, and by a consumer that is its own") {
    const auto made = permissions_of(usual(), "acme", {.stored = true});
    REQUIRE(made);
    CHECK(made->publish.allow == List{"$JS.ACK.RESULTS.acme@p.>", "$JS.API.CONSUMER.INFO.RESULTS.acme@p",
                                      "$JS.API.CONSUMER.MSG.NEXT.RESULTS.acme@p",
                                      "$JS.API.DIRECT.GET.RESULTS.results.acme.scores"});
    CHECK(made->subscribe.allow == List{"_INBOX_acme.>"});
    Tenancy unnamed = usual();
    unnamed.subjects[1].stream = "";
    CHECK(refusal(unnamed, "acme", {.stored = true}).contains("no stream is named"));
}

TEST_CASE("permissions: nothing granted is nothing allowed, not everything") {
    const auto nothing = permissions_of(usual(), "acme", {});
    REQUIRE(nothing);
    CHECK(nothing->publish.deny == List{">"});
    CHECK(nothing->subscribe.deny == List{">"});
    const auto reads = permissions_of(usual(), "acme", {.subscribe = true});
    REQUIRE(reads);
    CHECK(reads->publish.deny == List{">"});
    CHECK(reads->subscribe.allow == List{"dead.acme.scores", "results.acme.scores"});
}

TEST_CASE("permissions: of the pipelines named") {
    Tenancy two = usual();
    two.subjects.push_back(subject(Way::published, "clicks.{tenant}"));
    two.subjects.back().pipeline = "q";
    const auto made = permissions_of(two, "acme", {.publish = true, .pipelines = {"q"}});
    REQUIRE(made);
    CHECK(made->publish.allow == List{"clicks.acme"});
    CHECK(refusal(two, "acme", {.publish = true, .pipelines = {"r"}}) == "pipeline \"r\" does not exist");
}

TEST_CASE("permissions: no right for what is no tenant") {
    for (const std::string& name : hostile_tenants()) {
        CAPTURE(name);
        CHECK(refusal(usual(), name).contains("is no tenant's name"));
    }
    CHECK(refusal(usual(), "_INBOX").contains("where replies go"));
    CHECK(refusal(usual(), "_INBOX_acme").contains("where replies go"));
}

TEST_CASE("permissions: subjects that would meet another tenant's are refused") {
    struct Case {
        Way way;
        std::string_view text;
        std::string_view tenant;
        std::string_view says;
    };
    for (const Case& each : std::vector<Case>{
             {Way::published, "events.*.*.{tenant}", "raw", "subjects of other tenants"},
             {Way::published, "events.0.{tenant}.*", "acme", ""},
             {Way::published, "events.*.beta.{tenant}", "raw", "subjects of other tenants"},
             {Way::subscribed, "results.beta.{tenant}", "scores", "subjects of other tenants"},
             {Way::published, "results.{tenant}.>", "acme", "write on \"results.{tenant}.scores\""},
             {Way::published, "results.{tenant}.*", "acme", "write on"},
             {Way::published, "{tenant}.>", "dead", "write on \"dead.{tenant}.scores\""},
             {Way::published, "millrace.{tenant}.>", "state", "which is the bridge's own"},
             {Way::subscribed, "dead-unroutable.{tenant}", "p", "which is the bridge's own"},
             {Way::published, "*.{tenant}.>", "acme", "server's own space"},
             {Way::published, "$JS.{tenant}.>", "API", "server's own space"},
             {Way::published, "shared.events", "acme", "has no {tenant}"},
         }) {
        CAPTURE(each.text);
        Tenancy tenancy = usual();
        tenancy.subjects.insert(tenancy.subjects.begin(), subject(each.way, each.text));
        const std::string said = refusal(tenancy, each.tenant);
        CHECK(each.says.empty() == said.empty());
        CHECK(said.contains(each.says));
    }
}

TEST_CASE("permissions: a tenant called as the bridge's own inboxes are has none") {
    Tenancy tenancy = usual();
    for (const char* own : {"_INBOX_acme.>", "_INBOX_acme.bridge.>"}) {
        tenancy.closed[0] = own;
        CHECK(refusal(tenancy).contains("nats.inbox_prefix"));
        CHECK(refusal(tenancy, "beta").empty());
        CHECK(refusal(tenancy, "acme", {.subscribe = true}).empty());  // without a right to publish it has no inboxes
    }
}

TEST_CASE("permissions: what two tenants get never meets, whatever the subjects are") {
    const std::vector<std::string_view> words{"a", "b", "{tenant}", "*", "{partition}"};
    std::size_t handed_out = 0;
    for (std::size_t code = 0; code < 5 * 5 * 5 * 5 * 5 * 5; ++code) {
        std::size_t rest = code;
        const auto word = [&] { return std::string(words[std::exchange(rest, rest / 5) % 5]); };
        const auto input = SubjectTemplate::parse("e." + word() + "." + word() + "." + word(), Use::input);
        const auto output = SubjectTemplate::parse("e." + word() + "." + word() + "." + word(), Use::output);
        if (!input || !output || !input->has_tenant() || !output->has_tenant()) continue;
        const Tenancy tenancy{
            {{"p", "in", Way::published, *input, "", false}, {"p", "out", Way::subscribed, *output, "S", true}},
            {"_INBOX.>"},
            "$JS.API"};
        for (const std::string_view tenant : {"a", "b"}) {
            const auto made = permissions_of(tenancy, tenant, {.publish = true, .subscribe = true, .stored = true});
            if (!made) continue;
            ++handed_out;
            const std::string_view other = tenant == "a" ? "b" : "a";
            CAPTURE(input->text());
            CAPTURE(output->text());
            for (const auto* theirs : {&*input, &*output}) {
                CHECK_FALSE(may(made->publish, theirs->filter_of(other)));
                CHECK_FALSE(may(made->subscribe, theirs->filter_of(other)));
                CHECK_FALSE(may(made->publish, "$JS.API.DIRECT.GET.S." + theirs->filter_of(other)));
            }
            CHECK_FALSE(may(made->publish, output->filter()));
        }
    }
    CHECK(handed_out > 100);
}

}  // namespace millrace::subjects
