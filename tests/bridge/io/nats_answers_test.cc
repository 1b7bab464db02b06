#include "bridge/io/nats_answers.h"

#include <doctest/doctest.h>

#include "bridge/io/nats_wire.h"

using namespace millrace;
using namespace millrace::io;

namespace {

Stored pub_ack(std::string_view json) { return parse_pub_ack(StoreId{5}, json); }

std::string refusal(int code, int err_code) {
    return R"({"error":{"code":)" + std::to_string(code) + R"(,"err_code":)" + std::to_string(err_code) +
           R"(,"description":"why"},"stream":"OUT","seq":0})";
}

}  // namespace

TEST_CASE("PubAck: a sequence, perhaps of an earlier message") {
    const auto fresh = pub_ack(R"({"stream":"OUT","seq":42})");
    CHECK(fresh.id == StoreId{5});
    CHECK_FALSE(fresh.error);
    CHECK(fresh.sequence == 42);
    CHECK_FALSE(fresh.duplicate);
    CHECK(pub_ack(R"({"stream":"OUT","seq":42,"duplicate":true,"domain":"hub"})").duplicate);
}

TEST_CASE("PubAck: every refusal has its reaction") {
    struct Row {
        int code;
        int err_code;
        ErrorCode reaction;
    };
    for (const auto& [code, err_code, reaction] : {
             Row{400, 10060, ErrorCode::misconfigured},  // expected stream does not match
             Row{400, 10109, ErrorCode::misconfigured},  // sealed
             Row{503, 10076, ErrorCode::misconfigured},  // not enabled
             Row{400, 10054, ErrorCode::too_large},      // message size
             Row{400, 10097, ErrorCode::too_large},      // header size
             Row{503, 10008, ErrorCode::unavailable},    // system temporarily unavailable
             Row{503, 10009, ErrorCode::unavailable},    // no quorum
             Row{503, 10118, ErrorCode::unavailable},    // stream offline
             Row{503, 10077, ErrorCode::unavailable},    // maximum messages
             Row{409, 10158, ErrorCode::unavailable},    // the same identity is in process
             Row{400, 10164, ErrorCode::conflict}, Row{429, 10167, ErrorCode::unavailable},  // too many requests
             Row{400, 99999, ErrorCode::unavailable},  // whatever comes: again later
         }) {
        CAPTURE(err_code);
        const auto stored = pub_ack(refusal(code, err_code));
        REQUIRE(stored.error);
        CHECK(stored.error->code == reaction);
        CHECK(stored.error->text.contains(std::to_string(err_code)));
        CHECK(stored.error->text.contains("why"));
    }
}

TEST_CASE("PubAck: what is none never counts as stored") {
    for (const std::string_view text :
         {"", "+OK", "[]", "{}", R"({"stream":"OUT","seq":0})", R"({"stream":"OUT","seq":"7"})",
          R"({"stream":"OUT","seq":-1})", R"({"stream":"OUT","seq":42)"}) {
        CAPTURE(text);
        const auto stored = pub_ack(text);
        REQUIRE(stored.error);
        CHECK(stored.error->code == ErrorCode::unavailable);
    }
}

TEST_CASE("API errors: not found, refused as we are, later") {
    CHECK(parse_stream(refusal(404, 10059)).error().code == ErrorCode::not_found);
    CHECK(parse_consumer(refusal(404, 10014)).error().code == ErrorCode::not_found);
    CHECK(parse_message(refusal(404, 10037)).error().code == ErrorCode::not_found);
    CHECK(parse_stream(refusal(400, 10025)).error().code == ErrorCode::misconfigured);
    CHECK(parse_account(refusal(503, 10039)).error().code == ErrorCode::misconfigured);
    CHECK(parse_stream(refusal(503, 10008)).error().code == ErrorCode::unavailable);
    CHECK(parse_success(refusal(429, 10167)).error().code == ErrorCode::unavailable);
    CHECK(parse_stream("no JSON").error().code == ErrorCode::unavailable);
    CHECK(parse_stream("{}").error().code == ErrorCode::unavailable);
}

TEST_CASE("stream: as server 2.9 describes it") {
    const auto stream = parse_stream(
        R"({"type":"io.nats.jetstream.api.v1.stream_info_response","config":{"name":"EV","subjects":["a.*.b","ew.\u003e"],)"
        R"("retention":"limits","max_msgs":-1,"max_bytes":1000,"max_age":60000000000,"max_msgs_per_subject":-1,)"
        R"("max_msg_size":5000,"discard":"old","storage":"file","num_replicas":3,"duplicate_window":120000000000,)"
        R"("sealed":false},"created":"2026-11-21T03:34:35.286519878Z","state":{"messages":3,"bytes":135,"first_seq":1,)"
        R"("first_ts":"2026-11-21T03:34:35.290753382Z","last_seq":3,"last_ts":"0001-01-01T00:00:00Z"}})");
    REQUIRE(stream);
    CHECK(stream->name == "EV");
    CHECK(stream->subjects == std::vector<std::string>{"a.*.b", "ew.>"});
    CHECK(stream->max_bytes == 1000);
    CHECK(stream->max_msg_size == 5000);
    CHECK(stream->max_age == std::chrono::minutes(1));
    CHECK(stream->duplicate_window == std::chrono::minutes(2));
    CHECK(stream->replicas == 3);
    CHECK(stream->last_sequence == 3);
    CHECK(stream->created == parse_rfc3339("2026-11-21T03:34:35.286519878Z"));
    CHECK(stream->first_stored == parse_rfc3339("2026-11-21T03:34:35.290753382Z"));
    CHECK_FALSE(stream->last_stored);
    CHECK_FALSE(stream->server_now);
    CHECK_FALSE(stream->has_transform);
}

