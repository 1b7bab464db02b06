#include "bridge/base/log_line.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace millrace::logging {

namespace {

constexpr auto kAt = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(1'700'000'000'007));

std::string json(std::string_view text) { return format({.at = kAt, .event = "held", .text = text}, Form::json); }
std::string text(std::string_view text) { return format({.at = kAt, .event = "held", .text = text}, Form::text); }

// What `json` and `text` put around an escaped text.
std::string json_of(std::string_view escaped) {
    return R"({"ts":"2023-11-14T22:13:20.007Z","level":"info","event":"held","text":")" + std::string(escaped) + "\"}";
}
std::string text_of(std::string_view escaped) { return "2023-11-14T22:13:20.007Z info held: " + std::string(escaped); }

Time at(int seconds) { return Time(std::chrono::seconds(1000 + seconds)); }

}  // namespace

TEST_CASE("log line: both forms, with every field") {
    const Line line{.at = kAt,
                    .level = Level::warning,
                    .event = "held",
                    .text = "endpoint says 401",
                    .pipeline = "trip-fares",
                    .left_out = 3};
    CHECK(
        format(line, Form::json) ==
        R"({"ts":"2023-11-14T22:13:20.007Z","level":"warning","event":"held","pipeline":"trip-fares","text":"endpoint says 401","left_out":3})");
    CHECK(format(line, Form::text) ==
          "2023-11-14T22:13:20.007Z warning trip-fares held (3 more left out): endpoint says 401");
    CHECK(json("") == json_of(""));
    CHECK(text("") == text_of(""));
}

TEST_CASE("log line: quotes and backslashes stay inside their string") {
    CHECK(json(R"(a "b" \ c)") == json_of(R"(a \"b\" \\ c)"));
    CHECK(text(R"(a "b" \ c)") == text_of(R"(a "b" \\ c)"));
    CHECK(json(R"(","level":"error","x":")") == json_of(R"(\",\"level\":\"error\",\"x\":\")"));
}

TEST_CASE("log line: a line end in a value begins no line") {
    const std::string_view forged = "x\r\n{\"level\":\"error\"}";
    CHECK(json(forged) == json_of(R"(x\u000d\n{\"level\":\"error\"})"));
    CHECK(text(forged) == text_of(R"(x\u000d\n{"level":"error"})"));
    // In the other fields, too.
    const Line line{.at = kAt, .event = "e\n\"", .text = "t", .pipeline = "p\n\""};
    CHECK(format(line, Form::json) ==
          R"({"ts":"2023-11-14T22:13:20.007Z","level":"info","event":"e\n\"","pipeline":"p\n\"","text":"t"})");
    CHECK(format(line, Form::text) == R"(2023-11-14T22:13:20.007Z info p\n" e\n": t)");
}

TEST_CASE("log line: nothing in a value moves a terminal's cursor or turns the text around") {
    CHECK(text("\x1b[2J\x1b[31mred") == text_of(R"(\u001b[2J\u001b[31mred)"));
    CHECK(text("a\x08\x7f") == text_of(R"(a\u0008\u007f)"));
    CHECK(text("\xc2\x9b"
               "31m") == text_of(R"(\u009b31m)"));                          // CSI in one character
    CHECK(text("\xe2\x80\xa8\xe2\x80\xae") == text_of(R"(\u2028\u202e)"));  // line separator, right-to-left override
    CHECK(text("\xe2\x81\xa6\xef\xbb\xbf") == text_of(R"(\u2066\ufeff)"));
    CHECK(json("\xf3\xa0\x81\x81") == json_of(R"(\udb40\udc41)"));  // an invisible tag character
    CHECK(json(std::string_view("\0", 1)) == json_of(R"(\u0000)"));
}

TEST_CASE("log line: other languages stay readable, bytes that are no UTF-8 do not get out") {
    CHECK(json("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x95") == json_of("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x95"));
    CHECK(json("\xff") == json_of(R"(\ufffd)"));
    CHECK(json("a\xc3") == json_of(R"(a\ufffd)"));          // cut short
    CHECK(json("\xc3\"") == json_of(R"(\ufffd\")"));        // a lead byte swallows no quote
    CHECK(json("\xc0\x8a") == json_of(R"(\ufffd\ufffd)"));  // an overlong line end
    CHECK(json("\xe0\x80\x8a") == json_of(R"(\ufffd\ufffd\ufffd)"));
    CHECK(json("\xed\xa0\x80") == json_of(R"(\ufffd\ufffd\ufffd)"));            // a surrogate
    CHECK(json("\xf4\x90\x80\x80") == json_of(R"(\ufffd\ufffd\ufffd\ufffd)"));  // beyond the last plane
    CHECK(json("\xf8\x88\x80\x80\x80") == json_of(R"(\ufffd\ufffd\ufffd\ufffd\ufffd)"));
}

TEST_CASE("log line: of all single bytes none gets out that is not printable ASCII") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        for (const auto& line :
             {json(std::string(1, static_cast<char>(byte))), text(std::string(1, static_cast<char>(byte)))}) {
            for (const char c : line) CHECK((c >= ' ' && c <= '~'));
        }
    }
}

TEST_CASE("log line: a long text is cut") {
    CHECK(json(std::string(2000, 'x')) == json_of(std::string(2000, 'x')));
    CHECK(json(std::string(1 << 20, 'x')) == json_of(std::string(2000, 'x') + " ..."));
}

TEST_CASE("log line: a burst is let through, the rest is counted and told later") {
    Limiter limiter;
    for (int i = 0; i < 10; ++i) CHECK(limiter.admit("held", "a", at(0)) == 0u);
    for (int i = 0; i < 7; ++i) CHECK_FALSE(limiter.admit("held", "a", at(9)));
    CHECK(limiter.admit("held", "a", at(10)) == 7u);
    CHECK(limiter.admit("held", "a", at(10)) == 0u);
}

TEST_CASE("log line: another event or another pipeline has its own limit") {
    Limiter limiter;
    for (int i = 0; i < 11; ++i) limiter.admit("held", "a", at(0));
    CHECK_FALSE(limiter.admit("held", "a", at(0)));
    CHECK(limiter.admit("held", "b", at(0)) == 0u);
    CHECK(limiter.admit("resumed", "a", at(0)) == 0u);
    CHECK(limiter.admit("hel", "da", at(0)) == 0u);
}

TEST_CASE("log line: an unlimited number of names does not fill the memory, nor silence the log") {
    Limiter limiter;
    for (int i = 0; i < 5000; ++i) CHECK(limiter.admit("event" + std::to_string(i), "p", at(0)) == 0u);
}

}  // namespace millrace::logging
