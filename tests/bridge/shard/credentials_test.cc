// Credentials in virtual time: what requests carry, what waits for a token, and what a 401 or a token endpoint that is
// away comes to.
#include "bridge/shard/credentials.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/auth/folder.h"
#include "tests/bridge/shard/bench.h"

using namespace millrace;
using namespace std::chrono_literals;
using millrace::testing::Folder;

namespace {

auth::Environment no_environment() {
    return [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
}

// Two addresses, each asked as the same client for the same audience unless `other` is given.
class Bench {
  public:
    explicit Bench(const std::string& other = "urn:model") {
        pipeline_ = small_pipeline();
        pipeline_.endpoint.url.clear();
        pipeline_.endpoint.addresses.resize(2);
        for (std::size_t i = 0; i < 2; ++i) {
            pipeline_.endpoint.addresses[i].url = "http://model" + std::to_string(i) + "/score";
            pipeline_.endpoint.addresses[i].identity = "me";
            pipeline_.endpoint.addresses[i].audience = i == 0 ? "urn:model" : other;
        }
        settings::IdentitySettings me;
        me.name = "me";
        me.token_url = "http://idp/token";
        me.client_id = "me";
        me.secret_file = folder.write("secret", "s3cr3t");
        std::vector<std::string> problems;
        credentials = Credentials::make(pipeline_, {me}, no_environment(), 1, problems);
        REQUIRE(problems.empty());
    }

    void send(std::uint64_t id, std::size_t address = 0) {
        ports::HttpRequest request;
        request.id = RequestId{id};
        request.url = "http://model" + std::to_string(address) + "/score";
        credentials.send(endpoint, address, std::move(request), false, now, wall);
    }
    // The next request that went out, which is to be of this kind.
    ports::HttpRequest take(std::string_view part_of_url) {
        REQUIRE_FALSE(endpoint.requests.empty());
        ports::HttpRequest request = std::move(endpoint.requests.front());
        endpoint.requests.erase(endpoint.requests.begin());
        CHECK(request.url.find(part_of_url) != std::string::npos);
        return request;
    }
    bool answer(const ports::HttpRequest& request, int status, std::string body = {}) {
        ports::HttpResponse response;
        response.id = request.id;
        response.transport = ports::Transport::answered;
        response.status = status;
        response.body = std::move(body);
        return credentials.take(endpoint, response, now, wall);
    }
    void give_token(const std::string& text, const std::string& lifetime = "3600") {
        CHECK(answer(take("/token"), 200, R"({"access_token":")" + text + R"(","expires_in":)" + lifetime + "}"));
    }
    static std::string bearer(const ports::HttpRequest& request) {
        const auto found = std::ranges::find(request.headers, "Authorization", &Header::first);
        return found == request.headers.end() ? "" : found->second;
    }
    void turn(Duration later = 0s) {
        now += later;
        credentials.turn(endpoint, now, wall);
    }

    Folder folder;
    NotingEndpoint endpoint;
    Credentials credentials = Credentials::none(small_pipeline());
    Time now{1h};
    ServerTime wall{1'700'000'000s};

  private:
    settings::Pipeline pipeline_;
};

}  // namespace

TEST_CASE("credentials: many that wait are served by one fetch, and addresses with one audience share the token") {
    Bench bench;
    for (std::uint64_t id = 1; id <= 5; ++id) bench.send(id, id % 2);
    REQUIRE(bench.endpoint.requests.size() == 1);
    bench.give_token("one");
    REQUIRE(bench.endpoint.requests.size() == 5);
    for (std::uint64_t id = 1; id <= 5; ++id) {
        const auto sent = bench.take("/score");
        CHECK(sent.id == RequestId{id});
        CHECK(Bench::bearer(sent) == "Bearer one");
    }
    bench.send(6);
    CHECK(Bench::bearer(bench.take("model0")) == "Bearer one");
    CHECK(bench.credentials.news().empty());
}

TEST_CASE("credentials: another audience has a token of its own") {
    Bench bench("urn:other");
    bench.send(1, 0);
    bench.send(2, 1);
    REQUIRE(bench.endpoint.requests.size() == 2);
    bench.give_token("for-model");
    bench.give_token("for-other");
    CHECK(Bench::bearer(bench.take("model0")) == "Bearer for-model");
    CHECK(Bench::bearer(bench.take("model1")) == "Bearer for-other");
}

TEST_CASE("credentials: a token is replaced ahead of its end, and the old one used meanwhile") {
    Bench bench;
    bench.send(1);
    bench.give_token("one");
    bench.take("/score");
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.send(2);
    REQUIRE(bench.endpoint.requests.size() == 2);
    const auto fetch = bench.take("/token");
    CHECK(Bench::bearer(bench.take("/score")) == "Bearer one");
    bench.answer(fetch, 200, R"({"access_token":"two","expires_in":3600})");
    bench.send(3);
    CHECK(Bench::bearer(bench.take("/score")) == "Bearer two");
}

TEST_CASE("credentials: a token endpoint that fails takes no token away, and is asked again") {
    Bench bench;
    bench.send(1);
    bench.give_token("one");
    bench.take("/score");
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.answer(bench.take("/token"), 500, "s3cr3t");
    auto news = bench.credentials.news();
    REQUIRE(news.notes.size() == 1);
    CHECK(news.notes[0].text ==
          "identity me for urn:model: HTTP 500; the old token is used as long as it lives; trying again");
    CHECK(news.unsent.empty());
    bench.send(2);
    const auto sent = bench.take("/score");
    CHECK(Bench::bearer(sent) == "Bearer one");
    bench.now = bench.credentials.next_due();
    SUBCASE("it comes back in time") {
        bench.turn();
        bench.give_token("two");
        CHECK(bench.credentials.news().reintroduced.empty());  // nobody went without
    }
    SUBCASE("the old token is refused meanwhile: the endpoint is to be held for what is wrong, not for the 401") {
        bench.answer(sent, 401);
        CHECK(bench.credentials.news().reintroduced == std::vector<std::size_t>{0});
    }
}

TEST_CASE(
    "credentials: without a token requests come back with the reason, and addresses are reintroduced when there is "
    "one") {
    Bench bench;
    bench.send(1, 0);
    bench.send(2, 1);
    bench.answer(bench.take("/token"), 401, R"({"error":"invalid_client"})");
    auto news = bench.credentials.news();
    REQUIRE(news.unsent.size() == 2);
    CHECK(news.unsent[0].id == RequestId{1});
    CHECK(news.unsent[0].why == "no token of identity me for urn:model: HTTP 401, invalid_client");
    CHECK(bench.endpoint.requests.empty());
    bench.send(3);  // a probe, while the token endpoint is left alone
    CHECK(bench.credentials.news().unsent.size() == 1);
    CHECK(bench.endpoint.requests.empty());
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.answer(bench.take("/token"), 503);  // another reason
    CHECK(bench.credentials.news().reintroduced == std::vector<std::size_t>{0, 1});
    bench.send(4, 0);
    bench.send(5, 1);
    CHECK(bench.credentials.news().unsent.back().why == "no token of identity me for urn:model: HTTP 503");
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.give_token("one");
    news = bench.credentials.news();
    CHECK(news.reintroduced == std::vector<std::size_t>{0, 1});
    REQUIRE(news.notes.size() == 1);
    CHECK(news.notes[0].text == "identity me for urn:model gets tokens again");
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.give_token("two");
    CHECK(bench.credentials.news().reintroduced.empty());  // they have been since
}

TEST_CASE("credentials: a 401 brings a new token once, for that address alone") {
    Bench bench;
    bench.send(1, 0);
    bench.send(2, 0);
    bench.give_token("one");
    const auto first = bench.take("model0");
    const auto second = bench.take("model0");
    bench.now += 10s;
    CHECK_FALSE(bench.answer(first, 401));
    bench.send(3, 0);
    bench.send(4, 1);
    REQUIRE(bench.endpoint.requests.size() == 2);
    const auto fetch = bench.take("/token");
    CHECK(Bench::bearer(bench.take("model1")) == "Bearer one");  // it works there
    bench.answer(second, 401);                                   // the same token: no news
    CHECK(bench.answer(fetch, 200, R"({"access_token":"two","expires_in":3600})"));
    CHECK(Bench::bearer(bench.take("model0")) == "Bearer two");
    bench.turn(2s);
    CHECK(bench.endpoint.requests.empty());
}

TEST_CASE("credentials: whoever refuses every token causes no more than one fetch a second") {
    Bench bench;
    std::uint64_t id = 0;
    int fetches = 0;
    bench.send(++id);
    const Time end = bench.now + 10s;
    while (bench.now < end) {
        while (!bench.endpoint.requests.empty()) {
            const auto request = bench.take("");
            if (request.url.ends_with("/token")) {
                bench.answer(request, 200,
                             R"({"access_token":"t)" + std::to_string(++fetches) + R"(","expires_in":3600})");
            } else {
                bench.answer(request, 401);
                bench.send(++id);
            }
        }
        bench.turn(50ms);
    }
    CHECK(fetches >= 8);
    CHECK(fetches <= 11);
}

TEST_CASE("credentials: a secret that cannot be read is a reason like any other, and is found again") {
    Bench bench;
    std::filesystem::remove(bench.folder.path("secret"));
    bench.send(1);
    auto news = bench.credentials.news();
    REQUIRE(news.unsent.size() == 1);
    CHECK(news.unsent[0].why.find("secret_file") != std::string::npos);
    CHECK(bench.endpoint.requests.empty());
    bench.folder.write("secret", "s3cr3t");
    bench.now = bench.credentials.next_due();
    bench.turn();
    bench.give_token("one");
    CHECK(bench.credentials.news().reintroduced == std::vector<std::size_t>{0});
}

TEST_CASE("credentials: what is missing is told with its field, once") {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.key_file = "/nowhere/key";
    pipeline.endpoint.tenants.resize(1);
    pipeline.endpoint.tenants[0].names = {"acme"};
    pipeline.endpoint.tenants[0].address.identity = "me";
    settings::IdentitySettings me;
    me.name = "me";
    me.kind = settings::IdentityKind::federated_token;
    std::vector<std::string> problems;
    Credentials::make(pipeline, {me}, no_environment(), 1, problems);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].starts_with("endpoint.key_file: key file \"/nowhere/key\" cannot be read"));
    CHECK(problems[1].starts_with("identity me: client_id is not given, and the environment has no AZURE_CLIENT_ID"));
}

