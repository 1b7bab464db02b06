// check and setup against a real server.
#include "bridge/app/setup.h"

#include <doctest/doctest.h>
#include <nats/nats.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "bridge/app/check.h"
#include "bridge/io/nats_jetstream.h"
#include "bridge/io/nats_outputs.h"
#include "tests/contract/bench.h"
#include "tests/contract/nats_server.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

struct Site {
    Site() {
        server.start();
        settings.nats.urls = {server.url()};
        auto pipeline = trips();
        pipeline.input.ack_wait = seconds(30);
        // Somebody listens there; what is not asked.
        pipeline.endpoint.url = "http" + server.url().substr(4) + "/score";
        settings.pipelines.push_back(std::move(pipeline));
        connection = std::make_unique<io::NatsConnection>(settings.nats, "test", io::NatsConnection::Listener{});
        REQUIRE(connection->wait_connected(seconds(5)));
        admin = std::make_unique<io::NatsAdmin>(*connection, settings.nats);
        for (int tries = 0; tries < 50 && !admin->account(); ++tries) std::this_thread::sleep_for(milliseconds(50));
    }

    int setup(bool apply) {
        std::ostringstream out;
        const int code = app::setup(settings, {apply, 1}, out);
        text = out.str();
        return code;
    }
    // How many errors check finds; what it says is in `text`.
    int check() {
        std::ostringstream out;
        const auto found = app::examine(settings, out);
        text = out.str();
        for (const auto& finding : found) text += finding.path + ": " + finding.text + "\n";
        warnings = std::ranges::count(found, app::Severity::warning, &app::Finding::severity);
        return static_cast<int>(std::ranges::count(found, app::Severity::error, &app::Finding::severity));
    }
    std::string raw(const std::string& what, const std::string& body) {
        auto answer = connection->request("$JS.API." + what, body, seconds(3));
        REQUIRE(answer);
        REQUIRE(io::parse_success(*answer));
        return *answer;
    }
    // A server of the older generation has no stream transforms.
    [[nodiscard]] bool can_transform() const {
        return app::generation(*io::read_server_info(server.url(), seconds(2))) >= 2010;
    }

    NatsServer server;
    settings::Settings settings;
    std::unique_ptr<io::NatsConnection> connection;
    std::unique_ptr<io::NatsAdmin> admin;
    std::string text;
    std::ptrdiff_t warnings = 0;
};

// Somebody else's client of key-value buckets.
class Client {
  public:
    explicit Client(const std::string& url) {
        REQUIRE(natsConnection_ConnectTo(&connection_, url.c_str()) == NATS_OK);
        REQUIRE(natsConnection_JetStream(&context_, connection_, nullptr) == NATS_OK);
    }
    ~Client() {
        kvStore_Destroy(store_);
        jsCtx_Destroy(context_);
        natsConnection_Destroy(connection_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void make_bucket(const std::string& name) {
        kvConfig config;
        kvConfig_Init(&config);
        config.Bucket = name.c_str();
        kvStore* made = nullptr;
        REQUIRE(js_CreateKeyValue(&made, context_, &config) == NATS_OK);
        kvStore_Destroy(made);
    }
    void open(const std::string& name) { REQUIRE(js_KeyValue(&store_, context_, name.c_str()) == NATS_OK); }
    bool put(const char* key, const char* value) { return kvStore_PutString(nullptr, store_, key, value) == NATS_OK; }
    bool remove(const char* key) { return kvStore_Delete(store_, key) == NATS_OK; }
    std::string get(const char* key) {
        kvEntry* entry = nullptr;
        if (kvStore_Get(&entry, store_, key) != NATS_OK) return "(none)";
        std::string value = kvEntry_ValueString(entry);
        kvEntry_Destroy(entry);
        return value;
    }

  private:
    natsConnection* connection_ = nullptr;
    jsCtx* context_ = nullptr;
    kvStore* store_ = nullptr;
};

}  // namespace

TEST_CASE("setup: shows, changes nothing, applies, and then has nothing to do") {
    Site site;
    CHECK(site.check() == 4);
    CHECK(site.text.contains("stream 'EVENTS' does not exist"));
    CHECK(site.setup(false) == 0);
    CHECK(site.text.contains("create stream 'EVENTS' for events.*.trips"));
    CHECK(site.text.contains("create stream 'trips-results' for"));
    CHECK(site.text.contains("create consumer 'trips-p0'"));
    CHECK(site.admin->stream_names()->empty());
    CHECK(site.setup(true) == 0);
    CHECK(site.admin->stream("EVENTS")->subjects == std::vector<std::string>{"events.*.trips"});
    CHECK(site.admin->stream("trips-results")->subjects ==
          std::vector<std::string>{"results.*.trips", "dead.*.trips", "dead-unroutable.trips"});
    CHECK(site.admin->consumer("EVENTS", "trips-p0"));
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("nothing to do"));
    CHECK(site.check() == 0);
    CHECK(site.warnings == 0);
}

