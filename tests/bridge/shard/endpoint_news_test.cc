#include "bridge/shard/endpoint_news.h"

#include <doctest/doctest.h>

namespace millrace {
namespace {

using std::chrono::seconds;

Answer failing(Outcome outcome, std::string reason, int status = 0) {
    Answer answer;
    answer.outcome = outcome;
    answer.reason = std::move(reason);
    answer.status = status;
    return answer;
}

Answer scored() { return failing(Outcome::scored, "", 200); }

const Time kBegin = Time{} + seconds(1000);

TEST_CASE("two failures are no news, the third is, with its cause") {
    EndpointNews news;
    const Answer expired = failing(Outcome::unreachable, "certificate has expired");
    CHECK_FALSE(news.heard(expired, kBegin));
    CHECK_FALSE(news.heard(expired, kBegin));
    CHECK_FALSE(news.heard(scored(), kBegin));
    CHECK_FALSE(news.heard(expired, kBegin));
    CHECK_FALSE(news.heard(expired, kBegin));
    const auto note = news.heard(expired, kBegin);
    REQUIRE(note);
    CHECK(note->level == Level::warning);
    CHECK(note->event == "endpoint_failing");
    CHECK(note->text ==
          "the last 3 requests failed, and are tried again for ever: unreachable: certificate has expired");
}

TEST_CASE("the same cause is said once a minute, another after ten seconds") {
    EndpointNews news;
    const Answer expired = failing(Outcome::unreachable, "certificate has expired");
    const Answer busy = failing(Outcome::throttled, "", 503);
    for (int i = 0; i < 3; ++i) (void)news.heard(expired, kBegin);
    CHECK_FALSE(news.heard(expired, kBegin + seconds(59)));
    CHECK(news.heard(expired, kBegin + seconds(60)));
    CHECK_FALSE(news.heard(busy, kBegin + seconds(69)));
    const auto note = news.heard(busy, kBegin + seconds(70));
    REQUIRE(note);
    CHECK(note->text.ends_with("throttled (HTTP 503)"));
}

TEST_CASE("an answer ends it, and is told only where the failures were") {
    EndpointNews news;
    for (int i = 0; i < 5; ++i) (void)news.heard(failing(Outcome::timed_out, "no answer"), kBegin);
    const auto note = news.heard(scored(), kBegin);
    REQUIRE(note);
    CHECK(note->level == Level::info);
    CHECK(note->event == "endpoint_answers");
    CHECK(note->text == "the endpoint answers after 5 failed requests");
    CHECK_FALSE(news.heard(scored(), kBegin));
}

TEST_CASE("a refusal is an answer, too") {
    EndpointNews news;
    for (int i = 0; i < 2; ++i) (void)news.heard(failing(Outcome::timed_out, ""), kBegin);
    CHECK_FALSE(news.heard(failing(Outcome::rejected, "", 400), kBegin));
    CHECK_FALSE(news.heard(failing(Outcome::timed_out, ""), kBegin));
}

}  // namespace
}  // namespace millrace
