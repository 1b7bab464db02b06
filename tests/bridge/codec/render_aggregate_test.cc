#include "bridge/codec/render_aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "subjects/identity.h"
#include "tests/source_tree.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kRoomy = 1u << 20;
const ServerTime kStart = std::chrono::sys_days(std::chrono::May / 1 / 2026) + 10h;

settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.generation = 2;
    pipeline.input.stream = "EVENTS";
    pipeline.event.late_subject = "late.{tenant}.trips";
    Aggregate other;
    other.name = "other";
    Aggregate fares;
    fares.name = "fares-5s";
    fares.window = {.kind = WindowKind::tumbling, .size = 5s};
    fares.group_by = {"vendorid", "/trip/zone"};
    fares.select.resize(2);
    fares.select[0].name = "trips";
    fares.select[1].name = "long";
    fares.subject = "aggregates.{tenant}.fares-5s";
    pipeline.aggregates = {other, fares};
    return pipeline;
}

windows::Closed closed() {
    return {.aggregate = 1,
            .tenant = "acme",
            .start = kStart,
            .end = kStart + 5s,
            .group = {std::int64_t{7}, std::string("air\"port")},
            .fields = {{.json = "3"}, {.json = "0.1000"}},
            .count = 3,
            .first = {11, 0},
            .last = {42, 2}};
}

std::string body(const windows::Closed& window, const settings::Pipeline& pipeline = trips()) {
    const auto made = codec::render_aggregate(pipeline, 3, window, kRoomy);
    REQUIRE(made);
    return made->payload;
}

std::string header(const codec::Rendered& made, std::string_view name) {
    const auto at = std::ranges::find(made.headers, name, [](const Header& h) { return std::string_view(h.first); });
    return at == made.headers.end() ? "(none)" : at->second;
}

std::size_t bytes_on_the_wire(const codec::Rendered& made) {
    std::string block = "NATS/1.0\r\n";
    for (const auto& [name, value] : made.headers) block += name + ": " + value + "\r\n";
    return (block + "\r\n" + made.payload).size();
}

Delivery delivery_of(std::string payload) {
    Delivery delivery;
    delivery.partition = 3;
    delivery.stream_sequence = 42;
    delivery.stored_at = kStart + 7ns;
    delivery.subject = "events.acme.trips";
    delivery.tenant = "acme";
    delivery.headers = {{"traceparent", "00-1"}, {"X-Own", "no"}};
    delivery.payload = Payload(std::move(payload));
    Event event;
    event.element = 2;
    event.text = delivery.payload.bytes();
    event.at = kStart - 1h;
    delivery.events.push_back(std::move(event));
    return delivery;
}

}  // namespace

TEST_CASE("summary: the aggregate's own body with generation and identity, under the key of its group") {
    auto pipeline = trips();
    pipeline.aggregates[1].kv_bucket = "fares";
    auto window = closed();
    window.group[0] = 7.0;  // the same as 7
    const auto made = codec::render_summary(pipeline, 3, window, kRoomy);
    REQUIRE(made);
    const auto aggregate = codec::render_aggregate(pipeline, 3, closed(), kRoomy);
    const auto id = header(*aggregate, "Nats-Msg-Id");
    CHECK(made->output == summary_output(1));
    CHECK(made->subject == "$KV.fares.trips.fares-5s.acme.7.air=22port");
    CHECK(made->payload ==
          aggregate->payload.substr(0, aggregate->payload.size() - 1) + R"(,"generation":2,"identity":")" + id + "\"}");
    CHECK(header(*made, "Nats-Msg-Id") == "(none)");
    CHECK(header(*made, "Millrace-Identity") == id);
    CHECK(header(*made, "Millrace-Kind") == "summary");
    CHECK(header(*made, "Millrace-Generation") == "2");
    CHECK(header(*made, "Millrace-Window-End") == "2026-05-01T10:00:05.000000000Z");
    pipeline.aggregates[1].partial = true;
    CHECK(codec::render_summary(pipeline, 3, window, kRoomy)->subject ==
          "$KV.fares.trips.fares-5s.acme.3.7.air=22port");
}

