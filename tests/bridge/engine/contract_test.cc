// The engine and the signature of its endpoint: nothing before it is read, nothing while another one stands there.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/bridge/engine/bench.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;
using What = SignatureRead::What;

namespace {

Signature takes(ElementType type, std::string name = "distance") {
    return {.inputs = {{.name = std::move(name), .type = type, .optional = false, .shape = {}}}, .outputs = {}};
}

SignatureRead found(ElementType type) { return {What::found, takes(type), {}, true, {}}; }
SignatureRead not_found(What what, bool reached) { return {what, {}, {}, reached, "words"}; }

struct Asked : Bench {
    explicit Asked(settings::Pipeline pipeline = small_pipeline()) : Bench(std::move(pipeline), {0}, false, true) {
        bind();
    }

    void read(SignatureRead read) {
        in(std::move(read));
        tick();
    }
    std::string hold() { return engine().snapshot(now).hold; }
    // Time goes by until another reading is asked for.
    void until_asked() {
        const std::size_t before = readings;
        for (int i = 0; i < 600 && readings == before; ++i) advance(1s);
        REQUIRE(readings == before + 1);
    }
    void unfit(std::uint64_t sequence, std::size_t events, std::string tenant = "acme") {
        auto delivery = std::make_unique<Delivery>();
        delivery->stream_sequence = sequence;
        delivery->tenant = std::move(tenant);
        delivery->ack_subject = "ack." + std::to_string(sequence) + ".1";
        delivery->payload = Payload(std::string("x"));
        for (std::uint32_t i = 0; i < events; ++i) {
            Event event;
            event.element = i;
            event.fault = Verdict{Reason::signature_misfit, "distance: expected float64, found a boolean", 0, {}};
            delivery->events.push_back(std::move(event));
        }
        in(Delivered{0, std::move(delivery)});
        tick();
    }
};

}  // namespace

TEST_CASE("contract: nothing is pulled before the endpoint has said what it takes") {
    Asked bench;
    CHECK(bench.readings == 1);
    CHECK(bench.pulls.empty());
    bench.read(found(ElementType::float64));
    CHECK_FALSE(bench.pulls.empty());
    REQUIRE(bench.used.size() == 1);
    CHECK(bench.used.front() == takes(ElementType::float64));
    CHECK(bench.hold() == "");
}

TEST_CASE("contract: an endpoint that says nothing is asked for scores all the same") {
    Asked bench;
    bench.read(not_found(What::nothing, true));
    CHECK_FALSE(bench.pulls.empty());
    CHECK(bench.used.empty());
    bench.until_asked();
    bench.read(found(ElementType::float64));  // a deployment that does
    CHECK(bench.used.size() == 1);
}

TEST_CASE("contract: an endpoint that cannot be reached holds; one that only fails to tell does not for long") {
    Asked down;
    for (int i = 0; i < 20; ++i) {
        down.read(not_found(What::failed, false));
        CHECK(down.pulls.empty());
        CHECK(down.hold() == "the endpoint's signature cannot be read yet: words");
        down.until_asked();
    }
    down.read(found(ElementType::int8));
    CHECK_FALSE(down.pulls.empty());
    CHECK(std::ranges::count(down.notes, "held", &Note::event) == 1);
    CHECK(std::ranges::count(down.notes, "resumed", &Note::event) == 1);

    Asked failing;
    for (int i = 0; i < 3; ++i) {
        CHECK(failing.pulls.empty());
        failing.read(not_found(What::failed, true));
        if (i < 2) failing.until_asked();
    }
    CHECK_FALSE(failing.pulls.empty());
    CHECK(failing.hold() == "");
}

TEST_CASE("contract: features that never fit hold until they do") {
    Asked bench;
    SignatureRead misfit = found(ElementType::float64);
    misfit.misfit = "event.features lacks 'tip'";
    bench.read(std::move(misfit));
    CHECK(bench.pulls.empty());
    CHECK(bench.hold().starts_with("the endpoint's signature does not fit: event.features lacks 'tip'"));
    bench.until_asked();
    bench.read(found(ElementType::float64));
    CHECK_FALSE(bench.pulls.empty());
}

