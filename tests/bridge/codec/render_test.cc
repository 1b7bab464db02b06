#include "bridge/codec/render.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "bridge/codec/lineage.h"
#include "bridge/codec/timestamp.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kRoomy = 1u << 20;

settings::Pipeline trip_fares() {
    settings::Pipeline pipeline;
    pipeline.name = "trip-fares";
    pipeline.input.stream = "EVENTS";
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.results.subject = "results.{tenant}.trip-fares";
    pipeline.dead_letter.subject = "dead.{partition}.{tenant}.trip-fares";
    pipeline.dead_letter.unroutable_subject = "dead-unroutable.trip-fares";
    return pipeline;
}

Delivery delivery_of(std::string payload = R"({"vendorid":1})") {
    Delivery delivery;
    delivery.partition = 3;
    delivery.stream_sequence = 42;
    delivery.stored_at = std::chrono::sys_days(std::chrono::May / 1 / 2024) + 12h + 34min + 56s + 7ns;
    delivery.subject = "events.acme.trips";
    delivery.tenant = "acme";
    delivery.payload = Payload(std::move(payload));
    Event event;
    event.id.bytes.fill(0xab);
    event.element = 2;
    event.text = delivery.payload.bytes();
    event.settlement = {"0.1000", std::nullopt, "blue", "r-1", 1};
    delivery.events.push_back(std::move(event));
    return delivery;
}

Delivery refused(std::string payload = R"({"vendorid":1})") {
    auto delivery = delivery_of(std::move(payload));
    delivery.events[0].settlement.score.clear();
    delivery.events[0].settlement.verdict = Verdict{Reason::rejected, "no such\r\nzone", 400, "bad \xff row"};
    return delivery;
}

Result<codec::Rendered> render(const settings::Pipeline& pipeline, const Delivery& delivery, std::size_t max = kRoomy) {
    return codec::Renderer(pipeline).render(delivery, delivery.events.at(0), max);
}

std::string header(const codec::Rendered& made, std::string_view name) {
    const auto at = std::ranges::find(made.headers, name, [](const Header& h) { return std::string_view(h.first); });
    return at == made.headers.end() ? "(none)" : at->second;
}

// Counted from what goes on the wire, not with the code under test.
std::size_t bytes_on_the_wire(const codec::Rendered& made) {
    std::string block = "NATS/1.0\r\n";
    for (const auto& [name, value] : made.headers) block += name + ": " + value + "\r\n";
    return (block + "\r\n" + made.payload).size();
}

}  // namespace

TEST_CASE("renderer: a result carries score, identity and lineage") {
    const auto made = render(trip_fares(), delivery_of());
    REQUIRE(made);
    CHECK(made->output == Output::result);
    CHECK(made->subject == "results.acme.trip-fares");
    CHECK(made->payload == R"({"score":0.1000})");
    const std::vector<Header> expected = {{"Nats-Msg-Id", "abababababababababababababababab"},
                                          {"Millrace-Pipeline", "trip-fares"},
                                          {"Millrace-Tenant", "acme"},
                                          {"Millrace-Input-Stream", "EVENTS"},
                                          {"Millrace-Input-Sequence", "42"},
                                          {"Millrace-Element", "2"},
                                          {"Millrace-Deployment", "blue"},
                                          {"Millrace-Request-Id", "r-1"},
                                          {"Millrace-Attempt", "1"}};
    CHECK(made->headers == expected);
}

TEST_CASE("renderer: a result carries included members behind the score") {
    auto delivery = delivery_of();
    delivery.events[0].included = R"("id":18446744073709551616,"event":{"a":1E400})";
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(made->payload == R"({"score":0.1000,"id":18446744073709551616,"event":{"a":1E400}})");
}

TEST_CASE("renderer: an unknown deployment is left out, a strange one made printable") {
    auto delivery = delivery_of();
    delivery.events[0].settlement.deployment.clear();
    CHECK(header(*render(trip_fares(), delivery), "Millrace-Deployment") == "(none)");
    delivery.events[0].settlement.deployment = "blue\r\nNats-Msg-Id: 1";
    CHECK(header(*render(trip_fares(), delivery), "Millrace-Deployment") == "blue??Nats-Msg-Id: 1");
}