TEST_CASE("setup: an owned pipeline gets a state stream, and an owner can begin") {
    Site site;
    auto& pipeline = site.settings.pipelines.front();
    pipeline = owned_trips();
    pipeline.partitions = 1;
    pipeline.input.subject = "events.{tenant}.trips";
    CHECK(site.setup(true) == 0);
    const auto state = site.admin->stream("MILLRACE_STATE");
    REQUIRE(state);
    CHECK(state->subjects == std::vector<std::string>{"millrace.state.>"});
    CHECK(io::unfit_for_state(*state).empty());
    CHECK(state->max_msgs == -1);
    CHECK(state->max_bytes == -1);
    CHECK(site.admin->stream("trips-results")->subjects ==
          std::vector<std::string>{"dead.*.trips", "dead-unroutable.trips", "aggregates.*.counts"});
    CHECK(site.admin->consumer_names("EVENTS")->empty());
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("nothing to do"));
    Arrivals arrivals;
    io::NatsJetStream door(site.settings.nats, pipeline, arrivals);
    door.position({0, 1, 1, 1});
    bool bound = false;
    for (int tries = 0; tries < 500 && !bound; ++tries) {
        std::vector<ports::JetStreamArrival> fresh;
        arrivals.take(fresh);
        bound = std::ranges::any_of(fresh, [](const auto& item) { return std::holds_alternative<Bound>(item); });
        std::this_thread::sleep_for(milliseconds(10));
    }
    CHECK(bound);
    site.raw("STREAM.UPDATE.MILLRACE_STATE",
             R"({"name":"MILLRACE_STATE","subjects":["millrace.state.>"],"storage":"file","discard":"new",)"
             R"("max_age":3600000000000})");
    CHECK(site.check() > 0);
    CHECK(site.text.contains("'MILLRACE_STATE' drops state by its age"));
    CHECK(site.setup(true) == 1);
    CHECK(site.text.contains("BLOCKED"));
}