TEST_CASE("summary: one that is too long is cut as the aggregate is") {
    auto pipeline = trips();
    pipeline.aggregates[1].kv_bucket = "fares";
    auto window = closed();
    window.fields[1].json = '"' + std::string(2000, 'x') + '"';
    const auto made = codec::render_summary(pipeline, 3, window, 2000);
    REQUIRE(made);
    CHECK(bytes_on_the_wire(*made) <= 2000);
    CHECK(made->payload.contains(R"("truncated":["long"],"generation":2)"));
}

TEST_CASE("aggregate: body, subject and headers") {
    const auto made = codec::render_aggregate(trips(), 3, closed(), kRoomy);
    REQUIRE(made);
    CHECK(made->output == aggregate_output(1));
    CHECK(made->subject == "aggregates.acme.fares-5s");
    CHECK(
        made->payload ==
        R"({"window_start":"2026-05-01T10:00:00Z","window_end":"2026-05-01T10:00:05Z",)"
        R"("vendorid":7,"zone":"air\"port","trips":3,"long":0.1000,"count":3,"first_sequence":11,"last_sequence":42})");
    const std::vector<Header> expected = {
        {"Nats-Msg-Id", subjects::to_hex(codec::identity_of(trips(), 3, closed()))},
        {"Millrace-Kind", "aggregate"},
        {"Millrace-Pipeline", "trips"},
        {"Millrace-Generation", "2"},
        {"Millrace-Tenant", "acme"},
        {"Millrace-Aggregate", "fares-5s"},
        {"Millrace-Window-Start", "2026-05-01T10:00:00.000000000Z"},
        {"Millrace-Window-End", "2026-05-01T10:00:05.000000000Z"},
        {"Millrace-Input-Stream", "EVENTS"},
        {"Millrace-Partition", "3"},
    };
    CHECK(made->headers == expected);
}

TEST_CASE("aggregate: group values of every type") {
    auto window = closed();
    window.group = {Null{}, RawJson{R"([1, "a"])"}};
    CHECK(body(window).contains(R"("vendorid":null,"zone":[1, "a"],)"));
    window.group = {true, 0.1};
    CHECK(body(window).contains(R"("vendorid":true,"zone":0.1,)"));
    window.group = {1e300, std::numeric_limits<double>::infinity()};
    CHECK(body(window).contains(R"("vendorid":1e+300,"zone":null,)"));
    window.start = kStart + 120ms;
    CHECK(body(window).starts_with(R"({"window_start":"2026-05-01T10:00:00.12Z",)"));
}

TEST_CASE("aggregate: marks are named, and only where there are any") {
    auto window = closed();
    window.fields[0].approximate = true;
    window.fields[1] = {.json = "null", .approximate = true, .truncated = true, .overflow = true};
    CHECK(body(window).ends_with(
        R"("last_sequence":42,"approximate":["trips","long"],"truncated":["long"],"overflow":["long"]})"));
}

TEST_CASE("aggregate: a part says which partition's it is") {
    auto pipeline = trips();
    const auto whole = codec::identity_of(pipeline, 3, closed());
    CHECK(codec::identity_of(pipeline, 4, closed()) == whole);
    pipeline.aggregates[1].partial = true;
    pipeline.aggregates[1].subject = "parts.{partition}.{tenant}";
    const auto made = codec::render_aggregate(pipeline, 3, closed(), kRoomy);
    REQUIRE(made);
    CHECK(made->subject == "parts.3.acme");
    CHECK(made->payload.ends_with(R"("last_sequence":42,"partition":3})"));
    CHECK(codec::identity_of(pipeline, 3, closed()) != whole);
    CHECK(codec::identity_of(pipeline, 4, closed()) != codec::identity_of(pipeline, 3, closed()));
}

