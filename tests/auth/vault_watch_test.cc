// When secrets are looked up in a vault, told the time, and what becomes of what comes.
#include "auth/vault_watch.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/auth/folder.h"

using namespace millrace;
using namespace millrace::auth;
using namespace std::chrono_literals;

namespace {

constexpr ServerTime kWall{1'700'000'000s};
const std::string kSource = "keyvault://kv-millrace/a";

std::string version(int number) { return std::string(31, '0') + std::to_string(number); }

TokenResponse answer(int status, std::string body, std::vector<Header> headers = {}) {
    return {true, status, std::move(headers), std::move(body), ""};
}
TokenResponse token(const std::string& text = "t0ken", int lifetime = 3600) {
    return answer(200, R"({"access_token":")" + text + R"(","expires_in":)" + std::to_string(lifetime) + "}");
}
TokenResponse secret(const std::string& value, int number, const std::string& name = "a") {
    return answer(200,
                  R"({"value":")" + value + R"(","id":"https://kv/secrets/)" + name + "/" + version(number) + "\"}");
}

struct Bench {
    SecretShelf shelf;
    Time now{100s};
    VaultWatch watch;

    explicit Bench(const std::string& source = kSource, settings::IdentitySettings identity = machine())
        : watch(
              {"kv-millrace", "me", "https://kv", "", 5min}, std::move(identity),
              [](const std::string&) { return std::optional<std::string>(); }, shelf, 1) {
        watch.add(source);
        watch.add(source);
    }
    static settings::IdentitySettings machine() {
        settings::IdentitySettings identity;
        identity.name = "me";
        identity.kind = settings::IdentityKind::managed_identity;
        return identity;
    }

    std::vector<VaultWatch::Request> due() { return watch.due(now, kWall); }
    void answered(std::size_t number, const TokenResponse& response) { watch.answered(number, response, now, kWall); }
    // The first token, and the first value.
    void begin() {
        REQUIRE(due().size() == 1);
        answered(0, token());
        REQUIRE(due().size() == 1);
        answered(1, secret("one", 1));
        (void)watch.news();
    }
    std::string at_hand(const std::string& source = kSource) {
        return shelf.find(source) ? shelf.find(source)->reveal() : "";
    }
    std::string trouble() { return watch.states().front().trouble; }
    // What is asked for when `wait` is over, nothing before.
    std::vector<VaultWatch::Request> after(Duration wait) {
        now += wait - 1ms;
        CHECK(due().empty());
        now += 1ms;
        return due();
    }
};

}  // namespace

TEST_CASE("vault watch: a token, then each secret once, then a look every while") {
    Bench bench;
    auto first = bench.due();
    REQUIRE(first.size() == 1);
    CHECK(first[0].what.url.contains("resource=https%3A%2F%2Fvault.azure.net"));
    CHECK(bench.due().empty());
    CHECK(bench.watch.next_due(bench.now) == kNever);
    bench.answered(0, token());
    auto ask = bench.due();
    REQUIRE(ask.size() == 1);
    CHECK(ask[0].what.url == "https://kv/secrets/a?api-version=7.4");
    CHECK(ask[0].what.headers.back().second == "Bearer t0ken");
    CHECK(bench.due().empty());
    bench.answered(1, secret("one", 1));
    CHECK(bench.at_hand() == "one");
    const Time next = bench.watch.next_due(bench.now);
    CHECK(next > bench.now + 4min + 29s);
    CHECK(next <= bench.now + 5min);
    CHECK(bench.after(next - bench.now).size() == 1);
    bench.answered(1, secret("two", 2));
    CHECK(bench.at_hand() == "two");
    const auto news = bench.watch.news();
    REQUIRE(news.notes.size() == 2);
    CHECK(news.notes[1].text == kSource + " has version " + version(2) + ", in the place of " + version(1));
    CHECK(news.looks.size() == 2);
}

TEST_CASE("vault watch: what has a version is read once") {
    const std::string source = kSource + "/" + version(1);
    Bench bench(source);
    bench.begin();
    CHECK(bench.at_hand(source) == "one");
    bench.watch.doubt(source);
    bench.now += 30min;
    CHECK(bench.due().empty());
}

TEST_CASE("vault watch: one in doubt is looked up soon, but not at once again") {
    Bench bench;
    bench.begin();
    bench.now += 1s;
    bench.watch.doubt(kSource);
    bench.watch.doubt("keyvault://kv-millrace/another");
    CHECK(bench.after(VaultWatch::kBetween - 1s).size() == 1);
    bench.answered(1, secret("one", 1));
    bench.now += 1min;
    bench.watch.doubt(kSource);
    CHECK(bench.due().size() == 1);
}

TEST_CASE("vault watch: while it is away the old value stays, which is told once for each reason") {
    Bench bench;
    bench.begin();
    bench.now += 5min;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(bench.due().size() == 1);
        bench.answered(1, answer(403, ""));
        CHECK(bench.trouble() == "HTTP 403");
        bench.watch.doubt(kSource);  // no way around the back-off
        bench.now += i < 2 ? 2s : VaultWatch::kBetween + 1s;
        CHECK(bench.due().empty());
        bench.now += 1min;
    }
    auto news = bench.watch.news();
    REQUIRE(news.notes.size() == 1);
    CHECK(news.notes[0].event == "secret_not_read");
    CHECK(news.notes[0].text == kSource + ": HTTP 403; version " + version(1) + " stays in use; trying again");
    CHECK(news.looks.size() == 3);
    CHECK(bench.at_hand() == "one");
    REQUIRE(bench.due().size() == 1);
    bench.answered(1, secret("one", 1));
    news = bench.watch.news();
    REQUIRE(news.notes.size() == 1);
    CHECK(news.notes[0].text == kSource + " can be read again");
    CHECK(bench.trouble().empty());
}

TEST_CASE("vault watch: Retry-After is obeyed") {
    Bench bench;
    bench.begin();
    bench.now += 5min;
    REQUIRE(bench.due().size() == 1);
    bench.answered(1, answer(429, "", {{"retry-after", "90"}}));
    CHECK(bench.after(90s).size() == 1);
}

TEST_CASE("vault watch: a token that is refused is replaced once, and then it is a failure") {
    Bench bench;
    bench.begin();
    bench.now += 5min;
    REQUIRE(bench.due().size() == 1);
    bench.answered(1, answer(401, ""));
    CHECK(bench.watch.news().notes.empty());
    auto next = bench.due();
    REQUIRE(next.size() == 1);
    CHECK(next[0].number == 0);
    bench.answered(0, token("another"));
    next = bench.due();
    REQUIRE(next.size() == 1);
    CHECK(next[0].what.headers.back().second == "Bearer another");
    bench.answered(1, answer(401, ""));
    CHECK(bench.trouble() == "HTTP 401");
    CHECK(bench.watch.next_due(bench.now) > bench.now);
}

TEST_CASE("vault watch: a new token that cannot be had is told, and nothing hangs on it") {
    Bench bench;
    bench.begin();
    bench.now += 5min;
    REQUIRE(bench.due().size() == 1);
    bench.answered(1, answer(401, ""));
    REQUIRE(bench.due().size() == 1);
    bench.answered(0, answer(503, ""));
    CHECK(bench.trouble() == "no token of identity me: HTTP 503");
    bench.now += 2min;
    bool asked = false;
    for (const auto& request : bench.due()) asked = asked || request.number == 1;
    CHECK(asked);
}

TEST_CASE("vault watch: without a token there is no request, no hurry, and a reason") {
    Bench bench;
    REQUIRE(bench.due().size() == 1);
    bench.answered(0, answer(400, R"({"error":"invalid_request"})"));
    CHECK(bench.trouble() == "no token of identity me: HTTP 400, invalid_request");
    CHECK(bench.watch.next_due(bench.now) >= bench.now + 2500ms);
    CHECK(bench.due().empty());
    CHECK(bench.watch.states().front().at_hand == false);
    CHECK_FALSE(bench.watch.states().front().passing);
    CHECK(bench.shelf.find(kSource).error().text.contains("invalid_request"));
}

TEST_CASE("vault watch: an identity whose own secret is not there yet is passing trouble") {
    const millrace::testing::Folder folder;
    auto identity = Bench::machine();
    identity.kind = settings::IdentityKind::client_secret;
    identity.client_id = "c";
    identity.token_url = "https://idp/t";
    identity.secret_file = folder.path("secret");
    Bench bench(kSource, identity);
    CHECK(bench.due().empty());
    CHECK(bench.trouble().contains("No such file"));
    CHECK(bench.watch.states().front().passing);
    folder.write("secret", "s");
    bench.now += 1min;
    REQUIRE(bench.due().size() == 1);
    bench.answered(0, token());
    CHECK(bench.due().size() == 1);
}
