// Engine: several addresses, and tenants with an endpoint of their own.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

settings::Pipeline two_addresses(settings::Selection selection = settings::Selection::failover) {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.selection = selection;
    pipeline.endpoint.addresses.resize(2);
    pipeline.endpoint.addresses[0].url = "http://a/score";
    pipeline.endpoint.addresses[1].url = "http://b/score";
    return pipeline;
}

settings::Pipeline with_override() {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.url = "http://ours/score";
    pipeline.endpoint.tenants.resize(1);
    pipeline.endpoint.tenants[0].names = {"globex"};
    pipeline.endpoint.tenants[0].address.url = "http://globex/score";
    return pipeline;
}

bool noted(const Bench& bench, std::string_view event) {
    return std::ranges::any_of(bench.notes, [&](const Note& note) { return note.event == event; });
}

using Told = std::map<std::uint64_t, std::optional<Reason>>;  // by sequence, with the reason of a dead letter

// Answers whatever is asked as `of` says, and stores what is published, for so many seconds.
template <typename Of>
Told serve(Bench& bench, Of of, int seconds = 200) {
    Told told;
    for (int i = 0; i < seconds; ++i) {
        bench.tick();
        while (!bench.requests.empty()) {
            const auto request = bench.take_request();
            bench.answer(request, of(request));
        }
        for (const auto& each : bench.publications) CHECK(told.emplace(each.sequence, each.reason).second);
        bench.store_all();
        for (const Find& find : std::exchange(bench.finds, {})) bench.in(Found{find.number, {}, std::nullopt});
        bench.advance(1s);
    }
    return told;
}

bool all_scored(const Told& told) {
    return std::ranges::none_of(told, [](const auto& each) { return each.second.has_value(); });
}

}  // namespace

TEST_CASE("addresses: what fails at the first goes to the second at once, and is published once") {
    Bench bench(two_addresses());
    bench.bind();
    bench.deliver(1, {"one"});
    bench.tick();
    const auto first = bench.take_request();
    CHECK(first.address == 0);
    bench.answer(first, Outcome::unreachable);
    REQUIRE(bench.requests.size() == 1);  // the same moment
    const auto second = bench.take_request();
    CHECK(second.address == 1);
    CHECK(second.rows == first.rows);
    bench.answer(second, Outcome::scored);
    CHECK(bench.publications.size() == 1);
}

TEST_CASE("addresses: with failover the first gets everything again once it works") {
    Bench bench(two_addresses());
    bench.bind();
    for (std::uint64_t i = 1; i <= 20; ++i) bench.deliver(i, {"row"});
    bool dead = true;
    std::vector<std::size_t> asked;
    const auto answer = [&](const Bench::Request& request) {
        asked.push_back(request.address);
        return dead && request.address == 0 ? Outcome::unreachable : Outcome::scored;
    };
    CHECK(serve(bench, answer, 20).size() == 20);
    dead = false;
    serve(bench, answer, 30);
    asked.clear();
    for (std::uint64_t i = 21; i <= 40; ++i) bench.deliver(i, {"row"});
    serve(bench, answer, 20);
    CHECK(std::set<std::size_t>(asked.begin(), asked.end()) == std::set<std::size_t>{0});
}

TEST_CASE("addresses: a key that one refuses takes that one out, and a probe brings it back; nothing is held") {
    Bench bench(two_addresses());
    bench.bind();
    bool refuses = true;
    std::vector<std::size_t> asked;
    const auto answer = [&](const Bench::Request& request) {
        asked.push_back(request.address);
        return refuses && request.address == 0 ? Outcome::unauthorized : Outcome::scored;
    };
    std::size_t scored = 0;
    for (std::uint64_t i = 1; i <= 10; ++i) {
        bench.deliver(i, {"row"});
        scored += serve(bench, answer, 1).size();
    }
    CHECK(scored == 10);
    CHECK(noted(bench, "address_out"));
    CHECK_FALSE(noted(bench, "held"));
    const Snapshot held = bench.engine().snapshot(bench.now);
    CHECK(held.hold.empty());
    REQUIRE(held.addresses.size() == 2);
    CHECK(held.addresses[0].state == AddressState::out);
    CHECK(held.addresses[1].state == AddressState::closed);
    asked.clear();
    refuses = false;
    serve(bench, answer, 60);
    CHECK(noted(bench, "address_in"));
    CHECK(std::ranges::count(asked, 0u) == 1);  // the probe, with a row that had been scored
}