// What another client makes, and what it does with ours.
TEST_CASE("setup: a bucket is one to other clients as well") {
    Site site;
    auto& pipeline = site.settings.pipelines.front();
    pipeline = owned_trips();
    pipeline.partitions = 1;
    pipeline.input.subject = "events.{tenant}.trips";
    pipeline.aggregates[0].kv_bucket = "sums";
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("create stream 'KV_sums' for $KV.sums.> (limits, file, 1 replica, key-value bucket"));
    CHECK(site.check() == 0);
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("nothing to do"));

    Client client(site.server.url());
    client.make_bucket("made");
    const auto config = [&](const std::string& bucket) {
        std::string text = site.raw("STREAM.INFO.KV_" + bucket, "");
        text = text.substr(text.find("\"config\""));
        text.resize(text.find("\"created\""));
        for (auto at = text.find(bucket); at != std::string::npos; at = text.find(bucket))
            text.erase(at, bucket.size());
        return text;
    };
    CHECK(config("sums") == config("made"));
    client.open("sums");
    CHECK(client.put("trips.counts.a", "by a person"));
    CHECK(client.get("trips.counts.a") == "by a person");

    Arrivals arrivals;
    io::NatsJetStream door(site.settings.nats, pipeline, arrivals);
    std::vector<ports::JetStreamArrival> seen;
    const auto await = [&]<typename T>(std::type_identity<T>) {
        for (int tries = 0; tries < 500; ++tries) {
            arrivals.take(seen);
            for (auto& item : seen) {
                if (auto* found = std::get_if<T>(&item)) return T(std::move(*found));
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
        throw std::runtime_error("what was awaited did not arrive");
    };
    const std::string subject = "$KV.sums.trips.counts.a";
    const Read last{.number = 1,
                    .from = Read::From::output,
                    .output = summary_output(0),
                    .which = Read::Which::last,
                    .subject = subject};
    door.read(last);
    const auto before = await(std::type_identity<GotMessage>{});
    REQUIRE(before.message);
    CHECK(before.message->payload == "by a person");
    door.publish(
        {StoreId{1}, summary_output(0), subject, {{"Millrace-Generation", "1"}}, "by us", before.message->sequence});
    REQUIRE_FALSE(await(std::type_identity<Stored>{}).error);
    CHECK(client.get("trips.counts.a") == "by us");
    CHECK(client.remove("trips.counts.a"));
    CHECK(client.get("trips.counts.a") == "(none)");
    // A key that was deleted has a last message, which is no value.
    seen.clear();
    door.read({.number = 2, .from = last.from, .output = last.output, .which = last.which, .subject = subject});
    const auto deleted = await(std::type_identity<GotMessage>{});
    REQUIRE(deleted.message);
    CHECK(std::ranges::find(deleted.message->headers, Header{"KV-Operation", "DEL"}) != deleted.message->headers.end());
    seen.clear();
    door.publish({StoreId{2}, summary_output(0), subject, {}, "again", deleted.message->sequence});
    REQUIRE_FALSE(await(std::type_identity<Stored>{}).error);
    CHECK(client.get("trips.counts.a") == "again");
}

TEST_CASE("look: a stream that is no bucket is refused") {
    Site site;
    auto& pipeline = site.settings.pipelines.front();
    pipeline = owned_trips();
    pipeline.aggregates[0].kv_bucket = "sums";
    CHECK(site.setup(true) == 0);
    site.raw("STREAM.DELETE.KV_sums", "");
    site.raw("STREAM.CREATE.KV_sums", R"({"name":"KV_sums","subjects":["$KV.sums.>"],"storage":"file"})");
    const auto found = io::find_outputs(*site.admin, pipeline, 1 << 20);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::misconfigured);
    CHECK(found.error().text.contains("is no key-value bucket"));
    CHECK(site.check() > 0);
    CHECK(site.setup(true) == 1);
}

TEST_CASE("setup: adds to a stream that is there and keeps everything it does not know") {
    Site site;
    site.raw("STREAM.CREATE.OUT",
             R"({"name":"OUT","subjects":["results.>"],"description":"kept","max_msgs_per_subject":7,"storage":"file",)"
             R"("retention":"limits","num_replicas":1,"max_age":3600000000000,"duplicate_window":1000000000})");
    CHECK(site.setup(true) == 0);
    const auto changed = site.admin->stream("OUT");
    REQUIRE(changed);
    CHECK(changed->subjects == std::vector<std::string>{"results.>", "dead.*.trips", "dead-unroutable.trips"});
    CHECK(changed->duplicate_window == std::chrono::minutes(2));
    CHECK(changed->max_msgs_per_subject == 7);
    CHECK(changed->max_age == std::chrono::hours(1));
    CHECK(site.raw("STREAM.INFO.OUT", "").contains(R"("description":"kept")"));
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("nothing to do"));
}

TEST_CASE("setup: what another stream captures is blocked, and nothing is taken from it") {
    Site site;
    site.raw("STREAM.CREATE.OTHER", R"({"name":"OTHER","subjects":["events.>"],"storage":"file"})");
    CHECK(site.setup(true) == 1);
    CHECK(site.text.contains("BLOCKED"));
    CHECK(site.text.contains("OTHER"));
    CHECK_FALSE(site.admin->stream("EVENTS"));
    CHECK(site.admin->stream("OTHER")->subjects == std::vector<std::string>{"events.>"});
    CHECK(site.check() > 0);
}