TEST_CASE("renderer: of a publisher's headers only listed and safe ones pass on to a result") {
    auto delivery = delivery_of();
    delivery.headers = {{"traceparent", "00-1-2-01"}, {"CE-Id", "7"}, {"Nats-Msg-Id", "forged"}, {"Nats-Rollup", "all"},
                        {"Millrace-Tenant", "other"}, {"x", "y"},     {"ce-evil", "a\r\nb"}};
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(made->headers.size() == 11);
    CHECK(header(*made, "traceparent") == "00-1-2-01");
    CHECK(header(*made, "CE-Id") == "7");
    CHECK(header(*made, "Nats-Msg-Id") == "abababababababababababababababab");
    CHECK(header(*made, "Millrace-Tenant") == "acme");
}

TEST_CASE("renderer: a dead letter carries the event and the evidence") {
    auto delivery = refused();
    delivery.headers = {{"traceparent", "00-1-2-01"}, {"Nats-Msg-Id", "theirs"}, {"X-Own", "1"}, {"bad name", "1"}};
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(made->output == Output::dead_letter);
    CHECK(made->subject == "dead.3.acme.trip-fares");
    CHECK(made->payload == R"({"vendorid":1})");
    CHECK(header(*made, "Nats-Msg-Id") == "abababababababababababababababab");
    CHECK(header(*made, "Millrace-Reason") == "rejected");
    CHECK(header(*made, "Millrace-Detail") == "no such??zone");
    CHECK(header(*made, "Millrace-Status") == "400");
    CHECK(header(*made, "Millrace-Answer") == "bad ? row");
    CHECK(header(*made, "Millrace-Subject") == "events.acme.trips");
    CHECK(header(*made, "Millrace-Stored-At") == "2024-05-01T12:34:56.000000007Z");
    CHECK(header(*made, "traceparent") == "00-1-2-01");
    CHECK(header(*made, "Millrace-Origin-Nats-Msg-Id") == "theirs");
    CHECK(header(*made, "Millrace-Origin-X-Own") == "1");
    CHECK(header(*made, "Millrace-Origin-traceparent") == "(none)");
    CHECK(std::ranges::count(made->headers, "Nats-Msg-Id", &Header::first) == 1);
    CHECK(std::ranges::none_of(made->headers, [](const Header& h) { return h.first.find(' ') != std::string::npos; }));
}

TEST_CASE("renderer: a fault of decoding makes a dead letter without a status") {
    auto delivery = delivery_of("{oops");
    delivery.events[0].settlement = {};
    delivery.events[0].fault = Verdict{Reason::not_json, "at byte 1", 0, {}};
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(made->output == Output::dead_letter);
    CHECK(made->payload == "{oops");
    CHECK(header(*made, "Millrace-Reason") == "not_json");
    CHECK(header(*made, "Millrace-Status") == "(none)");
    CHECK(header(*made, "Millrace-Attempt") == "0");
}

TEST_CASE("renderer: without a usable tenant a dead letter goes to the operator") {
    auto delivery = refused();
    delivery.tenant.clear();
    delivery.subject = "events.a\r\nb.trips";
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(made->output == Output::unroutable);
    CHECK(made->subject == "dead-unroutable.trip-fares");
    CHECK(header(*made, "Millrace-Tenant") == "(none)");
    CHECK(header(*made, "Millrace-Subject") == "events.a??b.trips");
}

TEST_CASE("renderer: a tenant that is none is refused, for results and dead letters") {
    for (const std::string tenant : {"a.b", "*", ">", "a b", "$SYS", "x\r\nPUB y 0\r\n"}) {
        CAPTURE(tenant);
        for (auto delivery : {0, 1}) {
            auto made_of = delivery == 0 ? delivery_of() : refused();
            made_of.tenant = tenant;
            const auto made = render(trip_fares(), made_of);
            REQUIRE_FALSE(made);
            CHECK(made.error().code == ErrorCode::invalid);
        }
    }
    auto scored = delivery_of();
    scored.tenant.clear();
    CHECK_FALSE(render(trip_fares(), scored));
}