TEST_CASE("contract: another one under us holds, says both, and the first again resumes") {
    Asked bench;
    bench.read(found(ElementType::float64));
    bench.deliver(1, {"a"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::scored);
    bench.store_all();
    bench.advance(1min);

    // The answers begin to be refusals: nothing more is sent, and nobody is convicted, before it has been read again.
    bench.deliver(2, {"b"});
    bench.tick();
    const std::size_t before = bench.readings;
    bench.answer(bench.take_request(), Outcome::rejected, 400);
    CHECK(bench.readings == before + 1);
    CHECK(bench.requests.empty());
    bench.read(found(ElementType::string));
    CHECK(bench.hold().starts_with(
        "the endpoint's signature has changed: expected distance float64; found distance string ("));
    CHECK(bench.used.size() == 1);
    for (int i = 0; i < 3; ++i) {
        bench.until_asked();
        bench.read(i % 2 == 0 ? found(ElementType::string) : not_found(What::failed, false));
        CHECK(bench.requests.empty());
        CHECK(bench.publications.empty());
        CHECK_FALSE(bench.hold().empty());
    }
    bench.until_asked();
    bench.read(found(ElementType::float64));
    CHECK(bench.hold() == "");
    for (int i = 0; i < 120 && bench.publications.empty(); ++i) {  // until it may be asked again
        bench.serve({});
        bench.advance(1s);
    }
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.publications.front().score == "score of b");
}

namespace {

struct TwoAsked : Asked {
    TwoAsked() : Asked(two()) {}

    static settings::Pipeline two() {
        settings::Pipeline pipeline = small_pipeline();
        pipeline.endpoint.url.clear();
        pipeline.endpoint.addresses.resize(2);
        pipeline.endpoint.addresses[0].url = "http://east/score";
        pipeline.endpoint.addresses[1].url = "http://west/score";
        return pipeline;
    }
    void read_at(std::size_t address, SignatureRead told) {
        told.address = address;
        read(std::move(told));
    }
    // Some event is asked about now; where, or nothing.
    std::optional<std::size_t> asks(std::uint64_t sequence) {
        deliver(sequence, {"a"});
        tick();
        if (requests.empty()) return std::nullopt;
        const auto request = take_request();
        answer(request, Outcome::scored);
        return request.address;
    }
    std::size_t noted(const char* event) {
        return static_cast<std::size_t>(std::ranges::count(notes, event, &Note::event));
    }
};

}  // namespace

TEST_CASE("contract: each address is read, and only those that fit are asked") {
    TwoAsked bench;
    CHECK(bench.readings == 1);
    bench.read_at(0, found(ElementType::float64));
    CHECK(bench.readings == 2);
    CHECK_FALSE(bench.pulls.empty());
    bench.read_at(1, found(ElementType::string));
    CHECK(bench.hold() == "");
    REQUIRE(bench.noted("address_out") == 1);
    CHECK(
        bench.notes.back().text.starts_with("the signature of the endpoint at http://west/score is another one: "
                                            "expected distance float64; found distance string ("));
    const auto addresses = bench.engine().snapshot(bench.now).addresses;
    CHECK(addresses[0].state == AddressState::closed);
    CHECK(addresses[1].state == AddressState::out);
    CHECK(addresses[1].why.contains("is another one"));
    CHECK(bench.asks(1) == 0);

    // While the first is away nothing goes to the other, which would not understand it; once it fits it does.
    bench.deliver(2, {"b"});
    bench.tick();
    bench.answer(bench.take_request(), Outcome::unreachable);
    CHECK(bench.requests.empty());
    bench.read_at(1, found(ElementType::float64));
    CHECK(bench.noted("address_in") == 1);
    for (int i = 0; i < 100 && bench.requests.empty(); ++i) bench.advance(1ms);  // the back-off of the one that failed
    REQUIRE_FALSE(bench.requests.empty());
    CHECK(bench.take_request().address == 1);
    CHECK(bench.used.size() == 1);
}

