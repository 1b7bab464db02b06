// The engine and its output streams: trouble there, late answers, and what the next turn is for.
#include <doctest/doctest.h>

#include "tests/bridge/engine/bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

const Error kForbidden{ErrorCode::misconfigured, "permissions violation for publish"};
const Error kTooLarge{ErrorCode::too_large, "message of 9 bytes, the limit is 8"};

// One message scored, its publication refused.
void refuse_a_publication(Bench& bench, std::uint64_t sequence, const Error& error) {
    bench.deliver(sequence, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    REQUIRE(!bench.publications.empty());
    bench.store(bench.publications.back(), error);
}

}  // namespace

TEST_CASE("engine: refused outputs are tried again by a new message when the old ones are no longer ours") {
    Bench bench;
    bench.bind();
    refuse_a_publication(bench, 1, kForbidden);
    bench.in(Disconnected{});
    bench.advance(31s);  // everything in hand goes stale
    bench.in(Reconnected{});
    bench.pulls.clear();
    bench.bind();
    REQUIRE(bench.pulls.size() == 1);
    CHECK(bench.pulls[0].batch == 1);
    bench.publications.clear();
    bench.deliver(1, {"a"}, "acme", 2);
    bench.pass(30s);
    bench.serve({});
    REQUIRE(bench.finds.size() == 1);  // it may have waited for as long as we were away
    bench.in(Found{bench.finds[0].number, {}, std::nullopt});
    bench.pass(30s);
    bench.store_all();
    CHECK(bench.acks == Strings{"ack.1.2"});
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("engine: nothing more is pulled while the outputs refuse what is in hand") {
    Bench bench;
    bench.bind();
    refuse_a_publication(bench, 1, kForbidden);
    bench.in(PullStatus{0, 0, 1, 408, "Request Timeout"});
    bench.pulls.clear();
    bench.tick();
    CHECK(bench.pulls.empty());
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("engine: a passing failure does not hide that the outputs refuse us") {
    Bench bench;
    bench.bind();
    refuse_a_publication(bench, 1, kForbidden);
    bench.notes.clear();
    bench.pass(30s);
    bench.store(bench.publications.back(), Error{ErrorCode::unavailable, "no leader"});
    CHECK(bench.notes.empty());
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("engine: a late refusal of an attempt does not change what a newer attempt carries") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    bench.advance(6s);
    bench.advance(6s);
    REQUIRE(bench.publications.size() == 2);
    bench.store(bench.publications[0], kTooLarge);
    bench.store(bench.publications[1]);
    REQUIRE(bench.settled.size() == 1);
    CHECK(!bench.settled[0].has_value());
}

TEST_CASE("engine: outputs that stay silent show in the snapshot, for then nothing can be finished") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    for (int i = 0; i < 25; ++i) bench.advance(1s);
    CHECK(!bench.engine().snapshot(bench.now).hold.empty());
    bench.store(bench.publications.back());
    CHECK(bench.engine().snapshot(bench.now).hold.empty());
}

TEST_CASE("engine: a first delivery that may be stored for a quarter of the window is given back") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    SUBCASE("no answer") {
        bench.pass(45s);
        CHECK(bench.naks == Strings{"ack.1.1"});
    }
    SUBCASE("refused each time: surely not stored, so it is kept") {
        for (int i = 0; i < 45; ++i) {
            bench.advance(1s);
            while (!bench.publications.empty()) {
                const auto publication = bench.publications.back();
                bench.publications.pop_back();
                bench.store(publication, Error{ErrorCode::unavailable, "the stream is full"});
            }
        }
        CHECK(bench.naks.empty());
    }
}

TEST_CASE("engine: an element stored long before its message is done sends the message back once") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a", "bad"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::rejected);
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();  // "a"
    const auto throttle_for = [&](int seconds) {
        for (int i = 0; i < seconds; ++i) {
            bench.advance(1s);
            while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::throttled);
        }
    };
    throttle_for(45);
    CHECK(bench.naks == Strings{"ack.1.1"});
    bench.deliver(1, {"a", "b"}, "acme", 2);
    bench.naks.clear();
    throttle_for(45);
    CHECK(bench.naks.empty());
}

TEST_CASE("engine: of a redelivery is looked up what the duplicate window may have forgotten") {
    Bench bench;
    bench.bind();
    SUBCASE("the second holder publishes at once") {
        bench.deliver(1, {"a"}, "acme", 2);
        bench.tick();
        bench.answer(bench.take_request(), Outcome::scored);
        CHECK(bench.publications.size() == 1);
    }
    SUBCASE("the third does not know how long ago the first published") {
        bench.deliver(1, {"a"}, "acme", 3);
        bench.tick();
        bench.answer(bench.take_request(), Outcome::scored);
        CHECK(bench.publications.empty());
        REQUIRE(bench.finds.size() == 1);
        CHECK(bench.finds[0].from_time <= ServerTime{});
    }
}
