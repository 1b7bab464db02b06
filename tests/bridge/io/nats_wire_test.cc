#include "bridge/io/nats_wire.h"

#include <doctest/doctest.h>

using namespace millrace;
using namespace millrace::io;

TEST_CASE("subject: only what is one concrete subject may leave") {
    CHECK(is_concrete_subject("results.acme.trip-fares"));
    CHECK(is_concrete_subject("$JS.ACK.EVENTS.c.1.2.3.4.5"));
    for (const std::string_view bad :
         {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\nPUB x 0", "a.*.b", "a.>", "a\x7f", "caf\xc3\xa9"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_concrete_subject(bad));
    }
    CHECK_FALSE(is_concrete_subject(std::string_view("a\0b", 3)));
    CHECK(is_concrete_subject(std::string(1024, 'a')));
    CHECK_FALSE(is_concrete_subject(std::string(1025, 'a')));
    CHECK(is_subject_or_filter("a.*.>"));
    CHECK_FALSE(is_subject_or_filter("a. *"));
}

TEST_CASE("name: one token, nothing that a file name or a subject would split") {
    CHECK(is_name_token("trip-fares-p0"));
    for (const std::string_view bad : {"", "a.b", "a b", "*", ">", "a/b", "a\\b"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_name_token(bad));
    }
    CHECK_FALSE(is_name_token(std::string(256, 'a')));
}

TEST_CASE("header: a key is a token and a value is one line") {
    CHECK(is_wire_header({"Nats-Msg-Id", "1"}));
    CHECK(is_wire_header({"ce-type", ""}));
    for (const char* key : {"", "a:b", "a b", "a\r\nb", "caf\xc3\xa9"}) {
        CAPTURE(key);
        CHECK_FALSE(is_wire_header({key, "v"}));
    }
    for (const char* value : {"a\r\nb", "a\nb", "a\rb", "a\tb", "\x01"}) {
        CAPTURE(value);
        CHECK_FALSE(is_wire_header({"k", value}));
    }
    CHECK_FALSE(is_wire_header({"k", std::string("a\0b", 3)}));
}

TEST_CASE("header block: counted as the server counts it") {
    CHECK(header_block_size({}) == 0);
    const std::string one = "NATS/1.0\r\nNats-Msg-Id: abc\r\n\r\n";
    CHECK(header_block_size({{"Nats-Msg-Id", "abc"}}) == one.size());
}

TEST_CASE("prefixes: a domain, a prefix of one's own, a final dot") {
    settings::Nats nats;
    CHECK(api_prefix(nats) == "$JS.API");
    CHECK(inbox_prefix(nats) == "_INBOX");
    nats.jetstream_domain = "hub";
    CHECK(api_prefix(nats) == "$JS.hub.API");
    nats.api_prefix = "their.api.";
    nats.inbox_prefix = "_INBOX_acme.";
    CHECK(api_prefix(nats) == "their.api");
    CHECK(inbox_prefix(nats) == "_INBOX_acme");
}

TEST_CASE("json_string: escapes what JSON must") {
    CHECK(json_string("a\"b\\c\n\x01") == R"("a\"b\\c\u000a\u0001")");
    CHECK(json_string("events.>") == R"("events.>")");
}

TEST_CASE("time: written and read as RFC 3339") {
    const ServerTime time{std::chrono::nanoseconds(1'795'232'075'290'753'382)};
    CHECK(rfc3339(time) == "2026-11-21T03:34:35.290753382Z");
    CHECK(parse_rfc3339("2026-11-21T03:34:35.290753382Z") == time);
    CHECK(parse_rfc3339("2026-11-21T04:34:35.290753382+01:00") == time);
    CHECK(parse_rfc3339("2026-11-20T22:04:35.290753382-05:30") == time);
    CHECK(parse_rfc3339("1970-01-01T00:00:01Z") == ServerTime{std::chrono::seconds(1)});
    CHECK(parse_rfc3339("1970-01-01T00:00:00.5Z") == ServerTime{std::chrono::milliseconds(500)});
    CHECK(parse_rfc3339(rfc3339(ServerTime{std::chrono::nanoseconds(1)})) == ServerTime{std::chrono::nanoseconds(1)});
}

TEST_CASE("time: the year one is never, and nonsense is nothing") {
    for (const std::string_view bad :
         {"0001-01-01T00:00:00Z", "", "now", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21 03:34:35Z",
          "2026-11-21T03:34:35", "2026-11-21T03:34:35+1:00"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_rfc3339(bad));
    }
}

TEST_CASE("pull: the body says how many, how long and how often to be heard") {
    PullRequest request{.batch = 10, .max_bytes = 1000, .expires = std::chrono::seconds(5)};
    CHECK(pull_body(request) == R"({"batch":10,"max_bytes":1000,"expires":5000000000})");
    request.max_bytes = 0;
    request.heartbeat = std::chrono::seconds(1);
    CHECK(pull_body(request) == R"({"batch":10,"expires":5000000000,"idle_heartbeat":1000000000})");
}

TEST_CASE("wire: what is read from a stream's leader") {
    CHECK(read_body(Read::Which::last, 7, "a.b") == R"({"last_by_subj":"a.b"})");
    CHECK(read_body(Read::Which::at, 7, "a.b") == R"({"seq":7})");
    CHECK(read_body(Read::Which::next, 7, "a.*") == R"({"seq":7,"next_by_subj":"a.*"})");
    CHECK(read_body(Read::Which::next, 0, "a") == R"({"seq":1,"next_by_subj":"a"})");
}

TEST_CASE("nak: with a delay in nanoseconds or without") {
    CHECK(nak_body(Duration::zero()) == "-NAK");
    CHECK(nak_body(std::chrono::milliseconds(700)) == R"(-NAK {"delay":700000000})");
}

TEST_CASE("tokens: read back from our own subjects only") {
    const auto slot = parse_slot_token("_INBOX.x.3.1.77", "_INBOX.x");
    REQUIRE(slot);
    CHECK(slot->partition == 3);
    CHECK(slot->slot == 1);
    CHECK(slot->number == 77);
    for (const std::string_view other :
         {"_INBOX.x", "_INBOX.x.", "_INBOX.x.3.1", "_INBOX.x.3.1.77.1", "_INBOX.xx.3.1.77", "_INBOX.y.3.1.77",
          "_INBOX.x.3.1.7a", "_INBOX.x.-3.1.7", "events.a.trips"}) {
        CAPTURE(other);
        CHECK_FALSE(parse_slot_token(other, "_INBOX.x"));
    }
    CHECK(parse_number_token("_INBOX.x.ack.18446744073709551615", "_INBOX.x.ack") == UINT64_MAX);
    CHECK_FALSE(parse_number_token("_INBOX.x.ack.18446744073709551616", "_INBOX.x.ack"));
}
