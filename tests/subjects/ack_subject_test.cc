#include "subjects/ack_subject.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace millrace::subjects {

namespace {

constexpr std::string_view kShort = "$JS.ACK.EVENTS.trip-fares-p0.2.1234.56.1700000000123456789.789";
constexpr std::string_view kLong = "$JS.ACK.hub.ACCHASH.EVENTS.trip-fares-p0.2.1234.56.1700000000123456789.789";

void check_fields(std::string_view subject) {
    CAPTURE(subject);
    const auto ack = parse_ack_subject(subject);
    REQUIRE(ack);
    CHECK(ack->stream == "EVENTS");
    CHECK(ack->consumer == "trip-fares-p0");
    CHECK(ack->delivered == 2);
    CHECK(ack->stream_sequence == 1234);
    CHECK(ack->consumer_sequence == 56);
    CHECK(ack->stored_at.time_since_epoch().count() == 1700000000123456789);
    CHECK(ack->pending == 789);
}

}  // namespace

TEST_CASE("ack subject: both forms give the same fields") {
    check_fields(kShort);
    check_fields(kLong);
    check_fields("$JS.ACK._.ACCHASH.EVENTS.trip-fares-p0.2.1234.56.1700000000123456789.789");
}

TEST_CASE("ack subject: the long form may grow at its end") {
    check_fields(std::string(kLong) + ".random");
    check_fields(std::string(kLong) + ".more.and.more.of.it.than.there.is.room.for");
}

TEST_CASE("ack subject: names are views into the subject") {
    const auto ack = parse_ack_subject(kShort);
    REQUIRE(ack);
    CHECK(ack->stream.data() == kShort.data() + 8);
}

TEST_CASE("ack subject: the largest numbers fit, the next ones do not") {
    CHECK(parse_ack_subject(
        "$JS.ACK.S.C.18446744073709551615.18446744073709551615.18446744073709551615.9223372036854775807.0"));
    CHECK_FALSE(parse_ack_subject("$JS.ACK.S.C.18446744073709551616.1.1.1.0"));
    CHECK_FALSE(parse_ack_subject("$JS.ACK.S.C.1.1.1.9223372036854775808.0"));
}

TEST_CASE("ack subject: everything else is refused and quoted") {
    for (const std::string_view bad : {"",
                                       ".",
                                       "$JS",
                                       "$JS.ACK",
                                       "$JS.ACK.S.C.1.1.1.1",
                                       "$JS.ACK.d.S.C.1.1.1.1.1",
                                       "$JS.NAK.S.C.1.1.1.1.1",
                                       "$js.ack.S.C.1.1.1.1.1",
                                       "X.ACK.S.C.1.1.1.1.1",
                                       "$JS.ACK..C.1.1.1.1.1",
                                       "$JS.ACK.S..1.1.1.1.1",
                                       "$JS.ACK.S.C..1.1.1.1",
                                       "$JS.ACK.S.C.1.1.1.1.",
                                       "$JS.ACK.S.C.-1.1.1.1.1",
                                       "$JS.ACK.S.C.+1.1.1.1.1",
                                       "$JS.ACK.S.C.1x.1.1.1.1",
                                       "$JS.ACK.S.C.0x1.1.1.1.1",
                                       "$JS.ACK.S.C.1.1.1.-1.1",
                                       "$JS.ACK.S.C.0.1.1.1.1",
                                       "$JS.ACK.S.C.1.0.1.1.1",
                                       "$JS.ACK.S.C.1.1.0.1.1",
                                       "$JS.ACK.S C.C.1.1.1.1.1",
                                       "$JS.ACK.S.*.1.1.1.1.1",
                                       "$JS.ACK.>.C.1.1.1.1.1",
                                       "$JS.ACK.S.C\r\nPUB x 0\r\n.1.1.1.1.1",
                                       "_INBOX.abc.1",
                                       "$JS.ACK.d.a.S.C.1.1.1.1.x",
                                       "$JS.ACK.d.a.S.C.1.1.1.1.1.a b"}) {
        CAPTURE(bad);
        const auto ack = parse_ack_subject(bad);
        REQUIRE_FALSE(ack);
        CHECK(ack.error().code == ErrorCode::invalid);
        CHECK(ack.error().text.find_first_of("\r\n") == std::string::npos);
        const auto start = bad.substr(0, bad.find('\r'));
        CHECK(ack.error().text.find(start) != std::string::npos);
    }
    CHECK(parse_ack_subject(std::string(100'000, '.')).error().text.size() < 400);
}

TEST_CASE("ack subject: no cut of a good one is a good one, unless it is the last number that is cut") {
    for (std::size_t size = 0; size < kShort.size() - 2; ++size) {
        CAPTURE(size);
        CHECK_FALSE(parse_ack_subject(kShort.substr(0, size)));
    }
}

}  // namespace millrace::subjects
