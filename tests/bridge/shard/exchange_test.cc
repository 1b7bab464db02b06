// Exchange: what every request carries whatever the protocol, and what a response without an answer means.
#include "bridge/shard/exchange.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "bridge/settings/addresses.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace {

// Joins rows with '+', and remembers what it was asked to read.
class Joiner : public protocols::Protocol {
  public:
    [[nodiscard]] protocols::Encoded encode(std::span<const std::string_view> rows) const override {
        protocols::Encoded out;
        for (const auto row : rows) out.body += (out.body.empty() ? "" : "+") + std::string(row);
        out.headers.emplace_back("content-type", "text/plain");
        return out;
    }
    [[nodiscard]] Answer decode(const protocols::Response& response, std::size_t rows) override {
        read = Read{response.status, std::string(response.body), rows};
        Answer answer;
        answer.outcome = Outcome::scored;
        return answer;
    }

    struct Read {
        int status = 0;
        std::string body;
        std::size_t rows = 0;
    };
    std::optional<Read> read;
};

settings::Endpoint endpoint() {
    settings::Endpoint endpoint;
    endpoint.url = "http://model/score";
    endpoint.headers = {{"x-team", "fares"}};
    endpoint.timeout = 7s;
    endpoint.connect_timeout = 2s;
    endpoint.max_response_bytes = 1234;
    return endpoint;
}

ports::HttpRequest request(const settings::Endpoint& endpoint, const std::string& key = {}) {
    const std::vector<std::string_view> rows = {"[1]", "[2]"};
    auto made =
        make_request(endpoint, settings::routes(endpoint).addresses.front(), Joiner(), rows, RequestId{42}, "run-42");
    authorize(made, Secret(key));
    return made;
}

std::vector<std::string> values(const ports::HttpRequest& request, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [key, value] : request.headers) {
        if (key == name) out.push_back(value);
    }
    return out;
}
using Strings = std::vector<std::string>;

Answer read(Joiner& joiner, ports::Transport transport) {
    ports::HttpResponse response;
    response.transport = transport;
    response.status = 200;
    response.body = "body";
    response.error = "connection refused";
    return read_response(joiner, response, 3);
}

}  // namespace

TEST_CASE("exchange: a request has the protocol's body, the endpoint's address, deadlines and cap") {
    const auto made = request(endpoint());
    CHECK(made.id == RequestId{42});
    CHECK(made.url == "http://model/score");
    CHECK(made.body == "[1]+[2]");
    CHECK(made.timeout == 7s);
    CHECK(made.connect_timeout == 2s);
    CHECK(made.max_response_bytes == 1234);
}

TEST_CASE("exchange: a request carries the protocol's headers, the configured ones and its name, twice") {
    const auto made = request(endpoint());
    CHECK(values(made, "content-type") == Strings{"text/plain"});
    CHECK(values(made, "x-team") == Strings{"fares"});
    CHECK(values(made, "x-ms-client-request-id") == Strings{"run-42"});
    CHECK(values(made, "x-request-id") == Strings{"run-42"});
}

TEST_CASE("exchange: key and deployment are sent where there are some, and only there") {
    auto with = endpoint();
    CHECK(values(request(with), "Authorization").empty());
    CHECK(values(request(with), "azureml-model-deployment").empty());
    with.deployment = "blue";
    CHECK(values(request(with, "s3cret"), "Authorization") == Strings{"Bearer s3cret"});
    CHECK(values(request(with, "s3cret"), "azureml-model-deployment") == Strings{"blue"});
}

TEST_CASE("exchange: a secret that is repeated is made unreadable, as it is and as JSON may write it") {
    const auto concealed = [](std::string body) {
        ports::HttpResponse response;
        response.body = std::move(body);
        response.headers = {{"x-said", "abcd+efgh/ijkl"}};
        conceal(Secret("abcd+efgh/ijkl"), response);
        CHECK(response.headers[0].second == "**************");
        return response.body;
    };
    CHECK(concealed("bad key abcd+efgh/ijkl, abcd+efgh/ijkl") == "bad key **************, **************");
    CHECK(concealed(R"({"error":"abcd\u002Befgh\/ijkl"})") == R"({"error":")" + std::string(20, '*') + "\"}");
    CHECK(concealed(R"(\u0061bcd\u002befgh/ijkl)") == std::string(24, '*'));
    for (const char* other :
         {"abcd+efgh/ijk", R"(abcd\u002Cefgh/ijkl)", R"(abcd\u2Befgh/ijkl)", R"(abcd\)", R"(\u00)", ""})
        CHECK(concealed(other) == other);
    ports::HttpResponse response;
    response.body = "short";
    conceal(Secret("short"), response);  // part of anything
    CHECK(response.body == "short");
}

TEST_CASE("exchange: an answer is the protocol's to read, with the number of rows that were sent") {
    Joiner joiner;
    CHECK(read(joiner, ports::Transport::answered).outcome == Outcome::scored);
    REQUIRE(joiner.read);
    CHECK(joiner.read->status == 200);
    CHECK(joiner.read->body == "body");
    CHECK(joiner.read->rows == 3);
}

TEST_CASE("exchange: without a whole answer the protocol is not asked, and nothing of it is a score") {
    Joiner joiner;
    const auto unreachable = read(joiner, ports::Transport::unreachable);
    CHECK(unreachable.outcome == Outcome::unreachable);
    CHECK(unreachable.status == 0);
    CHECK(unreachable.reason == "connection refused");
    CHECK(read(joiner, ports::Transport::timed_out).outcome == Outcome::timed_out);
    const auto oversized = read(joiner, ports::Transport::oversized);
    CHECK(oversized.outcome == Outcome::contract_broken);
    CHECK(oversized.status == 200);
    CHECK(oversized.reason == "connection refused");  // what the transport said of it
    CHECK(!joiner.read);
}