TEST_CASE("addresses: the pipeline is on hold only when none is left, and resumes with the first that works") {
    Bench bench(two_addresses());
    bench.bind();
    bool refuse = true;
    const auto answer = [&](const Bench::Request&) { return refuse ? Outcome::misconfigured : Outcome::scored; };
    bench.deliver(1, {"row"});
    serve(bench, answer, 3);
    CHECK(noted(bench, "held"));
    CHECK_FALSE(bench.engine().snapshot(bench.now).hold.empty());
    refuse = false;
    CHECK(serve(bench, answer, 400).size() == 1);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("addresses: probes of several that are out take no more slots than there are") {
    auto pipeline = two_addresses();
    pipeline.endpoint.parallel_requests_per_partition = 1;
    Bench bench(pipeline);
    bench.bind();
    for (std::uint64_t i = 1; i <= 4; ++i) bench.deliver(i, {"row"});
    serve(bench, [](const Bench::Request&) { return Outcome::misconfigured; }, 3);
    REQUIRE(bench.engine().snapshot(bench.now).hold != "");
    for (const std::size_t address : {0, 1}) bench.in(Reintroduced{address});
    bench.tick();
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    bench.answer(bench.take_request(), Outcome::misconfigured);
    bench.tick();
    CHECK(bench.requests.size() == 1);  // the other one's turn
}

TEST_CASE("addresses: what one refuses and the other scores is scored; nothing is convicted") {
    Bench bench(two_addresses(settings::Selection::weights));
    bench.bind();
    // The first refuses every event alone and in company, as a broken deployment does.
    const auto answer = [&](const Bench::Request& request) {
        return request.address == 0 ? Outcome::rejected : Outcome::scored;
    };
    for (std::uint64_t i = 1; i <= 30; ++i) bench.deliver(i, {"row " + std::to_string(i)});
    const Told told = serve(bench, answer, 300);
    CHECK(told.size() == 30);
    CHECK(all_scored(told));
}

TEST_CASE("addresses: an event that both refuse is convicted where it was refused, with witnesses there") {
    for (const auto selection : {settings::Selection::failover, settings::Selection::weights}) {
        Bench bench(two_addresses(selection));
        bench.bind();
        for (std::uint64_t i = 1; i <= 30; ++i) bench.deliver(i, {i == 17 ? "poison" : "row " + std::to_string(i)});
        const Told told = serve(bench, [&](const Bench::Request& request) {
            return std::ranges::find(request.rows, "poison") == request.rows.end() ? Outcome::scored
                                                                                   : Outcome::rejected;
        });
        CHECK(told.size() == 30);
        for (const auto& [sequence, reason] : told)
            CHECK(reason == (sequence == 17 ? std::optional(Reason::rejected) : std::nullopt));
    }
}

TEST_CASE("addresses: no answer of one address and witness of the other convict together") {
    Bench bench(two_addresses());
    bench.bind();
    bench.deliver(1, {"odd"});
    bench.tick();
    const auto at_first = bench.take_request();
    REQUIRE(at_first.address == 0);
    bench.answer(at_first, Outcome::rejected);
    bench.deliver(2, {"good"});
    // The first does not answer any more; the second refuses the event once, scores others, and is mended.
    int refusals = 0;
    const Told told = serve(bench, [&](const Bench::Request& request) {
        if (request.address == 0) return Outcome::unreachable;
        const bool odd = std::ranges::find(request.rows, "odd") != request.rows.end();
        return odd && request.rows.size() == 1 && ++refusals == 1 ? Outcome::rejected : Outcome::scored;
    });
    CHECK(told.size() == 2);
    CHECK(all_scored(told));
}

TEST_CASE("addresses: one that failed often is asked for its health first") {
    Bench bench(two_addresses(), {0}, true);
    bench.bind();
    for (std::uint64_t i = 1; i <= 200; ++i) bench.deliver(i, {"row"});
    std::vector<std::size_t> asked;
    const auto answer = [&](const Bench::Request& request) {
        asked.push_back(request.address);
        return request.address == 0 ? Outcome::unreachable : Outcome::scored;
    };
    std::uint64_t next = 201;
    while (bench.checks.empty() && next < 500) {
        bench.deliver(next++, {"row"});
        serve(bench, answer, 1);
    }
    REQUIRE(bench.checks.size() == 1);
    CHECK(bench.checks[0].address == 0);
    asked.clear();
    for (int i = 0; i < 60; ++i) {
        bench.deliver(next++, {"row"});
        serve(bench, answer, 1);
    }
    CHECK(std::ranges::count(asked, 0u) == 0);
    CHECK(bench.checks.size() == 1);
    bench.in(HealthTold{bench.checks[0].id, true});
    bench.deliver(next++, {"row"});
    serve(bench, answer, 3);
    CHECK(std::ranges::count(asked, 0u) == 1);
}

TEST_CASE("routes: a tenant's own endpoint gets its events and no others") {
    settings::Pipeline pipeline = with_override();
    pipeline.endpoint.mix_tenants = true;
    Bench bench(pipeline);
    bench.bind();
    bench.deliver(1, {"a"}, "acme");
    bench.deliver(2, {"g"}, "globex");
    bench.deliver(3, {"h"}, "hooli");
    bench.deliver(4, {"G"}, "globex");
    bench.tick();
    std::vector<std::vector<std::string>> to(2);
    while (!bench.requests.empty()) {
        const auto request = bench.take_request();
        to.at(request.address).insert(to.at(request.address).end(), request.rows.begin(), request.rows.end());
        bench.answer(request, Outcome::scored);
    }
    CHECK(to[0] == std::vector<std::string>{"a", "h"});
    CHECK(to[1] == std::vector<std::string>{"g", "G"});
    CHECK(bench.publications.size() == 4);
}

TEST_CASE("routes: a dead override takes no more than its share, and the others go on for ever") {
    settings::Pipeline pipeline = with_override();
    pipeline.input.max_ack_pending = 400;  // 100 in hand, 50 of each route
    Bench bench(pipeline);
    bench.bind();
    const auto answer = [](const Bench::Request& request) {
        return request.address == 0 ? Outcome::scored : Outcome::unauthorized;
    };
    std::uint64_t sequence = 0;
    for (int i = 0; i < 300; ++i) {
        bench.deliver(++sequence, {"g"}, "globex");
        serve(bench, answer, 1);
        if (i % 10 == 0) bench.deliver(++sequence, {"a"}, "acme");
    }
    serve(bench, answer, 5);
    CHECK(bench.acks.size() == 30);
    CHECK(bench.engine().snapshot(bench.now).open_deliveries == 50);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    CHECK(bench.naks.size() == 250);
    // Its endpoint works again: what is in hand is scored.
    serve(bench, [](const Bench::Request&) { return Outcome::scored; }, 700);
    CHECK(bench.acks.size() == 80);
}

TEST_CASE("routes: with the pipeline's own endpoint dead a tenant's own goes on") {
    Bench bench(with_override());
    bench.bind();
    for (std::uint64_t i = 1; i <= 20; ++i) bench.deliver(i, {"row"}, i % 2 == 0 ? "acme" : "globex");
    const Told told = serve(
        bench,
        [](const Bench::Request& request) { return request.address == 1 ? Outcome::scored : Outcome::misconfigured; },
        5);
    CHECK(told.size() == 10);
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
    CHECK(noted(bench, "held"));
}
