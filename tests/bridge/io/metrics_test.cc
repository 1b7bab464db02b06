#include "bridge/io/metrics.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "bridge/io/metrics_table.h"
#include "tests/source_tree.h"

using namespace std::chrono_literals;
using millrace::Outcome;
using millrace::Reason;
using millrace::Snapshot;
using millrace::io::Metrics;

namespace {

// The value of a series as it stands in the text; -1 where there is none.
double value(const std::string& text, const std::string& series) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
    }
    return -1;
}

double sum(const std::string& text, const std::string& begin) {
    double total = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(begin)) total += std::stod(line.substr(line.rfind(' ')));
    }
    return total;
}

}  // namespace

TEST_CASE("metrics: what a shard tells is counted under its pipeline, tenant and reason") {
    Metrics metrics({});
    auto& shard = metrics.add_shard("fares");
    shard.received(120, 3, false);
    shard.received(80, 1, true);
    shard.settled("acme", millrace::Ending::scored, std::nullopt, false, 20ms);
    shard.settled("acme", millrace::Ending::scored, std::nullopt, true, 20ms);
    shard.settled("acme", millrace::Ending::dead, Reason::field_missing, false, 20ms);
    shard.settled("", millrace::Ending::dead, Reason::unroutable_tenant, false, -5s);
    shard.settled("acme", millrace::Ending::filtered, std::nullopt, false, 0ms);
    shard.settled("acme", millrace::Ending::bypassed, std::nullopt, false, 0ms);
    shard.acked();
    shard.requested(3);
    shard.answered(0, Outcome::throttled, 429, 40ms);
    const auto text = metrics.text();
    CAPTURE(text);
    CHECK(value(text, R"(millrace_messages_received_total{pipeline="fares"})") == 2);
    CHECK(value(text, R"(millrace_message_received_bytes_total{pipeline="fares"})") == 200);
    CHECK(value(text, R"(millrace_events_received_total{pipeline="fares"})") == 4);
    CHECK(value(text, R"(millrace_redeliveries_total{pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_events_total{outcome="scored",pipeline="fares",tenant="acme"})") == 2);
    CHECK(value(text, R"(millrace_events_total{outcome="dead_letter",pipeline="fares",tenant="acme"})") == 1);
    CHECK(value(text, R"(millrace_events_total{outcome="filtered",pipeline="fares",tenant="acme"})") == 1);
    CHECK(value(text, R"(millrace_events_total{outcome="bypassed",pipeline="fares",tenant="acme"})") == 1);
    CHECK(value(text, R"(millrace_dead_letters_total{pipeline="fares",reason="field_missing",tenant="acme"})") == 1);
    CHECK(value(text,
                R"x(millrace_dead_letters_total{pipeline="fares",reason="unroutable_tenant",tenant="(none)"})x") == 1);
    CHECK(value(text, R"(millrace_duplicates_total{pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_acks_total{pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_requests_total{outcome="throttled",pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_requests_total{outcome="scored",pipeline="fares"})") == 0);
    CHECK(value(text, R"(millrace_result_latency_seconds_count{pipeline="fares"})") == 6);
    CHECK(value(text, R"(millrace_result_latency_seconds_sum{pipeline="fares"})") == doctest::Approx(0.06));
    CHECK(value(text, R"(millrace_request_duration_seconds_bucket{pipeline="fares",le="0.05"})") == 1);
    CHECK(value(text, R"(millrace_request_duration_seconds_bucket{pipeline="fares",le="0.025"})") == 0);
    CHECK(value(text, R"(millrace_batch_size_rows_sum{pipeline="fares"})") == 3);
    CHECK(value(text, "millrace_build_info{version=\"" MILLRACE_VERSION "\"}") == 1);
}

TEST_CASE("metrics: gauges fold the shards of a pipeline and keep pipelines apart") {
    Metrics metrics({});
    auto& first = metrics.add_shard("fares");
    auto& second = metrics.add_shard("fares");
    auto& other = metrics.add_shard("tips");
    Snapshot snapshot;
    snapshot.connected = true;
    snapshot.backlog = 5;
    snapshot.in_flight = 2;
    first.publish(snapshot);
    other.publish(snapshot);
    snapshot.connected = false;
    snapshot.hold = "403";
    second.publish(snapshot);
    const auto text = metrics.text();
    CHECK(value(text, R"(millrace_backlog_messages{pipeline="fares"})") == 10);
    CHECK(value(text, R"(millrace_requests_in_flight{pipeline="fares"})") == 4);
    CHECK(value(text, R"(millrace_connected{pipeline="fares"})") == 0);
    CHECK(value(text, R"(millrace_held{pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_connected{pipeline="tips"})") == 1);
    CHECK(value(text, R"(millrace_held{pipeline="tips"})") == 0);
    const auto shards = metrics.shards();
    REQUIRE(shards.size() == 3);
    CHECK(shards[1].pipeline == "fares");
    CHECK(shards[1].shard == 1);
    CHECK(shards[1].snapshot->hold == "403");
    CHECK(shards[2].shard == 0);
}

