// The rules that join fields, each broken once.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "bridge/protocols/registry.h"
#include "sample.h"

using namespace millrace;
using namespace millrace::config;

namespace {

constexpr std::string_view kNats = R"(nats: {urls: ["nats://127.0.0.1:4222"]})";
constexpr std::string_view kEndpoint = "url: http://127.0.0.1:5001/score";
constexpr std::string_view kResults = "subject: results.{tenant}.fares";

std::string with_nats(const std::string& fields) { return complaints(sample_with(kNats, "nats: {" + fields + "}")); }
std::string with_endpoint(const std::string& lines) { return complaints(sample_with(kEndpoint, lines)); }

}  // namespace

TEST_CASE("rules: one way to log in, and whole") {
    CHECK(with_nats("user: a, password_file: p") == "");
    CHECK(with_nats("user: a") == "t.yaml:2:14: nats.user: 'a' has no password (add nats.password_file)\n");
    CHECK(with_nats("password_file: p") == "t.yaml:2:23: nats.password_file: 'p' has no user (add nats.user)\n");
    CHECK(with_nats("credentials_file: c, token_file: t") ==
          "t.yaml:2:41: nats.token_file: cannot stand beside nats.credentials_file (log in one way: remove one)\n");
    CHECK(with_nats("nkey_file: n, user: a, password_file: p") ==
          "t.yaml:2:28: nats.user: cannot stand beside nats.nkey_file (log in one way: remove one)\n");
    CHECK(with_nats("jetstream_domain: hub, api_prefix: JS.hub.API") ==
          "t.yaml:2:43: nats.api_prefix: 'JS.hub.API' cannot stand beside nats.jetstream_domain, which is a prefix too "
          "(remove one)\n");
}

TEST_CASE("rules: TLS files go with TLS, and in pairs") {
    CHECK(with_nats("tls: {enabled: true, ca_file: c}") == "");
    CHECK(with_nats("urls: ['tls://x'], tls: {ca_file: c}") == "");
    CHECK(with_nats("tls: {ca_file: c}") ==
          "t.yaml:2:23: nats.tls.ca_file: 'c' has no effect without TLS (set nats.tls.enabled: true)\n");
    CHECK(with_nats("tls: {enabled: true, cert_file: c}") ==
          "t.yaml:2:40: nats.tls.cert_file: 'c' has no key (add nats.tls.key_file)\n");
    CHECK(with_nats("tls: {enabled: true, key_file: c}") ==
          "t.yaml:2:39: nats.tls.key_file: 'c' has no certificate (add nats.tls.cert_file)\n");
}

TEST_CASE("rules: names of pipelines are unique") {
    const std::string twin =
        "  - {name: fares, input: {stream: R, subject: \"x.{tenant}\"}, endpoint: {url: \"http://m\"}, results: "
        "{subject: \"y.{tenant}\"}}\n";
    CHECK(complaints(std::string(kSample) + twin) ==
          "t.yaml:14:12: pipelines[1].name: 'fares' is the name of pipelines[0] already (choose another: consumers are "
          "called after it)\n");
}

TEST_CASE("rules: a loop over two pipelines is found") {
    const std::string back =
        "  - {name: back, input: {stream: R, subject: \"results.{tenant}.*\"}, endpoint: {url: \"http://m\"}, results: "
        "{subject: \"events.{tenant}.trips\"}}\n";
    CHECK(complaints(std::string(kSample) + back) ==
          "t.yaml:13:16: pipelines[0].results.subject: 'results.{tenant}.fares' is read again by pipeline back, which "
          "feeds this one, as "
          "'results.{tenant}.*', a loop without end (publish under a subject of its own)\n"
          "t.yaml:14:117: pipelines[1].results.subject: 'events.{tenant}.trips' is read again by pipeline fares, which "
          "feeds this one, as "
          "'events.{tenant}.trips', a loop without end (publish under a subject of its own)\n");
}

TEST_CASE("rules: the unroutable subject is not read either, though nobody wrote it") {
    const std::string yaml = sample_with("subject: events.{tenant}.trips", "subject: '{tenant}.>'");
    CHECK(complaints(yaml).contains(
        "pipelines[0].dead_letter.unroutable_subject: 'dead-unroutable.fares' is read again"));
    CHECK(complaints(yaml).contains("t.yaml:4:5: "));
}

TEST_CASE("rules: headers") {
    CHECK(with_endpoint("url: http://m\n      headers: {Authorization: Basic x}") == "");
    CHECK(with_endpoint("url: http://m\n      key_file: k\n      headers: {authorization: Basic x}") ==
          "t.yaml:13:17: pipelines[0].endpoint.headers.authorization: is set from key_file already (remove one)\n");
    CHECK(with_endpoint("url: http://m\n      deployment: blue\n      headers: {AzureML-Model-Deployment: x}") ==
          "t.yaml:13:17: pipelines[0].endpoint.headers.AzureML-Model-Deployment: is set from deployment already "
          "(remove one)\n");
    CHECK(with_endpoint("url: http://m\n      headers: {X-A: '1', x-a: '2'}") ==
          "t.yaml:12:27: pipelines[0].endpoint.headers.x-a: 'x-a' and 'X-A' are the same header (remove one)\n");
}

