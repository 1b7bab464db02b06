// Events that `where` does not select: those that come to nothing, and those that go past the model.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/bridge/engine/bench.h"
#include "tests/bridge/engine/estate.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

TEST_CASE("a message of which nothing is selected is acked at once, and nothing is asked or published") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"-a", "-b"});
    CHECK(bench.acks == Strings{"ack.1.1"});
    bench.tick();
    CHECK(bench.requests.empty());
    CHECK(bench.publications.empty());
}

TEST_CASE("a message is acked when what is left of it is scored") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"-a", "b", "-c"});
    bench.tick();
    CHECK(bench.acks.empty());
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.requests[0].rows == Strings{"b"});
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.1.1"});
}

TEST_CASE("a bypassed event is acked when its copy is stored, and not before") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {">a"});
    bench.tick();
    CHECK(bench.requests.empty());
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.acks.empty());
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.1.1"});
}

TEST_CASE("events past a model that is down go on") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::misconfigured, 404);
    bench.deliver(2, {">b"});
    bench.deliver(3, {"-c"});
    bench.tick();
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.3.1", "ack.2.1"});
}

TEST_CASE("a long wait for the rest of a message gives nothing back for what was filtered out of it") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"-a", "b"});
    bench.tick();
    REQUIRE(bench.requests.size() == 1);
    bench.pass(100s);  // nothing of it is stored, so nothing can be forgotten by the duplicate window
    CHECK(bench.naks.empty());
    CHECK(!bench.in_progress.empty());
}

TEST_CASE("the last delivery a consumer allows buries what would have been scored, and nothing else") {
    Bench bench;
    bench.tick();
    Bound bound = bench.usual_bound();
    bound.max_deliver = 2;
    bench.in(std::move(bound));
    bench.tick();
    bench.deliver(1, {"-a", ">b", "c"}, "acme", 2);
    bench.tick();
    REQUIRE(bench.publications.size() == 2);
    const auto buried = std::ranges::count(bench.publications, "deliveries_exhausted", [](const auto& each) {
        return std::string(each.reason ? name(*each.reason) : "");
    });
    CHECK(buried == 1);
}

TEST_CASE("an owner counts in no window what is not selected, and moves the clock by it") {
    Estate estate;
    Tenancy replica(estate);
    estate.publish("a", 991);
    estate.publish("a", 992, false, Selection::filtered);
    estate.publish("a", 993, false, Selection::bypassed);
    estate.now += 2s;
    estate.publish("a", 1001, false, Selection::filtered);  // closes the window at 1000
    replica.run(1s);
    CHECK(replica.texts() == Strings{"bypassed 3", "a 1000: 1"});
    CHECK(replica.last_head().floor == 4);
    CHECK(estate.acks.back() == "ack 4");
    CHECK(replica.fates[static_cast<std::size_t>(Fate::adjusted)] == 1);
    CHECK(replica.fates[static_cast<std::size_t>(Fate::filtered)] == 2);
    CHECK(replica.fates[static_cast<std::size_t>(Fate::bypassed)] == 1);
}

TEST_CASE("an owner acks a bypassed event after its copy is stored, and a copy is published once through a crash") {
    Estate estate;
    auto first = std::make_unique<Tenancy>(estate);
    first->run(1s);
    estate.publish("a", 991, false, Selection::bypassed);
    first->refuses_outputs = true;
    first->run(2s);
    CHECK(first->last_head().floor == 1);
    CHECK(estate.acks.empty());
    first->refuses_outputs = false;
    first->dies_after_outputs = 1;  // stored, and nobody was told
    first->run(6s);
    first.reset();
    Tenancy second(estate, 2);
    second.run(30s);
    CHECK(second.texts() == Strings{"bypassed 1"});
}