TEST_CASE("contract: the first address that tells is the one the others are held against") {
    TwoAsked bench;
    bench.read_at(0, not_found(What::failed, false));
    CHECK(bench.pulls.empty());
    CHECK(bench.readings == 2);
    bench.read_at(1, found(ElementType::string));
    CHECK_FALSE(bench.pulls.empty());
    REQUIRE(bench.used.size() == 1);
    CHECK(bench.used.front() == takes(ElementType::string));
    CHECK(bench.asks(1) == 1);
    bench.read_at(0, found(ElementType::float64));
    CHECK(bench.asks(2) == 1);
    bench.read_at(0, found(ElementType::string));
    CHECK(bench.asks(3) == 0);
    CHECK(bench.used.size() == 1);
}

TEST_CASE("contract: where no address fits any more the traffic is held") {
    TwoAsked bench;
    bench.read_at(0, found(ElementType::float64));
    bench.read_at(1, found(ElementType::float64));
    CHECK(bench.asks(1) == 0);
    bench.read_at(0, found(ElementType::string));
    CHECK(bench.hold() == "");
    CHECK(bench.asks(2) == 1);
    bench.read_at(1, found(ElementType::string));
    CHECK(bench.hold().starts_with("the signature of the endpoint at http://east/score has changed: expected"));
    CHECK(bench.noted("held") == 1);
    bench.deliver(3, {"c"});
    bench.tick();
    CHECK(bench.requests.empty());
    bench.read_at(1, found(ElementType::float64));
    CHECK(bench.hold() == "");
    CHECK_FALSE(bench.requests.empty());
}

TEST_CASE("contract: another deployment is reason to read it again, by turns now and then") {
    Asked bench;
    bench.read(found(ElementType::float64));
    const auto answered_by = [&](std::uint64_t sequence, const char* deployment) {
        bench.deliver(sequence, {"a"});
        bench.tick();
        Answer answer;
        answer.outcome = Outcome::scored;
        answer.scores = {"1"};
        answer.deployment = deployment;
        bench.in(Answered{bench.take_request().id, std::move(answer)});
        bench.tick();
    };
    bench.advance(1min);
    answered_by(1, "blue");
    CHECK(bench.readings == 1);
    answered_by(2, "green");
    CHECK(bench.readings == 2);
    bench.read(found(ElementType::float64));
    answered_by(3, "blue");
    answered_by(4, "green");
    CHECK(bench.readings == 2);
    bench.advance(31s);
    answered_by(5, "blue");
    CHECK(bench.readings == 3);
}

TEST_CASE("contract: a misfit is a dead letter while the ratio allows, and is never sent") {
    Asked bench;
    bench.read(found(ElementType::float64));
    bench.unfit(1, 1);
    REQUIRE(bench.publications.size() == 1);
    CHECK(bench.publications.front().reason == Reason::signature_misfit);
    CHECK(bench.requests.empty());
    bench.unfit(2, 60);
    CHECK(bench.publications.size() == 10);
    CHECK(bench.hold() ==
          "51 events are kept from the endpoint, more than max_dead_letter_ratio allows; the first: distance: "
          "expected float64, found a boolean");
    bench.unfit(3, 50);
    CHECK(bench.engine().snapshot(bench.now).halt == "dead_letter_ratio");
    CHECK(bench.requests.empty());
}

TEST_CASE("contract: that nothing is scored is told, with since when and the last answer") {
    Bench bench;
    bench.bind();
    bench.deliver(1, {"a"});
    bench.tick();
    for (int i = 0; i < 200; ++i) {
        while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::failed, 500);
        bench.advance(1s);
        bench.give_again("row ");
    }
    const auto said = std::ranges::count(bench.notes, "nothing_scored", &Note::event);
    CHECK(said >= 2);
    CHECK(said <= 4);
    const auto note = std::ranges::find(bench.notes, "nothing_scored", &Note::event);
    CHECK(note->text.starts_with("the endpoint: nothing is scored for "));
    CHECK(note->text.ends_with("; the last was failed (HTTP 500)"));
    CHECK(bench.engine().snapshot(bench.now).hold.starts_with("the endpoint: nothing is scored for "));
    bench.deliver(2, {"b"});
    bench.tick();
    while (!bench.requests.empty()) bench.answer(bench.take_request(), Outcome::scored);
    CHECK(bench.engine().snapshot(bench.now).hold == "");
}