TEST_CASE("rules: what has no effect is refused") {
    CHECK(with_endpoint("url: http://m\n      ca_file: c") ==
          "t.yaml:12:16: pipelines[0].endpoint.ca_file: 'c' has no effect on an http URL (use https, or remove it)\n");
    CHECK(with_endpoint("url: http://m\n      rows_pointer: /a") ==
          "t.yaml:12:21: pipelines[0].endpoint.rows_pointer: has no effect with protocol azureml (remove it)\n");
    CHECK(with_endpoint("url: http://m\n      protocol: json\n      body: data") ==
          "t.yaml:13:13: pipelines[0].endpoint.body: has no effect with protocol json (remove it)\n");
    CHECK(with_endpoint("url: http://m\n      protocol: json\n      extras: {a: 1}")
              .starts_with("t.yaml:13:15: pipelines[0].endpoint.extras: need a body that is an object"));
}

TEST_CASE("rules: input held must leave room for a batch") {
    CHECK(with_endpoint("url: http://m\n      max_batch_bytes: 512MiB") ==
          "t.yaml:5:5: pipelines[0].input.max_pending_bytes: 256MiB is below endpoint.max_batch_bytes 512MiB, so no "
          "batch could fill "
          "(raise it)\n");
}

TEST_CASE("rules: the control row has the form of a row") {
    CHECK(with_endpoint("url: http://m\n      control: [1, 2.5]") == "");
    CHECK(with_endpoint("url: http://m\n      rows: records\n      control: {vendorid: 1, distance: 2}") == "");
    CHECK(with_endpoint("url: http://m\n      control: [1]") ==
          "t.yaml:12:16: pipelines[0].endpoint.control: has 1 values, but event.features has 2 (give one for each)\n");
    CHECK(with_endpoint("url: http://m\n      control: {a: 1, b: 2}") ==
          "t.yaml:12:16: pipelines[0].endpoint.control: must be a list, since rows is arrays\n");
    const std::string one = sample_with("[vendorid, distance]", "[distance]");
    const auto with_values = [&one](const std::string& control) {
        std::string yaml = one;
        return complaints(
            yaml.insert(yaml.find("    results:"), "      rows: values\n      control: " + control + "\n"));
    };
    CHECK(with_values("2.5") == "");
    CHECK(with_values("[2.5]").ends_with("control: must be one value, since rows is values\n"));
    CHECK(with_endpoint("url: http://m\n      rows: records\n      control: [1, 2]") ==
          "t.yaml:13:16: pipelines[0].endpoint.control: must be a map, since rows is records\n");
    CHECK(with_endpoint("url: http://m\n      control: 5") ==
          "t.yaml:12:16: pipelines[0].endpoint.control: must be a list, since rows is arrays\n");
}

TEST_CASE("rules: names in a record and in a result are unique") {
    CHECK(complaints(sample_with(kResults, "subject: results.{tenant}.fares\n      include: [/a/id, /b/id]")) ==
          "t.yaml:14:16: pipelines[0].results.include: '/b/id' and '/a/id' are both called 'id' in a result (choose "
          "one)\n");
    CHECK(complaints(sample_with(kResults, "subject: results.{tenant}.fares\n      include: [score]")) ==
          "t.yaml:14:16: pipelines[0].results.include: 'score' would be called 'score' in a result, where the score "
          "stands (leave it out)\n");
    CHECK(with_endpoint("url: http://m\n      rows: records") == "");
    const std::string records = sample_with("features: [vendorid, distance]\n    endpoint:\n",
                                            "features: [/a/id, id]\n    endpoint:\n      rows: records\n");
    CHECK(complaints(records) ==
          "t.yaml:9:17: pipelines[0].event.features: 'id' and '/a/id' are both called 'id' in a record (choose one)\n");
}

TEST_CASE("rules: the default of a batch is what a request of the protocol carries") {
    const auto batch = [](const char* endpoint) {
        const auto loaded = load("t.yaml", sample_with("url: http://127.0.0.1:5001/score", endpoint));
        REQUIRE(loaded);
        return loaded->pipelines.front().endpoint.max_batch_count;
    };
    CHECK(batch("url: http://m") == 500);
    CHECK(batch("url: http://m\n      protocol: openai_chat\n      request: {a: '{distance}'}") == 1);
}

TEST_CASE("rules: a request carries no more than its protocol allows") {
    const std::string embeddings = "url: http://m\n      protocol: openai_embeddings\n      rows: values";
    CHECK(with_endpoint("url: http://m\n      bytes_per_token: 2")
              .contains("bytes_per_token: has no effect without max_batch_tokens (set it, or remove this)"));
    const auto tokens = [](const std::string& endpoint) {
        const auto loaded = load("t.yaml", sample_with("url: http://127.0.0.1:5001/score", endpoint));
        REQUIRE(loaded);
        return loaded->pipelines.front().endpoint.max_batch_tokens;
    };
    CHECK(tokens("url: http://m") == 0);
    CHECK(tokens("url: http://m\n      max_batch_tokens: 7\n      bytes_per_token: 3.5") == 7);
    const protocols::Kind* const kind = protocols::find("openai_embeddings");
    CHECK((kind != nullptr && kind->usual_tokens == 300'000));
    CHECK(with_endpoint(embeddings + "\n      max_batch_count: 2049")
              .contains("max_batch_count: 2049 is above 2048, the most a request of openai_embeddings carries"));
    CHECK(
        with_endpoint(embeddings)
            .contains("rows: is values, but event.features has 2 (name one feature, or set rows: arrays or records)"));
}