TEST_CASE("metrics: ten thousand tenants stay inside max_series and no event is lost from the sums") {
    Metrics metrics({.max_series = 100});
    auto& shard = metrics.add_shard("fares");
    for (int i = 0; i < 10'000; ++i) {
        shard.settled("t" + std::to_string(i), millrace::Ending::scored, std::nullopt, false, 1ms);
        shard.settled("t" + std::to_string(i), millrace::Ending::dead, Reason::rejected, false, 1ms);
    }
    const auto text = metrics.text();
    std::size_t of_tenants = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        of_tenants += line.find("tenant=\"t") != std::string::npos ? 1 : 0;
    CHECK(of_tenants <= 100);
    CHECK(of_tenants >= 90);
    CHECK(sum(text, "millrace_events_total{") == 20'000);
    CHECK(sum(text, "millrace_dead_letters_total{") == 10'000);
    CHECK(value(text, R"(millrace_events_total{outcome="scored",pipeline="fares",tenant="other"})") > 9'900);
}

TEST_CASE("metrics: a tenant's series count once, however many shards it is on") {
    Metrics metrics({.max_series = 120});
    millrace::ports::Observer* shards[] = {&metrics.add_shard("fares"), &metrics.add_shard("fares"),
                                           &metrics.add_shard("fares")};
    for (auto* shard : shards) {
        for (int i = 0; i < 40; ++i)
            shard->settled("t" + std::to_string(i), millrace::Ending::dead, Reason::rejected, false, 1ms);
    }
    const auto text = metrics.text();
    CHECK(value(text, R"(millrace_dead_letters_total{pipeline="fares",reason="rejected",tenant="t39"})") == 3);
    CHECK(value(text, R"(millrace_events_total{outcome="dead_letter",pipeline="fares",tenant="other"})") == 0);
    CHECK(value(text, R"(millrace_dead_letters_total{pipeline="fares",reason="rejected",tenant="other"})") == 0);
}

TEST_CASE("metrics: with tenant labels off no series names a tenant") {
    Metrics metrics({.tenant_labels = false});
    auto& shard = metrics.add_shard("fares");
    shard.settled("acme", millrace::Ending::dead, Reason::rejected, false, 1ms);
    const auto text = metrics.text();
    CHECK(text.find("tenant=") == std::string::npos);
    CHECK(text.find("acme") == std::string::npos);
    CHECK(value(text, R"(millrace_events_total{outcome="dead_letter",pipeline="fares"})") == 1);
    CHECK(value(text, R"(millrace_dead_letters_total{pipeline="fares",reason="rejected"})") == 1);
}

TEST_CASE("metrics: each address has its state, limit and requests, over all shards") {
    millrace::settings::Pipeline pipeline;
    pipeline.endpoint.addresses.resize(2);
    pipeline.endpoint.addresses[0].url = "http://east/score";
    pipeline.endpoint.addresses[1].url = "http://west/score?code=secret";
    const auto asked = millrace::io::asked_by(pipeline);
    Metrics metrics({});
    auto& first = metrics.add_shard("fares", asked);
    auto& second = metrics.add_shard("fares", asked);
    first.answered(0, Outcome::scored, 200, 1ms);
    second.answered(1, Outcome::throttled, 429, 1ms);
    second.answered(1, Outcome::throttled, 429, 1ms);
    second.answered(9, Outcome::throttled, 429, 1ms);  // none that is configured
    Snapshot snapshot;
    snapshot.addresses = {{0, millrace::AddressState::closed, "", 2, 1}, {1, millrace::AddressState::out, "no", 1, 0}};
    first.publish(snapshot);
    snapshot.addresses[1].state = millrace::AddressState::open;
    second.publish(snapshot);
    const auto text = metrics.text();
    CAPTURE(text);
    const std::string east = R"(address="addresses[0]",)";
    const std::string west = R"(address="addresses[1]",)";
    const std::string at_east = R"(pipeline="fares",url="http://east/score")";
    const std::string at_west = R"(pipeline="fares",url="http://west/score")";
    const auto of = [&](const std::string& name, const std::string& labels) {
        return value(text, name + "{" + labels + "}");
    };
    CHECK(of("millrace_address_requests_total", east + R"(outcome="scored",)" + at_east) == 1);
    CHECK(of("millrace_address_requests_total", west + R"(outcome="throttled",)" + at_west) == 2);
    CHECK(of("millrace_address_requests_total", west + R"(outcome="scored",)" + at_west) == 0);
    CHECK(of("millrace_address_concurrency_limit", east + at_east) == 4);
    CHECK(of("millrace_address_requests_in_flight", east + at_east) == 2);
    CHECK(of("millrace_address_state", east + R"(pipeline="fares",state="closed",url="http://east/score")") == 2);
    CHECK(of("millrace_address_state", west + R"(pipeline="fares",state="out",url="http://west/score")") == 1);
    CHECK(of("millrace_address_state", west + R"(pipeline="fares",state="open",url="http://west/score")") == 1);
    CHECK(of("millrace_address_state", west + R"(pipeline="fares",state="closed",url="http://west/score")") == 0);
    CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("metrics: of a shadow, where there is one") {
    Metrics metrics({});
    auto& shard = metrics.add_shard("fares", {{}, true});
    shard.shadowed(millrace::ShadowCount::skipped, 1);
    shard.shadowed(millrace::ShadowCount::same, 7);
    shard.shadowed(millrace::ShadowCount::lost, 2);
    metrics.add_shard("tips").shadowed(millrace::ShadowCount::lost, 2);
    const auto text = metrics.text();
    CHECK(value(text, R"(millrace_shadow_batches_total{pipeline="fares",result="skipped"})") == 1);
    CHECK(value(text, R"(millrace_shadow_batches_total{pipeline="fares",result="compared"})") == 0);
    CHECK(value(text, R"(millrace_shadow_events_total{pipeline="fares",result="same"})") == 7);
    CHECK(value(text, R"(millrace_shadow_differences_total{pipeline="fares",result="lost"})") == 2);
    CHECK(value(text, R"(millrace_shadow_differences_total{pipeline="tips",result="lost"})") == -1);
}

TEST_CASE("metrics: notes go where they were told to, with their pipeline") {
    std::vector<std::string> notes;
    Metrics metrics({.on_note = [&](std::string_view pipeline, const millrace::Note& note) {
        notes.push_back(std::string(pipeline) + " " + note.event + ": " + note.text);
    }});
    metrics.add_shard("fares").note({millrace::Level::warning, "held", "403 from the endpoint"});
    CHECK(notes == std::vector<std::string>{"fares held: 403 from the endpoint"});
}

TEST_CASE("metrics: looks at secrets in vaults, and when each was last read") {
    Metrics metrics({});
    metrics.add_vault_secret("keyvault://kv-millrace/key");
    const std::string read = R"(millrace_vault_read_timestamp_seconds{secret="keyvault://kv-millrace/key"})";
    CHECK(value(metrics.text(), read) == 0);
    metrics.looked_at_vault("keyvault://kv-millrace/key", true, millrace::ServerTime{1'700'000'000s});
    metrics.looked_at_vault("keyvault://kv-millrace/key", false, millrace::ServerTime{1'700'000'300s});
    const std::string text = metrics.text();
    CHECK(value(text, read) == 1'700'000'000);
    const std::string looks = R"(millrace_vault_looks_total{outcome=")";
    CHECK(value(text, looks + R"(read",secret="keyvault://kv-millrace/key"})") == 1);
    CHECK(value(text, looks + R"(failed",secret="keyvault://kv-millrace/key"})") == 1);
}

TEST_CASE("metrics: every row of the table is in the text from the start, with its kind, and nothing else is") {
    Metrics metrics({});
    metrics.add_shard("fares", {{{"endpoint", "http://model/score"}}, true});
    metrics.add_vault_secret("keyvault://kv-millrace/key");
    std::set<std::string> announced;
    std::istringstream lines(metrics.text());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) announced.insert(line.substr(7));
    }
    std::set<std::string> rows;
    for (const auto& row : millrace::io::metric_rows()) {
        const auto kind = row.kind == millrace::io::MetricKind::counter ? " counter"
                          : row.kind == millrace::io::MetricKind::gauge ? " gauge"
                                                                        : " histogram";
        rows.insert(std::string(row.name) + kind);
        CHECK(row.buckets.empty() == (row.kind != millrace::io::MetricKind::histogram));
        CHECK(row.name.starts_with("millrace_"));
        CHECK(row.name.ends_with("_total") == (row.kind == millrace::io::MetricKind::counter));
    }
    CHECK(announced == rows);
}

TEST_CASE("metrics: scrapes and shards do not disturb one another") {
    Metrics metrics({.max_series = 50});
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&shard = metrics.add_shard("fares"), t] {
            for (int i = 0; i < 2000; ++i) {
                shard.settled("t" + std::to_string((i + t) % 40),
                              i % 2 ? millrace::Ending::dead : millrace::Ending::scored,
                              i % 2 ? std::optional(Reason::timeout) : std::nullopt, false, 1ms);
                shard.publish({});
            }
        });
    }
    for (int i = 0; i < 20; ++i) CHECK_FALSE(metrics.text().empty());
    for (auto& thread : threads) thread.join();
    CHECK(sum(metrics.text(), "millrace_events_total{") == 6000);
}

// MILLRACE_WRITE_DOCS=1 writes the page instead.
TEST_CASE("metrics: docs/metrics.md says what the table says") {
    const auto file = millrace::tests::source_tree() / "docs/metrics.md";
    if (std::getenv("MILLRACE_WRITE_DOCS") != nullptr) std::ofstream(file) << millrace::io::metrics_page();
    std::ifstream in(file);
    const std::string page(std::istreambuf_iterator<char>(in), {});
    CHECK_MESSAGE(page == millrace::io::metrics_page(), "write it anew: MILLRACE_WRITE_DOCS=1 build/dev/bin/test_io");
}
