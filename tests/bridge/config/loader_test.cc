#include "bridge/config/loader.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <variant>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;
using namespace std::chrono_literals;

TEST_CASE("loader: the short configuration of the design loads as it stands") {
    const settings::Settings settings = loaded(R"(version: 1
nats: {urls: ["nats://127.0.0.1:4222"]}
pipelines:
  - name: trip-fares
    input:
      stream: EVENTS
      subject: events.{tenant}.trips          # {tenant} is one token of the subject
    event:
      features: [vendorid, weekday, pickuphour, passenger, distance]
    endpoint:
      url: http://127.0.0.1:5001/score
      protocol: azureml
      max_batch_count: 500
      parallel_requests_per_partition: 4
    results: {subject: "results.{tenant}.trip-fares"}
    dead_letter: {subject: "dead.{tenant}.trip-fares"}
)");
    const settings::Pipeline& pipeline = settings.pipelines.at(0);
    CHECK(settings.version == 1);
    CHECK(settings.nats.urls == std::vector<std::string>{"nats://127.0.0.1:4222"});
    CHECK(pipeline.name == "trip-fares");
    CHECK(pipeline.input.stream == "EVENTS");
    CHECK(pipeline.input.subject == "events.{tenant}.trips");
    CHECK(pipeline.event.features.size() == 5);
    CHECK(pipeline.event.features[4].field == "distance");
    CHECK(pipeline.endpoint.parallel_requests_per_partition == 4);
    CHECK(pipeline.results.subject == "results.{tenant}.trip-fares");
    CHECK(pipeline.dead_letter.subject == "dead.{tenant}.trip-fares");
    CHECK(pipeline.dead_letter.unroutable_subject == "dead-unroutable.trip-fares");
}

TEST_CASE("loader: dead letter subjects are named after their pipeline") {
    const settings::Settings settings = loaded(kSample);
    CHECK(settings.pipelines[0].dead_letter.subject == "dead.{tenant}.fares");
    CHECK(settings.pipelines[0].dead_letter.unroutable_subject == "dead-unroutable.fares");
}

TEST_CASE("loader: values of every shape arrive where they belong") {
    const settings::Settings settings = loaded(R"(
version: 1
nats: {user: m, password_file: /p, tls: {enabled: true, cert_file: c.pem, key_file: k.pem}}
admin: {listen: "[::1]:9000", tenant_labels: false}
drain_timeout: 1500ms
pipelines:
  - name: a
    partitions: 8
    input: {stream: E, subject: "e.{partition}.{tenant}.>", start: 12345, ack_wait: 1m, max_pending_bytes: 64MiB}
    event: {features: [x, {field: /a/b, default: 1.50}, {field: "y", default: null}, {field: z, default: none}]}
    endpoint:
      url: https://model.example/score?v=1
      protocol: json
      rows: records
      rows_pointer: /instances
      results_pointer: /predictions
      extras: {p: {n: 9007199254740993, s: "a\"\n", l: [true, null, -1.50e3, text, "1"]}, e: {}}
      non_finite: null
      max_batch_bytes: 1048576
      max_batch_wait: 250ms
      mix_tenants: true
      headers: {X-Team: fares, authorization: Basic abc}
      max_dead_letter_ratio: 0.25
      on_rejected: fail
      control: {x: 1, b: 2, y: 3, z: "4"}
    results: {subject: "r.{tenant}.a", include: [id, /a/c]}
)");
    const settings::Pipeline& pipeline = settings.pipelines.at(0);
    const settings::Endpoint& endpoint = pipeline.endpoint;
    CHECK(settings.nats.user == "m");
    CHECK(settings.nats.tls.enabled);
    CHECK(settings.admin.listen == "[::1]:9000");
    CHECK_FALSE(settings.admin.tenant_labels);
    CHECK(settings.drain_timeout == 1500ms);
    CHECK(pipeline.partitions == 8);
    CHECK(std::get<std::uint64_t>(pipeline.input.start) == 12345);
    CHECK(pipeline.input.ack_wait == 1min);
    CHECK(pipeline.input.max_pending_bytes == 64u << 20);
    REQUIRE(pipeline.event.features.size() == 4);
    CHECK_FALSE(pipeline.event.features[0].fallback);
    CHECK(pipeline.event.features[1].field == "/a/b");
    CHECK(pipeline.event.features[1].fallback == "1.50");
    CHECK(pipeline.event.features[2].fallback == "null");
    CHECK(pipeline.event.features[3].fallback == "\"none\"");
    CHECK(endpoint.rows == settings::RowShape::records);
    CHECK(endpoint.extras ==
          R"({"p":{"n":9007199254740993,"s":"a\"\u000a","l":[true,null,-1.50e3,"text","1"]},"e":{}})");
    CHECK(endpoint.non_finite == settings::NonFinite::null);
    CHECK(endpoint.max_batch_bytes == 1048576);
    CHECK(endpoint.max_batch_wait == 250ms);
    CHECK(endpoint.mix_tenants);
    CHECK(endpoint.headers.at("X-Team") == "fares");
    CHECK(endpoint.max_dead_letter_ratio == 0.25);
    CHECK(endpoint.on_rejected == settings::OnRejected::fail);
    CHECK(endpoint.control == R"({"x":1,"b":2,"y":3,"z":"4"})");
    CHECK(pipeline.results.include == settings::Include::fields);
    CHECK(pipeline.results.include_fields == std::vector<std::string>{"id", "/a/c"});
}