TEST_CASE("credentials: what a request carried is unreadable in its answer") {
    Bench bench;
    bench.send(1);
    bench.give_token("a-token-canary");
    ports::HttpResponse response;
    response.id = bench.take("/score").id;
    response.transport = ports::Transport::answered;
    response.status = 400;
    response.headers = {{"x-echo", "Bearer a-token-canary"}};
    response.body = "you said a-token-canary, a-token-canary!";
    CHECK_FALSE(bench.credentials.take(bench.endpoint, response, bench.now, bench.wall));
    CHECK(response.body == "you said **************, **************!");
    CHECK(response.headers[0].second == "Bearer **************");
}

TEST_CASE("credentials: a certificate is shown, and no header is sent") {
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.identity = "me";
    settings::IdentitySettings me;
    me.name = "me";
    me.kind = settings::IdentityKind::tls_certificate;
    me.certificate_file = "c.pem";
    me.certificate_key_file = "c.key";
    std::vector<std::string> problems;
    auto credentials = Credentials::make(pipeline, {me}, no_environment(), 1, problems);
    NotingEndpoint endpoint;
    credentials.send(endpoint, 0, {}, false, Time{1h}, {});
    REQUIRE(endpoint.requests.size() == 1);
    CHECK(endpoint.requests[0].headers.empty());
    CHECK(endpoint.requests[0].tls.certificate_file == "c.pem");
    CHECK(endpoint.requests[0].tls.key_file == "c.key");
}

TEST_CASE("shard: where a key is refused the other one is tried, before anything holds") {
    const Folder folder;
    settings::Pipeline pipeline = small_pipeline();
    pipeline.endpoint.signature.from = settings::SignatureFrom::nowhere;
    pipeline.endpoint.key_file = folder.write("key", "one");
    pipeline.endpoint.second_key_file = folder.write("other", "two");
    ShardBench bench(pipeline);
    bench.bind();
    bench.deliver(1, "in.acme", R"({"x":1})");
    REQUIRE(bench.endpoint.requests.size() == 1);
    CHECK(Bench::bearer(bench.endpoint.requests[0]) == "Bearer one");
    bench.respond("", 401);
    REQUIRE(bench.endpoint.requests.size() == 1);
    CHECK(Bench::bearer(bench.endpoint.requests[0]) == "Bearer two");
}