TEST_CASE("renderer: a result fits to the byte or is too large") {
    const auto delivery = delivery_of();
    const auto whole = bytes_on_the_wire(*render(trip_fares(), delivery));
    CHECK(render(trip_fares(), delivery, whole));
    const auto made = render(trip_fares(), delivery, whole - 1);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::too_large);
}

TEST_CASE("renderer: a dead letter sheds the answer, then the publisher's headers, then its payload") {
    auto delivery = refused("{\"note\":\"" + std::string(2000, 'x') + "\"}");
    delivery.headers = {{"traceparent", "00-1-2-01"}, {"X-Own", "1"}};
    const auto pipeline = trip_fares();
    const auto smaller = [&](const codec::Rendered& than) {
        auto made = render(pipeline, delivery, bytes_on_the_wire(than) - 1);
        REQUIRE(made);
        CHECK(bytes_on_the_wire(*made) < bytes_on_the_wire(than));
        return *std::move(made);
    };
    const auto full = *render(pipeline, delivery);
    const auto no_answer = smaller(full);
    CHECK(header(no_answer, "Millrace-Answer") == "(none)");
    CHECK(header(no_answer, "X-Own") == "(none)");
    CHECK(header(no_answer, "Millrace-Origin-X-Own") == "1");
    CHECK(no_answer.payload == full.payload);

    const auto no_headers = smaller(no_answer);
    CHECK(header(no_headers, "Millrace-Origin-X-Own") == "(none)");
    CHECK(header(no_headers, "traceparent") == "(none)");
    CHECK(header(no_headers, "Millrace-Reason") == "rejected");
    CHECK(no_headers.payload == full.payload);

    const auto no_payload = smaller(no_headers);
    CHECK(no_payload.payload ==
          "{\"truncated\":true,\"stream\":\"EVENTS\",\"sequence\":42,\"element\":2,\"length\":2011,"
          "\"sha256\":\"0c492a47aabf55e7f8bffe6acdf400d87bfbb046c9a3dc4754a6fd3ec6fb25e8\"}");
    const auto none = render(pipeline, delivery, bytes_on_the_wire(no_payload) - 1);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::too_large);
}

TEST_CASE("renderer: a header block over the server's limit is shed as well") {
    auto delivery = refused();
    for (int i = 0; i < 20; ++i) delivery.headers.emplace_back("X-" + std::to_string(i), std::string(4000, 'h'));
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(header(*made, "Millrace-Origin-X-0") == "(none)");
    CHECK(made->payload == R"({"vendorid":1})");

    auto scored = delivery_of();
    for (int i = 0; i < 20; ++i) scored.headers.emplace_back("ce-" + std::to_string(i), std::string(4000, 'h'));
    CHECK(render(trip_fares(), scored).error().code == ErrorCode::too_large);
}

TEST_CASE("renderer: evidence is capped") {
    auto delivery = refused();
    delivery.events[0].settlement.verdict->body = std::string(100000, 'b');
    delivery.events[0].settlement.verdict->detail = std::string(100000, 'd');
    const auto made = render(trip_fares(), delivery);
    REQUIRE(made);
    CHECK(header(*made, "Millrace-Answer") == std::string(codec::kMaxAnswerEvidence, 'b'));
    CHECK(header(*made, "Millrace-Detail") == std::string(512, 'd'));
}

TEST_CASE("lineage: times are RFC 3339 to the nanosecond") {
    CHECK(codec::rfc3339(ServerTime{}) == "1970-01-01T00:00:00.000000000Z");
    CHECK(codec::rfc3339(ServerTime(Duration(1709210096123456789))) == "2024-02-29T12:34:56.123456789Z");
    CHECK(codec::rfc3339(ServerTime(Duration(-1))) == "1969-12-31T23:59:59.999999999Z");
}
