#include "bridge/app/trace_report.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::app;

namespace {

StreamMessage result() {
    return {52,
            {},
            "results.acme.fares",
            {{"Nats-Msg-Id", std::string(32, 'a')},
             {"Millrace-Pipeline", "fares"},
             {"Millrace-Tenant", "acme"},
             {"Millrace-Input-Stream", "EVENTS"},
             {"Millrace-Input-Sequence", "11"},
             {"Millrace-Element", "0"},
             {"Millrace-Request-Id", "r-1"},
             {"Millrace-Audit-Sequence", "7"}},
            R"({"score":"secret"})"};
}

StreamMessage audit() {
    return {
        7,
        {},
        "millrace.audit.fares",
        {},
        R"({"event":"request","first_sequence":9,"last_sequence":15,"count":4,"request_id":"r-1","address":"http://m",)"
        R"("deployment":"blue","status":200,"at":"now","settled":[{"tenant":"acme","results":[")" +
            std::string(32, 'a') + R"("]},{"tenant":"beta","results":[]}]})"};
}

}  // namespace

TEST_CASE("trace: a result says which event it is of, and where its audit message is") {
    const auto origin = origin_of(result());
    REQUIRE(origin);
    CHECK(origin->kind == "result");
    CHECK(origin->tenant == "acme");
    CHECK(origin->input_stream == "EVENTS");
    CHECK(origin->first_sequence == 11);
    CHECK(origin->element == "0");
    CHECK(origin->audited == std::vector<std::uint64_t>{7});
}

TEST_CASE("trace: what is no result is refused") {
    StreamMessage foreign = result();
    foreign.headers.clear();
    CHECK(origin_of(foreign).error().text.contains("no result of Millrace"));
    StreamMessage no_event = result();
    no_event.headers[4].second = "x";
    CHECK(origin_of(no_event).error().text.contains("which event"));
    StreamMessage told = audit();
    told.headers = {{"Millrace-Pipeline", "fares"}, {"Millrace-Kind", "audit"}};
    CHECK(origin_of(told).error().text.contains("no result of Millrace"));
}

TEST_CASE("trace: a batch names all of its audit messages") {
    StreamMessage batch = result();
    batch.headers = {{"Millrace-Pipeline", "fares"},   {"Millrace-Tenant", "acme"},
                     {"Millrace-Kind", "results"},     {"Millrace-Input-Stream", "EVENTS"},
                     {"Millrace-First-Sequence", "3"}, {"Millrace-First-Element", "0"},
                     {"Millrace-Last-Sequence", "9"},  {"Millrace-Last-Element", "1"},
                     {"Millrace-Generation", "1"},     {"Millrace-Partition", "0"}};
    batch.payload = R"({"sequences":[3,9],"elements":[0,1],"audit":[8,6,8],"results":[[[[[[[[[[[1]]]]]]]]]],2]})";
    const auto origin = origin_of(batch);
    REQUIRE(origin);
    CHECK_FALSE(origin->is_of_one_event());
    CHECK(origin->first_sequence == 3);
    CHECK(origin->last_sequence == 9);
    CHECK(origin->audited == std::vector<std::uint64_t>{6, 8});
}

TEST_CASE("trace: an audit message is believed only where it tells of the result's request and identity") {
    const auto request = request_in(audit());
    REQUIRE(request);
    CHECK(request->tenants == std::vector<std::string>{"acme", "beta"});
    const auto origin = origin_of(result());
    CHECK(tells_of(*request, *origin, result()));
    StreamMessage other = result();
    other.headers[0].second = std::string(32, 'b');
    CHECK_FALSE(tells_of(*request, *origin, other));
    StreamMessage asked_again = result();
    asked_again.headers[6].second = "r-2";
    CHECK_FALSE(tells_of(*request, *origin, asked_again));
    CHECK_FALSE(request_in(result()));
}

TEST_CASE("trace: the report shows the way and no payload") {
    TraceReport report{{"RESULTS", result()}, *origin_of(result()), {}, {}, {"the event: it is gone"}};
    report.audit.push_back({{"AUDIT", audit()}, *request_in(audit())});
    const std::string shown = text(report);
    for (const char* const part : {"RESULTS:52", "EVENTS:11  event 0", "r-1", "AUDIT:7", "http://m",
                                   "200 from deployment blue", "EVENTS:9 to 15, 4 events of acme, beta"}) {
        CAPTURE(part);
        CHECK(shown.contains(part));
    }
    CHECK_FALSE(shown.contains("secret"));
    CHECK_FALSE(json(report).contains("secret"));
    CHECK(json(report).contains(R"("said":{"event":"request")"));
    CHECK(json(report).contains(R"("gaps":["the event: it is gone"])"));
}