TEST_CASE("loader: start is all, new, a time or a sequence") {
    const auto start = [](const std::string& text) {
        return loaded(sample_with("stream: EVENTS", "stream: EVENTS\n      start: " + text)).pipelines[0].input.start;
    };
    CHECK(std::holds_alternative<settings::StartAll>(start("all")));
    CHECK(std::holds_alternative<settings::StartNew>(start("new")));
    CHECK(std::get<std::uint64_t>(start("18446744073709551615")) == UINT64_MAX);
    const auto noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + 12h;
    CHECK(std::get<ServerTime>(start("2026-01-02T12:00:00Z")) == noon);
    CHECK(std::get<ServerTime>(start("'2026-01-02T14:30:00.25+02:30'")) == noon + 250ms);
    CHECK(std::get<ServerTime>(start("2026-01-02T07:00:00-05:00")) == noon);
}

TEST_CASE("loader: include is none, all or a list") {
    const auto include = [](const std::string& text) {
        return loaded(sample_with("subject: results.{tenant}.fares",
                                  "subject: results.{tenant}.fares\n      include: " + text))
            .pipelines[0]
            .results.include;
    };
    CHECK(include("none") == settings::Include::nothing);
    CHECK(include("all") == settings::Include::everything);
    CHECK(include("[a]") == settings::Include::fields);
}

TEST_CASE("loader: features may be left out, and the event is the row") {
    CHECK(loaded(sample_with("    event:\n      features: [vendorid, distance]\n", ""))
              .pipelines[0]
              .event.features.empty());
}

TEST_CASE("loader: a pipeline may feed another, as long as nothing comes back") {
    const std::string second = R"(
  - {name: second, input: {stream: R, subject: "results.{tenant}.fares"}, endpoint: {url: "http://m"}, results: {subject: "final.{tenant}"}})";
    CHECK(loaded(std::string(kSample) + second.substr(1)).pipelines.size() == 2);
}

TEST_CASE("loader: JSON is YAML, and a byte order mark and CR LF do no harm") {
    CHECK(complaints(R"({"version":1,"pipelines":[{"name":"a","input":{"stream":"E","subject":"e.{tenant}"},)"
                     R"("endpoint":{"url":"http://m/","max_batch_count":5},"results":{"subject":"r.{tenant}"}}]})") ==
          "");
    std::string windows = "\xEF\xBB\xBF";
    for (const char c : kSample) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    CHECK(complaints(windows) == "");
}

TEST_CASE("loader: all mistakes are told at once, in the order of the file") {
    std::string yaml = sample_with("version: 1", "version: 2");
    yaml += "      includ: none\n    ordered: perhaps\nshards: 0\n";
    CHECK(complaints(yaml) ==
          "t.yaml:1:10: version: 2 is above 1 (set 1)\n"
          "t.yaml:14:7: pipelines[0].results.includ: key 'includ' is not known here (did you mean include?)\n"
          "t.yaml:15:14: pipelines[0].ordered: 'perhaps' is no boolean (write true or false)\n"
          "t.yaml:16:9: shards: 0 is below 1 (set 1 to 64)\n");
}

TEST_CASE("loader: a flood of mistakes is cut short") {
    std::string yaml(kSample);
    for (int i = 0; i < 500; ++i) yaml += "k" + std::to_string(i) + "xxxxxxxx: 1\n";
    const auto result = load("t.yaml", yaml);
    REQUIRE_FALSE(result);
    CHECK(result.error().size() == Problems::kMost + 1);
    CHECK(result.error().back().text == "and 400 more problems");
}
