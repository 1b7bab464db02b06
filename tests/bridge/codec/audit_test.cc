#include "bridge/codec/audit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct Bench {
    Bench() {
        pipeline.name = "fares";
        pipeline.input.stream = "EVENTS";
        pipeline.endpoint.url = "http://model/score";
        settings::Address other;
        other.url = "http://other/score";
        pipeline.endpoint.tenants = {{{"beta"}, other}};
        pipeline.results.subject = "results.{tenant}.fares";
        pipeline.dead_letter.subject = "dead.{tenant}.fares";
        pipeline.dead_letter.unroutable_subject = "dead-unroutable.fares";
        pipeline.audit.subject = "millrace.audit.fares";
        routes = settings::routes(pipeline.endpoint);
    }
    void event(std::uint64_t sequence, std::string tenant, std::uint8_t id, bool is_dead = false) {
        Delivery& delivery = deliveries.emplace_back();
        delivery.stream_sequence = sequence;
        delivery.partition = 3;
        delivery.tenant = std::move(tenant);
        Event& made = delivery.events.emplace_back();
        made.id.bytes.fill(id);
        made.element = 1;
        made.settlement = {"1", std::nullopt, "bl\"ue", "r-1", 2};
        made.settlement.status = 200;
        if (is_dead) made.settlement.verdict = Verdict{Reason::rejected, "no", 400, "payload"};
    }
    Result<codec::Rendered> render(std::size_t most = 1 << 20) {
        codec::AuditedRequest request{"r-1", 9, {}};
        for (const Delivery& each : deliveries) request.events.emplace_back(&each, &each.events.front());
        const codec::Renderer renderer(pipeline);
        return codec::AuditRenderer(pipeline, routes, renderer)
            .render(request, std::chrono::sys_days(std::chrono::May / 1 / 2026) + 10h, most);
    }

    settings::Pipeline pipeline;
    settings::Routes routes;
    std::vector<Delivery> deliveries;
};

}  // namespace

TEST_CASE("audit: a request, from which messages, by whom, and what came of them, tenant by tenant") {
    Bench b;
    b.event(12, "acme", 0xaa);
    b.event(9, "team", 0xbb);
    b.event(11, "acme", 0xcc, true);
    b.event(15, "acme", 0xdd);
    const auto made = b.render();
    REQUIRE(made);
    CHECK(made->output == Output::audit);
    CHECK(made->subject == "millrace.audit.fares");
    CHECK(made->headers.front() == Header{"Nats-Msg-Id", "r-1.9"});
    const auto id = [](char digit) { return std::string(32, digit); };
    CHECK(
        made->payload ==
        R"({"event":"request","pipeline":"fares","generation":1,"partition":3,"stream":"EVENTS","first_sequence":9,)"
        R"("last_sequence":15,"count":4,"request_id":"r-1","address":"http://model/score","deployment":"bl\"ue",)"
        R"("status":200,"at":"2026-05-01T10:00:00.000000000Z","settled":[)"
        R"({"tenant":"acme","subject":"dead.acme.fares","ending":"dead_letter","reason":"rejected","sequences":[11],)"
        R"("elements":[1],"attempts":[2],"results":[")" +
            id('c') +
            R"("]},)"
            R"({"tenant":"acme","subject":"results.acme.fares","ending":"scored","sequences":[12,15],"elements":[1,1],)"
            R"("attempts":[2,2],"results":[")" +
            id('a') + R"(",")" + id('d') +
            R"("]},)"
            R"({"tenant":"team","subject":"results.team.fares","ending":"scored","sequences":[9],"elements":[1],)"
            R"("attempts":[2],"results":[")" +
            id('b') + R"("]}]})");
}

TEST_CASE("audit: the address is the one that was asked") {
    Bench b;
    b.event(1, "beta", 1);
    b.deliveries.front().events.front().settlement.address = 1;
    CHECK(b.render()->payload.contains(R"("address":"http://other/score")"));
}

TEST_CASE("audit: what does not fit is said to be too large") {
    Bench b;
    b.event(1, "acme", 1);
    const auto made = b.render(100);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::too_large);
}

TEST_CASE("audit: nothing of an event's payload or score stands in it") {
    Bench b;
    b.event(1, "acme", 1, true);
    b.deliveries.front().payload = Payload(std::string("secret"));
    b.deliveries.front().events.front().settlement.score = "123456789";
    const auto made = b.render();
    for (const char* const text : {"secret", "123456789", "payload"}) CHECK_FALSE(made->payload.contains(text));
}
