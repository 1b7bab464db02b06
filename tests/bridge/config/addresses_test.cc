#include "bridge/settings/addresses.h"

#include <doctest/doctest.h>

#include <string>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

std::string with_endpoint(const std::string& fields) {
    return "version: 1\nnats: {urls: [\"nats://127.0.0.1:4222\"]}\npipelines:\n  - name: p\n"
           "    input: {stream: S, subject: \"e.{tenant}\"}\n    event: {features: [a]}\n"
           "    results: {subject: \"r.{tenant}\"}\n    endpoint:\n" +
           fields;
}

settings::Routes routes_of(const std::string& fields) {
    return settings::routes(loaded(with_endpoint(fields)).pipelines.at(0).endpoint);
}

}  // namespace

TEST_CASE("addresses: one url is one route of one address") {
    const auto all = routes_of("      url: http://a/score\n      key_file: /k\n      deployment: blue\n");
    REQUIRE(all.routes.size() == 1);
    CHECK(all.routes[0].addresses == std::vector<std::size_t>{0});
    CHECK(all.addresses[0].url == "http://a/score");
    CHECK(all.addresses[0].key_file == "/k");
    CHECK(all.addresses[0].deployment == "blue");
    CHECK(all.fields[0] == "endpoint.url");
}

TEST_CASE("addresses: several share what the endpoint says, and may say it anew") {
    const auto all = routes_of(
        "      headers: {X-Team: fares, X-Region: any}\n      key_file: /k\n      selection: weights\n"
        "      addresses:\n        - {url: \"http://a/score\", weight: 9}\n"
        "        - {url: \"http://b/score\", key_file: /b, deployment: green, headers: {x-region: west}}\n");
    REQUIRE(all.routes.size() == 1);
    CHECK(all.routes[0].addresses == std::vector<std::size_t>{0, 1});
    CHECK(all.addresses[0].weight == 9);
    CHECK(all.addresses[0].key_file == "/k");
    CHECK(all.addresses[0].headers.size() == 2);
    CHECK(all.addresses[1].weight == 1);
    CHECK(all.addresses[1].key_file == "/b");
    CHECK(all.addresses[1].deployment == "green");
    CHECK(all.addresses[1].headers == std::map<std::string, std::string>{{"X-Team", "fares"}, {"x-region", "west"}});
    CHECK(all.fields[1] == "endpoint.addresses[1].url");
}

TEST_CASE("addresses: a tenant's own url gets nothing of the pipeline's") {
    const auto all = routes_of(
        "      headers: {X-Team: fares}\n      key_file: /k\n      deployment: blue\n"
        "      addresses: [{url: \"http://a/score\"}, {url: \"http://b/score\"}]\n"
        "      tenants:\n        - {names: [acme, globex], url: \"http://acme/score\", key_file: /acme}\n"
        "        - {names: [hooli], deployment: hooli}\n");
    REQUIRE(all.routes.size() == 3);
    CHECK(all.routes[1].tenants == std::vector<std::string>{"acme", "globex"});
    REQUIRE(all.routes[1].addresses == std::vector<std::size_t>{2});
    CHECK(all.addresses[2].url == "http://acme/score");
    CHECK(all.addresses[2].key_file == "/acme");
    CHECK(all.addresses[2].headers.empty());
    CHECK(all.addresses[2].deployment.empty());
    REQUIRE(all.routes[2].addresses == std::vector<std::size_t>{3, 4});
    CHECK(all.addresses[3].url == "http://a/score");
    CHECK(all.addresses[4].url == "http://b/score");
    CHECK(all.addresses[4].deployment == "hooli");
    CHECK(all.addresses[4].key_file == "/k");
    CHECK(all.names == std::vector<std::string>{"addresses[0]", "addresses[1]", "tenants[0]", "tenants[1] addresses[0]",
                                                "tenants[1] addresses[1]"});
}

TEST_CASE("addresses: mistakes are told") {
    const auto said = [](const std::string& fields) { return complaints(with_endpoint(fields)); };
    CHECK(said("      url: http://a/\n      addresses: [{url: \"http://b/\"}]\n")
              .contains("endpoint.url: stands beside addresses (make it the first of them)"));
    CHECK(said("      url: http://a/\n      selection: weights\n")
              .contains("endpoint.selection: has no effect without addresses (remove it)"));
    CHECK(said("      addresses: [{url: \"http://b/\", weight: 2}]\n")
              .contains("has no effect with selection: failover"));
    std::string many = "      addresses:\n";
    for (int i = 0; i < 33; ++i) many += "        - {url: \"http://b/\"}\n";
    CHECK(said(many).contains("endpoint.addresses: has 33 of them, above 32"));
    CHECK(said("      addresses: [{weight: 2}]\n").contains("endpoint.addresses[0].url: is required"));
    CHECK(said("      addresses: [{url: \"ftp://b/\"}]\n")
              .contains("endpoint.addresses[0].url: 'ftp://b/' is no HTTP URL"));
    CHECK(said("      url: http://a/\n      tenants: [{names: [a.b], url: \"http://b/\"}]\n")
              .contains("'a.b' is no tenant's name"));
    CHECK(said("      url: http://a/\n      tenants: [{names: [a]}]\n").contains("changes nothing for its tenants"));
    CHECK(said("      url: http://a/\n      tenants: [{names: [a], key_file: /a}, {names: [b, a], key_file: /b}]\n")
              .contains("endpoint.tenants[1].names[1]: 'a' stands in pipelines[0].endpoint.tenants[0] already"));
    CHECK(said("      addresses: [{url: \"http://b/\", key_file: /k, headers: {Authorization: x}}]\n")
              .contains("endpoint.addresses[0].headers.Authorization: is set from key_file already"));
}