TEST_CASE("aggregate: one that is too large leaves out its largest member, and then the next") {
    auto window = closed();
    window.fields[0].json = '[' + std::string(3000, '1') + ']';
    window.fields[1].json = '[' + std::string(2000, '2') + ']';
    const auto rendered = [&](std::size_t max) { return codec::render_aggregate(trips(), 3, window, max); };
    const auto all = rendered(kRoomy);
    REQUIRE(all);
    const std::size_t size = bytes_on_the_wire(*all);
    CHECK(rendered(size)->payload == all->payload);
    const auto one = rendered(size - 1);
    REQUIRE(one);
    CHECK(bytes_on_the_wire(*one) < size);
    CHECK_FALSE(one->payload.contains("\"trips\":"));
    CHECK(one->payload.contains("\"long\":[2"));
    CHECK(one->payload.ends_with(R"("last_sequence":42,"truncated":["trips"]})"));
    const auto two = rendered(size - 4000);
    REQUIRE(two);
    CHECK(two->payload.ends_with(R"("zone":"air\"port","count":3,"first_sequence":11,"last_sequence":42,)"
                                 R"("truncated":["trips","long"]})"));
    CHECK(header(*two, "Nats-Msg-Id") == header(*all, "Nats-Msg-Id"));
    // Every limit gives a message that fits, or none.
    for (std::size_t max = 0; max <= size; max += 7) {
        const auto made = rendered(max);
        if (made) CHECK(bytes_on_the_wire(*made) <= max);
        if (!made) CHECK(made.error().code == ErrorCode::too_large);
    }
    CHECK_FALSE(rendered(400));
}

TEST_CASE("aggregate: no subject for a tenant that is none") {
    auto window = closed();
    window.tenant = "a.b";
    CHECK_FALSE(codec::render_aggregate(trips(), 3, window, kRoomy));
}

TEST_CASE("late event: a copy with its reason and an identity of its own") {
    const auto delivery = delivery_of(R"({"a":1})");
    const auto made = codec::render_late(trips(), delivery, delivery.events[0], codec::Missed::late, kRoomy);
    REQUIRE(made);
    CHECK(made->output == Output::late);
    CHECK(made->subject == "late.acme.trips");
    CHECK(made->payload == R"({"a":1})");
    CHECK(header(*made, "Millrace-Kind") == "late");
    CHECK(header(*made, "Millrace-Reason") == "late");
    CHECK(header(*made, "Millrace-Pipeline") == "trips");
    CHECK(header(*made, "Millrace-Input-Sequence") == "42");
    CHECK(header(*made, "Millrace-Element") == "2");
    CHECK(header(*made, "Millrace-Event-Time") == "2026-05-01T09:00:00.000000000Z");
    CHECK(header(*made, "Millrace-Stored-At") == "2026-05-01T10:00:00.000000007Z");
    CHECK(header(*made, "traceparent") == "00-1");
    CHECK(header(*made, "X-Own") == "(none)");
    const subjects::EventOrigin origin = {"trips", 2, "EVENTS", kStart + 7ns, 42, 2};
    CHECK(header(*made, "Nats-Msg-Id") == subjects::to_hex(subjects::late_identity(origin)));
    CHECK(subjects::late_identity(origin) != subjects::event_identity(origin));
    const auto early = codec::render_late(trips(), delivery, delivery.events[0], codec::Missed::early, kRoomy);
    CHECK(header(*early, "Millrace-Reason") == "early");
}

TEST_CASE("late event: one that is too large sheds headers, then its payload") {
    const auto delivery = delivery_of('"' + std::string(2000, 'x') + '"');
    const auto rendered = [&](std::size_t max) {
        return codec::render_late(trips(), delivery, delivery.events[0], codec::Missed::late, max);
    };
    const std::size_t size = bytes_on_the_wire(*rendered(kRoomy));
    const auto bare = rendered(size - 1);
    REQUIRE(bare);
    CHECK(header(*bare, "traceparent") == "(none)");
    CHECK(bare->payload.size() == 2002);
    const auto stand_in = rendered(size - 1000);
    REQUIRE(stand_in);
    CHECK(stand_in->payload.starts_with(
        R"({"truncated":true,"stream":"EVENTS","sequence":42,"element":2,"length":2002,)"));
    CHECK(rendered(100).error().code == ErrorCode::too_large);
}

TEST_CASE("docs/messages.md has every header of aggregates and late events") {
    std::ifstream file(tests::source_tree() / "docs/messages.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    const auto delivery = delivery_of("{}");
    auto headers = codec::render_aggregate(trips(), 3, closed(), kRoomy)->headers;
    const auto late = codec::render_late(trips(), delivery, delivery.events[0], codec::Missed::late, kRoomy)->headers;
    headers.insert(headers.end(), late.begin(), late.end());
    for (const auto& [name, value] : headers) {
        CAPTURE(name);
        CHECK(page.contains("`" + name + "`"));
    }
    for (const std::string_view member : codec::kAggregateMembers) {
        CAPTURE(member);
        CHECK(page.contains("`" + std::string(member) + "`"));
    }
}
