#include <doctest/doctest.h>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

TEST_CASE("publish: is stored with its headers and answered with its sequence") {
    Bench b;
    b.open();
    const Stored first = b.store(1, "one", result_headers(1));
    const Stored second = b.store(2, "two", result_headers(2));
    REQUIRE_FALSE(first.error);
    CHECK(first.sequence == 1);
    CHECK(second.sequence == 2);
    CHECK_FALSE(second.duplicate);
    const auto stored = b.world->read_stream("OUT");
    REQUIRE(stored.size() == 2);
    CHECK(stored[0].subject == "results.a.trips");
    CHECK(stored[0].payload == "one");
    for (const auto& header : result_headers(1)) {
        CHECK(std::ranges::find(stored[0].headers, header) != stored[0].headers.end());
    }
}

TEST_CASE("publish: an identity that is stored already is a duplicate, whatever the subject") {
    Bench b;
    b.open();
    CHECK_FALSE(b.store(1, "one", result_headers(7)).duplicate);
    const Stored again = b.store(2, "other", result_headers(7), "dead.a.trips");
    CHECK_FALSE(again.error);
    CHECK(again.duplicate);
    CHECK(again.sequence == 1);
    CHECK(b.world->read_stream("OUT").size() == 1);
}

TEST_CASE("publish: what is too large is refused, and the next one is stored") {
    Bench b;
    std::size_t size = 0;
    b.make_input();
    SUBCASE("for the stream") {
        b.make_output(1000);
        size = 1001;
    }
    SUBCASE("for the server") {
        b.make_output();
        size = (1 << 20) + 1;
    }
    b.connect();
    const Bound bound = b.bind();
    const Stored refused = b.store(1, std::string(size, 'x'), result_headers(1));
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::too_large);
    CHECK_FALSE(b.store(2, "small", result_headers(2)).error);
    CHECK(b.count_after<Disconnected>(milliseconds(200)) == 0);
    CHECK(bound.max_payload < size);
}

TEST_CASE("publish: exactly max_payload fits") {
    Bench b;
    b.make_input();
    b.make_output(2000);
    b.connect();
    const Bound bound = b.bind();
    const std::vector<Header> headers = {{"Nats-Msg-Id", "1"}};
    // "NATS/1.0" and two line ends, then "key: value" and a line end.
    const std::size_t head = 12 + std::string_view("Nats-Msg-Id: 1\r\n").size();
    CHECK_FALSE(b.store(1, std::string(bound.max_payload - head, 'x'), headers).error);
    const Stored over = b.store(2, std::string(bound.max_payload - head + 1, 'x'), {{"Nats-Msg-Id", "2"}});
    REQUIRE(over.error);
    CHECK(over.error->code == ErrorCode::too_large);
}

TEST_CASE("connection: a server that dies is told, and work goes on when it is back") {
    Bench b;
    b.open();
    CHECK_FALSE(b.store(1, "before", result_headers(1)).error);
    const auto input = b.world->publish("events.a.trips", "x");
    b.world->kill_server();
    b.await<Disconnected>();
    // Nothing is said to be stored; whether anything is said at all is the door's own choice.
    b.door->publish({StoreId{2}, Output::result, "results.a.trips", result_headers(2), "during"});
    b.door->flush();
    b.world->advance(milliseconds(500));
    CHECK_THROWS(b.await_that<Stored>([](const Stored& s) { return !s.error; }, milliseconds(100)));
    b.world->start_server();
    b.await<Reconnected>(seconds(30));
    const Bound bound = b.bind();
    CHECK(bound.input_last_sequence == input);
    CHECK(bound.output_last_sequence[0] == 1);
    CHECK_FALSE(b.store(3, "after", result_headers(2)).error);
    CHECK(b.store(4, "again", result_headers(1)).duplicate);
    b.ack(b.pull_patiently());
    b.world->advance(milliseconds(200));
    CHECK(b.world->consumer("EVENTS", "trips-p0")->ack_floor == input);
    CHECK(b.world->read_stream("OUT").size() == 2);
}

TEST_CASE("connection: a server that turns us away for a while is not the end") {
    Bench b;
    b.open();
    b.world->kill_server();
    b.await<Disconnected>();
    b.world->start_server(World::Logins::refused);
    b.world->advance(seconds(4));
    b.world->kill_server();
    b.world->start_server();
    b.await<Reconnected>(seconds(30));
    b.bind();
    CHECK_FALSE(b.store(1, "after", result_headers(1)).error);
    b.world->publish("events.a.trips", "x");
    CHECK(b.pull_patiently().payload.bytes() == "x");
}
