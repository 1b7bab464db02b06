#include "bridge/codec/agreement.h"

#include <doctest/doctest.h>

#include <string>

#include "bridge/codec/difference.h"

using namespace millrace;
using codec::Agreement;

namespace {

bool agree(const std::string& left, const std::string& right, double absolute = 0.01, double relative = 0.001) {
    return Agreement({absolute, relative}).between(left, right);
}

}  // namespace

TEST_CASE("agreement: numbers by either tolerance") {
    CHECK(agree("1", "1.01"));
    CHECK_FALSE(agree("1", "1.02"));
    CHECK(agree("-0.5", "-0.505"));
    CHECK(agree("100000", "100099"));
    CHECK_FALSE(agree("100000", "100201"));
    CHECK_FALSE(agree("1", "-1"));
    CHECK(agree("1", "1.0", 0, 0));
    CHECK_FALSE(agree("1", "1.0000001", 0, 0));
}

TEST_CASE("agreement: anything else is the same value or is not") {
    CHECK(agree(R"("a")", R"("\u0061")"));
    CHECK_FALSE(agree(R"("a")", R"("b")"));
    CHECK(agree("true", "true"));
    CHECK_FALSE(agree("true", "false"));
    CHECK_FALSE(agree("null", "0"));
    CHECK_FALSE(agree(R"("1")", "1"));
}

TEST_CASE("agreement: lists and objects element by element") {
    CHECK(agree("[1, [2, 3]]", "[1.005,[2.005,3]]"));
    CHECK_FALSE(agree("[1,2]", "[1,2,3]"));
    CHECK_FALSE(agree("[1,2,3]", "[1,2]"));
    CHECK_FALSE(agree("[1,[2,3]]", "[1,[2,4]]"));
    CHECK(agree("[]", "[ ]"));
    CHECK(agree(R"({"a":1,"b":{"c":2}})", R"({"b":{"c":2.005},"a":1})"));
    CHECK_FALSE(agree(R"({"a":1})", R"({"a":1,"b":2})"));
    CHECK_FALSE(agree(R"({"a":1})", R"({"b":1})"));
    CHECK_FALSE(agree("{}", "[]"));
}

TEST_CASE("agreement: whole numbers beyond 2^53 are told apart where nothing is tolerated") {
    CHECK_FALSE(agree("9007199254740992", "9007199254740993", 0, 0));
    CHECK(agree("18446744073709551615", "18446744073709551615 ", 0, 0));
}

TEST_CASE("agreement: what is no value agrees with nothing but itself, and a bomb takes no time") {
    CHECK(agree("1e400", "1e400"));
    CHECK_FALSE(agree("1e400", "1e401"));
    CHECK_FALSE(agree("nonsense", "1"));
    const std::string deep(100000, '[');
    CHECK_FALSE(agree(deep, "1"));
    CHECK_FALSE(agree(deep, deep + "1"));
    std::string wide = "{";
    for (int i = 0; i < 100000; ++i) wide += '"' + std::to_string(i) + "\":1,";
    CHECK(agree(wide + "\"z\":1}", wide + "\"z\": 1}"));
}

TEST_CASE("difference: goes to its tenant, under an identity of its own, with both scores") {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.input.stream = "EVENTS";
    pipeline.endpoint.shadow.address.url = "http://127.0.0.1:2/score";
    pipeline.endpoint.shadow.subject = "shadow.{tenant}.trips";
    Delivery delivery;
    delivery.tenant = "acme";
    delivery.stream_sequence = 17;
    Event event;
    event.element = 3;
    event.settlement.score = "1.5";
    event.settlement.deployment = "blue";
    const auto made =
        codec::DifferenceRenderer(pipeline).render(codec::scored_event(delivery, event), R"({"p":2})", "green\r\nX: y");
    REQUIRE(made);
    CHECK(made->subject == "shadow.acme.trips");
    CHECK(made->payload == R"({"score":1.5,"shadow":{"p":2}})");
    const auto header = [&](const std::string& name) {
        for (const auto& [key, value] : made->headers) {
            if (key == name) return value;
        }
        return std::string();
    };
    CHECK(header("Nats-Msg-Id") == std::string(32, '0') + "-shadow");
    CHECK(header("Millrace-Input-Sequence") == "17");
    CHECK(header("Millrace-Element") == "3");
    CHECK(header("Millrace-Deployment") == "blue");
    CHECK(header("Millrace-Shadow-Deployment").find('\n') == std::string::npos);
}