TEST_CASE("setup: partitions are made by the server where it can, and told where it cannot") {
    Site site;
    auto& pipeline = site.settings.pipelines.front();
    pipeline.partitions = 4;
    pipeline.input.subject = "events.{partition}.{tenant}.trips";
    CHECK(site.setup(true) == 0);
    if (!site.can_transform()) {
        CHECK(site.text.contains(R"("events.*.trips": "events.{{partition(4,1)}}.{{wildcard(1)}}.trips")"));
        CHECK_FALSE(site.admin->stream("EVENTS")->has_transform);
        return;
    }
    CHECK(site.admin->stream("EVENTS")->has_transform);
    Arrivals arrivals;
    io::NatsJetStream door(site.settings.nats, pipeline, arrivals);
    for (Partition p = 0; p < 4; ++p) door.bind(p);
    const std::vector<Header> none;
    std::size_t bound = 0;
    std::vector<ports::Message> messages;
    for (int tries = 0; tries < 500 && messages.size() < 3; ++tries) {
        std::vector<ports::JetStreamArrival> fresh;
        arrivals.take(fresh);
        for (auto& item : fresh) {
            if (const auto* b = std::get_if<Bound>(&item)) {
                door.pull({b->partition, 0, 1, 10, 1 << 20, seconds(5), {}});
                if (++bound == 4) {
                    for (const auto* tenant : {"a", "b", "c"}) {
                        REQUIRE(site.connection->publish({std::string("events.") + tenant + ".trips", {}, &none, "x"}));
                    }
                }
            } else if (auto* message = std::get_if<ports::Message>(&item)) {
                messages.push_back(std::move(*message));
            }
        }
        std::this_thread::sleep_for(milliseconds(10));
    }
    REQUIRE(messages.size() == 3);
    for (const auto& message : messages) {
        CHECK(message.subject.starts_with("events." + std::to_string(message.partition) + "."));
    }
    CHECK(site.setup(true) == 0);
    CHECK(site.text.contains("nothing to do"));
}

TEST_CASE("check: warns of what breaks the promise when something does") {
    Site site;
    site.settings.pipelines.front().input.ack_wait = seconds(5);
    site.raw(
        "STREAM.CREATE.EVENTS",
        R"({"name":"EVENTS","subjects":["events.>"],"storage":"memory","max_age":60000000000,"max_bytes":1000000})");
    site.raw("STREAM.CREATE.R",
             R"({"name":"R","subjects":["results.>"],"storage":"file","duplicate_window":1000000000})");
    site.raw("STREAM.CREATE.D", R"({"name":"D","subjects":["dead.>","dead-unroutable.>"],"storage":"file"})");
    CHECK(site.check() == 0);
    CHECK(site.text.contains("kept in memory"));
    CHECK(site.text.contains("drops events after 1m"));
    CHECK(site.text.contains("5s is shorter than a failover"));
    CHECK(site.text.contains("forgets identities after 1s"));
    CHECK(site.text.contains("dead letters in 'D'"));
    CHECK(site.text.contains("drops the oldest events when it is full"));
}

// The way to read a work queue twice: its messages go to a stream of one's own as well.
TEST_CASE("check, setup: a stream fed from another one is an input as well") {
    Site site;
    site.raw("STREAM.CREATE.SOURCE", R"({"name":"SOURCE","subjects":["events.>"],"storage":"file"})");
    SUBCASE("sources") {
        site.raw("STREAM.CREATE.EVENTS", R"({"name":"EVENTS","sources":[{"name":"SOURCE"}],"storage":"file"})");
    }
    SUBCASE("mirror") {
        site.raw("STREAM.CREATE.EVENTS", R"({"name":"EVENTS","mirror":{"name":"SOURCE"},"storage":"file"})");
    }
    CHECK(site.setup(true) == 0);
    CHECK(site.admin->stream("EVENTS")->subjects.empty());
    CHECK(site.check() == 0);
    CHECK(site.text.contains("takes its messages from other streams"));
}

TEST_CASE("check: output streams that take nothing, or never say that they did") {
    Site site;
    CHECK(site.setup(true) == 0);
    CHECK(site.check() == 0);
    site.raw("STREAM.UPDATE.trips-results",
             R"({"name":"trips-results","subjects":["results.*.trips","dead.*.trips","dead-unroutable.trips"],)"
             R"("no_ack":true,"storage":"file","discard":"new","max_msgs":1})");
    const std::vector<Header> none;
    REQUIRE(site.connection->publish({"results.a.trips", {}, &none, "x"}));
    for (int tries = 0; tries < 50 && site.admin->stream("trips-results")->messages == 0; ++tries)
        std::this_thread::sleep_for(milliseconds(20));
    CHECK(site.check() == 2);
    CHECK(site.text.contains("no_ack"));
    CHECK(site.text.contains("100% full"));
}

TEST_CASE("check: an endpoint or a server that nobody answers on is an error") {
    Site site;
    CHECK(site.setup(true) == 0);
    SUBCASE("endpoint") { site.settings.pipelines.front().endpoint.url = "http://127.0.0.1:1/score"; }
    SUBCASE("server") {
        site.connection.reset();
        site.server.kill();
    }
    CHECK(site.check() > 0);
    CHECK(site.text.contains("cannot connect"));
}
