#include <doctest/doctest.h>

#include "tests/bridge/shard/bench.h"

using namespace millrace;

namespace {

settings::Pipeline with_shadow() {
    settings::Pipeline pipeline = small_pipeline();
    settings::Shadow& shadow = pipeline.endpoint.shadow;
    shadow.address.url = "http://127.0.0.1:2/candidate";
    shadow.address.headers = {{"X-Candidate", "yes"}};
    shadow.percent = 100;
    shadow.absolute = 0.1;
    shadow.subject = "shadow.{tenant}";
    return pipeline;
}

// Two events scored 1 and 2, and stored.
struct Scored : ShardBench {
    explicit Scored(settings::Pipeline pipeline = with_shadow()) : ShardBench(std::move(pipeline)) {
        bind();
        deliver(1, "in.a", R"([{"x":1},{"x":2}])");
        REQUIRE(endpoint.requests.size() == 1);
        respond(R"({"Results":{"WebServiceOutput0":[1,2]}})");
    }
    void store_all() {
        for (const ports::Publication& one : std::exchange(jetstream.publications, {})) {
            Stored stored;
            stored.id = one.id;
            arrive(stored);
        }
    }
};

}  // namespace

TEST_CASE("shadowing: a copy goes to the candidate alone, and the ack does not wait for it") {
    Scored s;
    REQUIRE(s.endpoint.requests.size() == 1);
    const ports::HttpRequest& copy = s.endpoint.requests.front();
    CHECK(copy.url == "http://127.0.0.1:2/candidate");
    CHECK(copy.body == R"({"Inputs":{"WebServiceInput0":[[1],[2]]}})");
    CHECK(std::ranges::find(copy.headers, Header{"X-Candidate", "yes"}) != copy.headers.end());
    CHECK(copy.max_response_bytes < 2u << 20);
    CHECK(s.jetstream.publications.size() == 2);
    s.store_all();
    CHECK(s.jetstream.acks.size() == 1);
    CHECK(s.shard().snapshot(s.now).in_flight == 0);
    s.shard().drain(s.now);
    s.turn();
    CHECK(s.shard().drained());
}

TEST_CASE("shadowing: what differs beyond the tolerance is posted with both scores, and counted") {
    Scored s;
    s.respond(R"({"Results":{"WebServiceOutput0":[1.05,2.5]}})");
    REQUIRE(s.jetstream.posted.size() == 1);
    CHECK(s.jetstream.posted[0].subject == "shadow.a");
    CHECK(s.jetstream.posted[0].payload == R"({"score":2,"shadow":2.5})");
    CHECK(s.observer.shadow[ShadowCount::compared] == 1);
    CHECK(s.observer.shadow[ShadowCount::same] == 1);
    CHECK(s.observer.shadow[ShadowCount::different] == 1);
    Stored stored;
    stored.id = s.jetstream.posted[0].id;
    stored.error = Error{ErrorCode::not_found, "no stream stores the subject"};
    s.arrive(stored);
    CHECK(s.observer.shadow[ShadowCount::lost] == 1);
    CHECK(s.shard().snapshot(s.now).hold.empty());
    s.store_all();
    CHECK(s.jetstream.acks.size() == 1);
}

TEST_CASE("shadowing: garbage, refusals and the dead are counted, and nothing comes of them") {
    for (const auto& [body, status] : {std::pair("{}", 200), {"nonsense", 200}, {"", 400}, {"", 401}, {"", 500}}) {
        Scored s;
        s.respond(body, status);
        CHECK(s.observer.shadow[ShadowCount::failed] == 1);
        CHECK(s.jetstream.posted.empty());
        s.store_all();
        CHECK(s.jetstream.acks.size() == 1);
        CHECK(able_to_work(s.shard().snapshot(s.now)));
        s.deliver(2, "in.a", R"({"x":3})");
        REQUIRE(s.endpoint.requests.size() == 1);
        CHECK(s.endpoint.requests[0].url == "http://127.0.0.1:1/score");
    }
}

TEST_CASE("shadowing: another protocol than the endpoint's") {
    settings::Pipeline pipeline = with_shadow();
    pipeline.endpoint.shadow.protocol = "json";
    pipeline.endpoint.shadow.rows_pointer = "/rows";
    pipeline.endpoint.shadow.results_pointer = "/scores";
    Scored s(pipeline);
    CHECK(s.endpoint.requests.front().body == R"({"rows":[[1],[2]]})");
    s.respond(R"({"scores":[1,2]})");
    CHECK(s.observer.shadow[ShadowCount::same] == 2);
}

namespace {

std::string swagger(const std::string& type) {
    return R"({"swagger":"2.0","paths":{"/score":{"post":{"parameters":[{"in":"body","schema":{"type":"object",)"
           R"("properties":{"data":{"type":"array","items":{"type":"object","properties":{"x":{"type":")" +
           type + R"("}}}}}}}],"responses":{}}}}})";
}

}  // namespace

TEST_CASE("shadowing: the candidate's signature is read beside the endpoint's, and a misfit is said and no more") {
    settings::Pipeline pipeline = with_shadow();
    pipeline.endpoint.shadow.address.url = "http://127.0.0.1:2/score";
    ShardBench s(pipeline, {0}, "http://127.0.0.1:1/swagger.json");
    const auto said = [&] {
        std::string text;
        for (const Note& note : std::exchange(s.observer.notes, {})) {
            if (note.event == "shadow_signature") text += note.text;
        }
        return text;
    };
    s.bind();
    REQUIRE(s.endpoint.requests.size() == 2);
    CHECK(s.endpoint.requests[0].url == "http://127.0.0.1:2/swagger.json");
    CHECK(s.endpoint.requests[0].get);
    CHECK(std::ranges::find(s.endpoint.requests[0].headers, Header{"X-Candidate", "yes"}) !=
          s.endpoint.requests[0].headers.end());
    CHECK(s.endpoint.requests[1].url == "http://127.0.0.1:1/swagger.json");
    // The endpoint's is not waited for, nor this one by anybody.
    s.respond(swagger("string"));
    CHECK(said().empty());
    s.respond(swagger("number"));
    CHECK(said() ==
          "the candidate does not take what it is sent: x: it takes string, and rows are made of float64; it takes x "
          "string (its copies will fail, and nothing else)");
    s.deliver(1, "in.a", R"({"x":1})");
    REQUIRE(s.endpoint.requests.size() == 1);
    s.respond(R"({"Results":{"WebServiceOutput0":[1]}})");
    CHECK(s.jetstream.publications.size() == 1);
    REQUIRE(s.endpoint.requests.size() == 1);
    CHECK(s.endpoint.requests[0].url == "http://127.0.0.1:2/score");
    s.respond("{}");
    // Another deployment of the candidate is noticed when both are read again.
    s.now += std::chrono::minutes(6);
    s.turn();
    REQUIRE(s.endpoint.requests.size() == 2);
    s.respond(swagger("number"));
    CHECK(said() == "the candidate takes what it is sent");
}