TEST_CASE("stream: what newer servers add") {
    const auto stream = parse_stream(R"({"config":{"name":"EV","subject_transform":{"src":"a","dest":"b"},)"
                                     R"("persist_mode":"async"},"ts":"2026-11-21T03:34:36Z"})");
    REQUIRE(stream);
    CHECK(stream->has_transform);
    CHECK(stream->persist_mode == "async");
    CHECK(stream->server_now == parse_rfc3339("2026-11-21T03:34:36Z"));
}

TEST_CASE("consumer: the later of delivery and ack is its last activity") {
    const std::string head =
        R"({"stream_name":"EV","name":"d","created":"2026-11-21T03:34:35Z","config":{)"
        R"("durable_name":"d","deliver_policy":"all","ack_policy":"explicit","ack_wait":700000000,)"
        R"("max_deliver":-1,"filter_subject":"events.*.trips","max_ack_pending":1000},)";
    const auto consumer =
        parse_consumer(head + R"("delivered":{"consumer_seq":2,"stream_seq":2,"last_active":"2026-11-21T03:34:35.3Z"},)"
                              R"("ack_floor":{"consumer_seq":1,"stream_seq":1,"last_active":"2026-11-21T03:34:36.6Z"},)"
                              R"("num_ack_pending":1,"num_pending":7})");
    REQUIRE(consumer);
    CHECK(consumer->filters == std::vector<std::string>{"events.*.trips"});
    CHECK(consumer->ack_wait == std::chrono::milliseconds(700));
    CHECK(consumer->delivered_sequence == 2);
    CHECK(consumer->ack_floor == 1);
    CHECK(consumer->ack_pending == 1);
    CHECK(consumer->pending == 7);
    CHECK(consumer->last_active == parse_rfc3339("2026-11-21T03:34:36.6Z"));
    const auto forgetful = parse_consumer(head + R"("delivered":{"stream_seq":2},"ack_floor":{"stream_seq":1}})");
    REQUIRE(forgetful);
    CHECK_FALSE(forgetful->last_active);
}

TEST_CASE("message: headers and bytes come out of base64") {
    // "NATS/1.0\r\nA: b\r\nC:d e \r\n\r\n" and three bytes 00 ff 41
    const auto message = parse_message(
        R"({"message":{"subject":"events.a.trips","seq":9,"hdrs":"TkFUUy8xLjANCkE6IGINCkM6ZCBlIA0KDQo=","data":"AP9B",)"
        R"("time":"2026-11-21T03:34:35Z"}})");
    REQUIRE(message);
    CHECK(message->sequence == 9);
    CHECK(message->headers == std::vector<Header>{{"A", "b"}, {"C", "d e"}});
    CHECK(message->payload == std::string("\0\xff"
                                          "A",
                                          3));
}

TEST_CASE("names: a page may be empty or null") {
    CHECK(parse_names(R"({"total":2,"streams":["A","B"]})", "streams")->names == std::vector<std::string>{"A", "B"});
    CHECK(parse_names(R"({"total":0,"streams":null})", "streams")->names.empty());
}

TEST_CASE("greeting and account: version, API level") {
    const auto server =
        parse_server_info(R"({"version":"2.9.10","jetstream":true,"headers":true,"max_payload":1048576})");
    REQUIRE(server);
    CHECK(server->version == "2.9.10");
    CHECK(server->jetstream);
    CHECK(server->max_payload == 1048576);
    CHECK(parse_account(R"({"api":{"total":0,"errors":0}})")->api_level == 0);
    CHECK(parse_account(R"({"api":{"level":5}})")->api_level == 5);
}

TEST_CASE("answers: another last sequence is a conflict, whichever number says it") {
    for (const int err_code : {10071, 10164}) {
        const auto stored = pub_ack(refusal(400, err_code));
        REQUIRE(stored.error);
        CHECK(stored.error->code == ErrorCode::conflict);
        CHECK(stored.refused);
    }
}

TEST_CASE("answers: a read that finds nothing is answered; a stream that is missing is not") {
    const auto nothing = parse_read(7, refusal(404, 10037));
    CHECK(nothing.number == 7);
    CHECK_FALSE(nothing.error);
    CHECK_FALSE(nothing.message);
    CHECK(parse_read(7, refusal(404, 10059)).error->code == ErrorCode::not_found);
    CHECK(parse_read(7, refusal(503, 10008)).error->code == ErrorCode::unavailable);
    CHECK(parse_read(7, "garbage").error->code == ErrorCode::unavailable);
    const auto found =
        parse_read(7, R"({"message":{"subject":"a.b","seq":9,"data":"eA==","time":"2026-01-01T00:00:00Z"}})");
    REQUIRE(found.message);
    CHECK(found.message->sequence == 9);
    CHECK(found.message->payload == "x");
}
