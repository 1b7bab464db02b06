#include "bridge/io/nats_admin.h"

#include <doctest/doctest.h>

#include "bridge/io/nats_bind.h"
#include "bridge/io/nats_find.h"
#include "bridge/io/tcp_connect.h"
#include "subjects/identity.h"

using namespace millrace;
using namespace millrace::io;

TEST_CASE("consumer body: a durable that never gives up, from where the start says") {
    ConsumerWish wish;
    wish.stream = "EVENTS";
    wish.name = "trips-p0";
    wish.filter = "events.*.trips";
    wish.ack_wait = std::chrono::seconds(30);
    wish.max_ack_pending = 4000;
    std::string policy = R"("deliver_policy":"all")";
    SUBCASE("all") {}
    SUBCASE("new") {
        wish.start = settings::StartNew{};
        policy = R"("deliver_policy":"new")";
    }
    SUBCASE("time") {
        wish.start = ServerTime{std::chrono::seconds(1)};
        policy = R"("deliver_policy":"by_start_time","opt_start_time":"1970-01-01T00:00:01.000000000Z")";
    }
    SUBCASE("sequence") {
        wish.start = std::uint64_t{7};
        policy = R"("deliver_policy":"by_start_sequence","opt_start_seq":7)";
    }
    CHECK(consumer_body(wish) ==
          R"({"stream_name":"EVENTS","config":{)" + policy +
              R"(,"durable_name":"trips-p0","name":"trips-p0","ack_policy":"explicit","replay_policy":"instant",)"
              R"("max_deliver":-1,"filter_subject":"events.*.trips","ack_wait":30000000000,"max_ack_pending":4000},)"
              R"("action":"create"})");
}

TEST_CASE("changed config: adds, widens and keeps what it does not know") {
    const std::string config =
        R"({"name":"OUT","subjects":["a.>"],"duplicate_window":1,"new_in_2030":{"x":[1,2.50,"é"]},)"
        R"("big":18446744073709551615})";
    StreamChange change;
    change.add_subjects = {"b.*", "a.>"};
    change.duplicate_window = std::chrono::seconds(2);
    change.transform_source = "s.*";
    change.transform_target = "s.{{wildcard(1)}}";
    CHECK(changed_config(config, change) ==
          R"({"name":"OUT","new_in_2030":{"x":[1,2.5,"é"]},"big":18446744073709551615,"subjects":["a.>","b.*"],)"
          R"("duplicate_window":2000000000,"subject_transform":{"src":"s.*","dest":"s.{{wildcard(1)}}"}})");
    CHECK_FALSE(changed_config("[]", change));
}

TEST_CASE("consumer in the way: the difference is named") {
    StreamFound stream;
    stream.subjects = {"events.>"};
    ConsumerFound consumer;
    consumer.filters = {"events.*.trips"};
    consumer.ack_policy = "explicit";
    CHECK(unfit_because(consumer, stream, "events.*.trips").empty());
    CHECK(unfit_because(consumer, stream, "events.*.other").contains("events.*.trips"));
    consumer.filters.clear();
    CHECK(unfit_because(consumer, stream, "events.*.trips").contains("none"));
    stream.subjects = {"events.*.trips"};
    CHECK(unfit_because(consumer, stream, "events.*.trips").empty());
    consumer.ack_policy = "none";
    CHECK(unfit_because(consumer, stream, "events.*.trips").contains("ack policy"));
    consumer.ack_policy = "explicit";
    consumer.deliver_subject = "push.here";
    CHECK(unfit_because(consumer, stream, "events.*.trips").contains("push"));
    consumer.deliver_subject.clear();
    consumer.headers_only = true;
    CHECK(unfit_because(consumer, stream, "events.*.trips").contains("headers"));
}

TEST_CASE("find: wants this pipeline's identities of inputs in the range") {
    subjects::EventOrigin origin;
    origin.pipeline = "trips";
    origin.sequence = 5;
    const Identity id = subjects::event_identity(origin);
    const auto headers = [&](const char* pipeline, const char* sequence) {
        return std::vector<Header>{{"Nats-Msg-Id", subjects::to_hex(id)},
                                   {"Millrace-Pipeline", pipeline},
                                   {"Millrace-Input-Sequence", sequence}};
    };
    Find find;
    find.input_above = 4;
    find.input_to = 5;
    CHECK(wanted_identity(headers("trips", "5"), "trips", find) == id);
    CHECK_FALSE(wanted_identity(headers("trips", "4"), "trips", find));
    CHECK_FALSE(wanted_identity(headers("trips", "6"), "trips", find));
    CHECK_FALSE(wanted_identity(headers("other", "5"), "trips", find));
    CHECK_FALSE(wanted_identity(headers("trips", "5x"), "trips", find));
    CHECK_FALSE(wanted_identity(headers("trips", ""), "trips", find));
    CHECK_FALSE(wanted_identity(std::vector<Header>{}, "trips", find));
    auto aggregate = headers("trips", "");
    aggregate.pop_back();
    CHECK(wanted_identity(aggregate, "trips", find) == id);
    CHECK_FALSE(wanted_identity(aggregate, "other", find));
    auto forged = headers("trips", "5");
    forged[0].second = "not-an-identity";
    CHECK_FALSE(wanted_identity(forged, "trips", find));
}

TEST_CASE("address: host and port of a URL") {
    const auto is = [](std::string_view url, std::string_view host, std::string_view port) {
        const auto address = tcp_address(url, "4222");
        return address.host == host && address.port == port;
    };
    CHECK(is("nats://127.0.0.1:14222", "127.0.0.1", "14222"));
    CHECK(is("127.0.0.1", "127.0.0.1", "4222"));
    CHECK(is("nats://user:pa@ss@host:1", "host", "1"));
    CHECK(is("http://[::1]:80/score?a@b:c", "::1", "80"));
    CHECK(is("http://[::1]/x", "::1", "4222"));
    CHECK(is("http://host/path:9", "host", "4222"));
}
