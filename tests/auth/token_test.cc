// What the answers of token endpoints come to: the good, the odd and the hostile.
#include "auth/token.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::auth;
using namespace std::chrono_literals;

namespace {

constexpr ServerTime kNow{1'700'000'000s};

TokenStep read(std::string body, int status = 200, std::vector<Header> headers = {}) {
    return read_token({true, status, std::move(headers), std::move(body), ""}, kNow);
}

std::string with(const std::string& more) { return R"({"access_token":"abc.def","token_type":"Bearer")" + more + "}"; }

Duration lifetime(const std::string& more) {
    const TokenStep step = read(with(more));
    REQUIRE(std::holds_alternative<Token>(step));
    CHECK(std::get<Token>(step).value.reveal() == "abc.def");
    return std::get<Token>(step).lifetime;
}

TokenFailure failed(const TokenStep& step) {
    REQUIRE(std::holds_alternative<TokenFailure>(step));
    return std::get<TokenFailure>(step);
}

bool says(const TokenFailure& failure, std::string_view part) { return failure.why.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("token: a lifetime is a number or a numeric text, within reason") {
    CHECK(lifetime(R"(,"expires_in":3599)") == 3599s);
    CHECK(lifetime(R"(,"expires_in":"86399")") == 86399s);
    CHECK(lifetime(R"(,"expires_in":1.5)") == 1500ms);
    CHECK(lifetime("") == 5min);
    CHECK(lifetime(R"(,"expires_in":null)") == 5min);
    CHECK(lifetime(R"(,"expires_in":999999999999999999)") == 24h);
    CHECK(std::holds_alternative<TokenFailure>(read(with(R"(,"expires_in":99999999999999999999)"))));
    CHECK(lifetime(R"(,"expires_in":1e300)") == 24h);
    CHECK(lifetime(R"(,"expires_on":"1700000600")") == 10min);
    CHECK(lifetime(R"(,"expires_on":1700000600)") == 10min);
    CHECK(lifetime(R"(,"expires_on":"11/14/2023 22:23:20 +00:00")") == 5min);
    CHECK(lifetime(R"(,"expires_in":"60","expires_on":"1700000600")") == 60s);
}

TEST_CASE("token: one that is over, or says nonsense, is no token") {
    for (const char* const more :
         {R"(,"expires_in":0)", R"(,"expires_in":-5)", R"(,"expires_in":"-5")", R"(,"expires_in":"soon")",
          R"(,"expires_in":"")", R"(,"expires_in":"nan")", R"(,"expires_in":[60])", R"(,"expires_in":true)",
          R"(,"expires_on":"1699999999")", R"(,"expires_in":-1e300)"}) {
        CAPTURE(more);
        CHECK(says(failed(read(with(more))), "over already"));
    }
}

TEST_CASE("token: its maker's advice counts while it is before the end") {
    const auto advised = [](const std::string& more) { return std::get<Token>(read(with(more))).refresh_in; };
    CHECK(advised(R"(,"expires_in":7200,"refresh_in":"3600")") == 1h);
    CHECK_FALSE(advised(R"(,"expires_in":7200,"refresh_in":7200)").has_value());
    CHECK_FALSE(advised(R"(,"expires_in":7200,"refresh_in":-1)").has_value());
}

TEST_CASE("token: only a bearer token that a header can carry is one") {
    CHECK(std::holds_alternative<Token>(read(R"({"access_token":"t","token_type":"bearer"})")));
    CHECK(std::holds_alternative<Token>(read(R"({"access_token":"t"})")));
    CHECK(says(failed(read(R"({"access_token":"t","token_type":"DPoP"})")), "other than Bearer"));
    for (const char* const text : {"", "a b", "a\\r\\nX-Evil: 1", "\\u0000", "caf\\u00e9"})
        CHECK(says(failed(read(std::string(R"({"access_token":")") + text + "\"}")), "no header can carry"));
    CHECK(says(failed(read(R"({"access_token":7})")), "no access_token"));
    CHECK(says(failed(read(R"({"access_token":")" + std::string(20'000, 'x') + "\"}")), "no header can carry"));
    for (const char* const body : {"", "[]", "<html>", R"({"access_token")", "null", "\xff\xfe"})
        CHECK(says(failed(read(body)), "no JSON object"));
    // Which of the two would another reader take?
    CHECK(says(failed(read(with(R"(,"access_token":"another")"))), "no JSON object"));
}

TEST_CASE("token: an error is told by its status and by words that are defined, never by those of its sender") {
    const auto refused = failed(
        read(R"({"error":"invalid_client","error_description":"AADSTS7000215: s3cr3t-canary","error_codes":[7000215]})",
             401));
    CHECK(refused.why == "HTTP 401, invalid_client (AADSTS7000215)");
    CHECK_FALSE(refused.passing);
    const auto echoed = failed(read(R"({"error":"s3cr3t-canary","error_codes":["s3cr3t-canary"]})", 400));
    CHECK(echoed.why == "HTTP 400");
    CHECK(failed(read("s3cr3t-canary", 403)).why == "HTTP 403");
}

TEST_CASE("token: what passes is told from what somebody has to put right") {
    for (const int status : {408, 425, 429, 500, 502, 503, 504}) CHECK(failed(read("", status)).passing);
    for (const int status : {201, 204, 301, 302, 400, 401, 403, 404, 410})
        CHECK_FALSE(failed(read("", status)).passing);
    CHECK(failed(read(R"({"error":"temporarily_unavailable"})", 400)).passing);
    const auto away = read_token({false, 0, {}, "", "connection refused"}, kNow);
    CHECK(failed(away).passing);
    CHECK(failed(away).why == "no answer: connection refused");
}

TEST_CASE("token: Retry-After is seconds, five minutes at most") {
    const auto wait = [](const std::string& text) {
        return failed(read("", 429, {{"retry-after", text}})).retry_after;
    };
    CHECK(wait("7") == 7s);
    CHECK(wait("0") == 0s);
    CHECK(wait("99999") == 5min);
    for (const char* const text : {"", "-1", "soon", "7s", "99999999999999999999"}) CHECK_FALSE(wait(text).has_value());
}
