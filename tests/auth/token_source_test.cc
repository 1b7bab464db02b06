// TokenSource in virtual time: when it fetches, what may be used meanwhile, and what a refusal or a failure does.
#include "auth/token_source.h"

#include <doctest/doctest.h>

#include <string>

using namespace millrace;
using namespace millrace::auth;
using namespace std::chrono_literals;

namespace {

Token token(const std::string& text, Duration lifetime, std::optional<Duration> refresh_in = {}) {
    return {Secret(text), lifetime, refresh_in};
}

constexpr bool kPasses = true;
TokenFailure failure(bool passing, std::optional<Duration> retry_after = {}) {
    return {"HTTP 500", passing, retry_after};
}

// A source that has its first token, asked for at `now` and there a moment later.
struct Held {
    explicit Held(Duration lifetime, std::optional<Duration> refresh_in = {}, std::uint64_t seed = 1) : source(seed) {
        source.want();
        fetch("one", lifetime, refresh_in);
    }
    void fetch(const std::string& text, Duration lifetime, std::optional<Duration> refresh_in = {}) {
        source.begun(now);
        now += 100ms;
        source.got(token(text, lifetime, refresh_in), now);
    }
    [[nodiscard]] std::string in_use() const {
        const Secret* const found = source.token(now);
        return found == nullptr ? "" : found->reveal();
    }

    Time now{1h};
    TokenSource source;
};

}  // namespace

TEST_CASE("token source: nothing is fetched before somebody wants it, and one fetch serves all") {
    TokenSource source(1);
    const Time now{1h};
    CHECK_FALSE(source.is_due(now));
    CHECK(source.next_due() == kNever);
    source.want();
    CHECK(source.is_due(now));
    source.begun(now);
    source.want();
    CHECK_FALSE(source.is_due(now + 1h));
    CHECK(source.token(now) == nullptr);
    CHECK(source.version() == 0);
    source.got(token("one", 1h), now + 1s);
    REQUIRE(source.token(now + 1s) != nullptr);
    CHECK(source.version() == 1);
}

TEST_CASE("token source: a token is replaced ahead of its end, with jitter, and never later than planned") {
    struct Case {
        Duration lifetime;
        Duration latest;  // after it was asked for
    };
    for (const auto& [lifetime, latest] : {Case{1h, 55min}, Case{10min, 7min + 29s}, Case{24h, 12h}, Case{3h, 90min},
                                           Case{4s, 2s}, Case{2s, 1s}, Case{8s, 5s}}) {
        CAPTURE(lifetime);
        bool differs = false;
        Time first{};
        for (std::uint64_t seed = 1; seed < 50; ++seed) {
            const Held held(lifetime, {}, seed);
            const Time asked = held.now - 100ms;
            CHECK(held.source.next_due() <= asked + latest);
            CHECK(held.source.next_due() >= asked + latest * 9 / 10);
            differs = differs || (first != Time{} && first != held.source.next_due());
            first = held.source.next_due();
        }
        CHECK(differs);
    }
}

TEST_CASE("token source: its maker's advice when to replace it is followed") {
    const Held held(1h, 10min);
    CHECK(held.source.next_due() <= held.now + 10min);
    CHECK(held.source.next_due() >= held.now - 100ms + 9min);
}

TEST_CASE("token source: the old token is used while the new one is fetched, and until it truly ends") {
    Held held(1h);
    held.now = held.source.next_due();
    CHECK(held.source.is_due(held.now));
    held.source.begun(held.now);
    CHECK(held.in_use() == "one");
    held.source.failed(failure(kPasses), held.now);
    const Time end = Time{1h} + 1h;
    held.now = end - 1ns;
    CHECK(held.in_use() == "one");
    held.now = end;  // counted from when it was asked for
    CHECK(held.in_use().empty());
    CHECK(held.source.trouble() == "HTTP 500");
    held.fetch("two", 1h);
    CHECK(held.in_use() == "two");
    CHECK(held.source.trouble().empty());
    CHECK(held.source.version() == 2);
}

TEST_CASE("token source: one that is refused is fetched anew, a second after it came at the soonest") {
    Held held(1h);
    const Time came = held.now;
    held.source.renew(1);
    CHECK_FALSE(held.source.is_due(came + 999ms));
    CHECK(held.source.is_due(came + 1s));
    held.now = came + 1s;
    held.fetch("two", 1h);
    CHECK(held.in_use() == "two");
    held.source.renew(1);  // the refusal of an earlier one came late
    CHECK_FALSE(held.source.is_due(held.now + 2s));
    held.now += 1min;
    held.source.renew(2);
    CHECK(held.source.is_due(held.now));
}

TEST_CASE("token source: failures in a row are tried again ever more seldom, up to a bound") {
    for (const bool passing : {true, false}) {
        CAPTURE(passing);
        TokenSource source(7);
        source.want();
        Time now{1h};
        Duration last{};
        const Duration cap = passing ? Duration(30s) : Duration(1min);
        for (int i = 0; i < 20; ++i) {
            source.begun(now);
            source.failed(failure(passing), now);
            last = source.next_due() - now;
            CHECK(last >= (passing ? Duration(250ms) : Duration(2500ms)));
            CHECK(last <= cap);
            now = source.next_due();
            CHECK(source.is_due(now));
        }
        CHECK(last >= cap / 2);
    }
}

TEST_CASE("token source: a token endpoint that says when to come again is obeyed") {
    TokenSource source(7);
    source.want();
    const Time now{1h};
    source.begun(now);
    source.failed(failure(kPasses, 90s), now);
    CHECK_FALSE(source.is_due(now + 90s - 1ns));
    CHECK(source.is_due(now + 90s));
}
