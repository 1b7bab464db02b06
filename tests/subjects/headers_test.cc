#include "subjects/headers.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace millrace::subjects {

TEST_CASE("headers: trace context and cloud events pass on, in any case") {
    for (const std::string_view name :
         {"traceparent", "Traceparent", "TRACESTATE", "ce-id", "Ce-Source", "CE-TYPE", "ce-x"}) {
        CAPTURE(name);
        CHECK(is_passed_on(name));
    }
}

TEST_CASE("headers: nothing of the server's, of ours, or unknown passes on") {
    for (const std::string_view name :
         {"", "Nats-Msg-Id", "nats-expected-stream", "Nats-Rollup", "Nats-TTL", "Millrace-Tenant", "millrace-reason",
          "ce", "ce-", "cex", "ce_id", "traceparent2", "xtraceparent", "Authorization", "Cookie", "Status", "ace-id",
          " traceparent", "traceparent "}) {
        CAPTURE(name);
        CHECK_FALSE(is_passed_on(name));
    }
}

TEST_CASE("headers: a name is 1 to 64 of A-Z a-z 0-9 and -") {
    CHECK(is_safe_header({"ce-id", "1"}));
    CHECK(is_safe_header({std::string(64, 'x'), ""}));
    CHECK_FALSE(is_safe_header({"", "1"}));
    CHECK_FALSE(is_safe_header({std::string(65, 'x'), "1"}));
    for (const std::string name : {"a b", "a:b", "a\r\nb", "a\n", "a_b", "a.b", "caf\xc3\xa9", "a\tb"}) {
        CAPTURE(name);
        CHECK_FALSE(is_safe_header({name, "1"}));
    }
    CHECK_FALSE(is_safe_header({std::string("a\0b", 3), "1"}));
}

TEST_CASE("headers: a value is printable ASCII and ends at 4096 bytes") {
    CHECK(is_safe_header({"a", ""}));
    CHECK(is_safe_header({"a", " !\"~ 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}));
    CHECK(is_safe_header({"a", std::string(4096, 'v')}));
    CHECK_FALSE(is_safe_header({"a", std::string(4097, 'v')}));
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        CHECK(is_safe_header({"a", std::string(1, static_cast<char>(byte))}) == (byte >= 0x20 && byte <= 0x7e));
    }
    CHECK_FALSE(is_safe_header({"a", "x\r\nNats-Rollup: all"}));
}

TEST_CASE("headers: our own values are made printable and cut") {
    CHECK(printable("plain text") == "plain text");
    CHECK(printable("a\r\nNats-Rollup: all\x1b[31m") == "a??Nats-Rollup: all?[31m");
    CHECK(printable("caf\xc3\xa9") == "caf??");
    CHECK(printable(std::string_view("\0x", 2)) == "?x");
    CHECK(printable("").empty());
    CHECK(printable(std::string(600, 'x')).size() == 512);
    CHECK(printable("abcdef", 3) == "abc");
    for (int byte = 0; byte < 256; ++byte) {
        CHECK(is_safe_header({"a", printable(std::string(1, static_cast<char>(byte)))}));
    }
}

}  // namespace millrace::subjects
