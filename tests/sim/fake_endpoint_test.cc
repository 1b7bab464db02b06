#include "tests/sim/fake_endpoint.h"

#include <doctest/doctest.h>

namespace millrace::sim {
namespace {

using std::chrono::seconds;

struct Fixture {
    Scheduler scheduler;
    Trace trace{scheduler, false};
    SimModel model;
    std::uint32_t busy = 0;
    Gate gate;
    SimEndpoint endpoint{scheduler, model, busy, gate, trace, "r0"};

    explicit Fixture(ModelRules rules = {}) : model(std::move(rules), 1, trace) {}

    ports::HttpResponse ask(std::vector<EventToken> events, Duration timeout = seconds(5)) {
        std::string body = "[";
        for (const auto& event : events) body += "[\"" + event.text() + "\",1],";
        endpoint.send({.id = RequestId{1},
                       .url = {},
                       .headers = {},
                       .body = body,
                       .timeout = timeout,
                       .connect_timeout = {},
                       .max_response_bytes = 1 << 20});
        scheduler.run_until(scheduler.now() + timeout);
        std::vector<ports::HttpResponse> out;
        endpoint.wait({}, out);
        REQUIRE(out.size() == 1);
        CHECK(endpoint.in_flight() == 0);
        CHECK(busy == 0);
        return out[0];
    }
};

TEST_CASE("token: found in rows, in scores and in JSON held by a JSON string") {
    const EventToken a{"acme", 17, Kind::good};
    const EventToken b{"beta", 2, Kind::poison};
    CHECK(tokens_in(R"([["@acme|17|good",1],["@beta|2|poison"]])") == std::vector{a, b});
    CHECK(tokens_in(R"("[{\"echo\":\"@acme|17|good\"}]")") == std::vector{a});
    CHECK(tokens_in(R"(["@acme|x|good","@acme|1|odd","@"])").empty());
}

TEST_CASE("fake endpoint: scores echo their rows in order") {
    Fixture f;
    const std::vector<EventToken> events{{"acme", 1, Kind::good}, {"acme", 2, Kind::good}};
    const auto response = f.ask(events);
    CHECK(response.status == 200);
    CHECK(tokens_in(response.body) == events);
}

TEST_CASE("fake endpoint: one event it cannot score spoils the request") {
    Fixture f;
    const EventToken good{"acme", 1, Kind::good};
    CHECK(f.ask({good, {"acme", 2, Kind::poison}}).status == 400);
    CHECK(f.ask({good, {"acme", 2, Kind::unfit}}).status == 422);
    CHECK(f.ask({good, {"acme", 2, Kind::raises}}).status == 424);
    CHECK(f.ask({good, {"acme", 2, Kind::fails}}).status == 500);
    CHECK(f.ask({good, {"acme", 2, Kind::slow}}).transport == ports::Transport::timed_out);
    CHECK(f.ask({good, {"acme", 2, Kind::crashes}}).transport == ports::Transport::unreachable);
    CHECK(f.ask({good}).status == 200);
}

TEST_CASE("fake endpoint: conditions and faults give what they are called") {
    Fixture f;
    const EventToken good{"acme", 1, Kind::good};
    const auto status_in = [&](Condition condition) {
        f.model.set_condition(condition);
        return f.ask({good}).status;
    };
    CHECK(status_in(Condition::unauthorized) == 401);
    CHECK(status_in(Condition::not_found) == 404);
    CHECK(status_in(Condition::unavailable) == 503);
    CHECK(status_in(Condition::redirecting) == 302);
    CHECK(status_in(Condition::bad_deployment) == 400);
    CHECK(status_in(Condition::refusing) == 0);
    CHECK(status_in(Condition::healthy) == 200);
    f.model.set_faults({.short_answer = 1});
    CHECK(tokens_in(f.ask({good, good}).body).empty());
    f.model.set_faults({.throttle = 1});
    CHECK(f.ask({good}).status == 429);
}

TEST_CASE("fake endpoint: a body over the limit gets 413, a model with a nonce never answers the same twice") {
    Fixture f({.concurrency = 4, .max_body = 40, .nonce = true, .results_member = "Results", .wrapped = true});
    const EventToken good{"acme", 1, Kind::good};
    CHECK(f.ask({good, good, good}).status == 413);
    const auto first = f.ask({good}).body;
    CHECK(first != f.ask({good}).body);
    CHECK(first.starts_with("\"{\\\"Results\\\":[{"));
}

TEST_CASE("fake endpoint: after cancel_all nothing comes, and a dead process sends nothing") {
    Fixture f;
    f.endpoint.send({.id = RequestId{1},
                     .url = {},
                     .headers = {},
                     .body = "\"@a|1|good\"",
                     .timeout = seconds(5),
                     .connect_timeout = {},
                     .max_response_bytes = 1000});
    f.endpoint.cancel_all();
    f.scheduler.run_until(f.scheduler.now() + seconds(9));
    std::vector<ports::HttpResponse> out;
    f.endpoint.wait({}, out);
    CHECK(out.empty());
    f.gate.kill();
    int sent = 0;
    f.endpoint.watch(
        {.sent = [&](const auto&, const auto&) { ++sent; }, .answered = [](const auto&) {}, .woken = [] {}});
    f.endpoint.send({});
    CHECK(sent == 0);
}

}  // namespace
}  // namespace millrace::sim
