#include "bridge/shard/shard.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "bridge/protocols/registry.h"

namespace millrace {
namespace {

struct MuteJetStream : ports::JetStream {
    void bind(Partition) override {}
    void look(const Look&) override {}
    void position(const Position&) override {}
    void pull(const PullRequest&) override {}
    void ack(const std::string&) override {}
    void nak(const std::string&, Duration) override {}
    void in_progress(const std::string&) override {}
    void publish(ports::Publication) override {}
    void publish_together(std::vector<ports::Publication>) override {}
    void post(ports::Publication) override {}
    void find(const Find&) override {}
    void read(const Read&) override {}
    void purge(const Purge&) override {}
    void flush() override {}
};

// A wake is kept until a wait uses it up, as with the real one.
struct WakingEndpoint : ports::Endpoint {
    void send(ports::HttpRequest) override {}
    void wait(Duration, std::vector<ports::HttpResponse>&) override {
        if (during_wait) std::exchange(during_wait, nullptr)();
        woken = false;
    }
    void wake() override { woken = true; }
    void cancel_all() override {}

    bool woken = false;
    std::function<void()> during_wait;
};

struct MuteObserver : ports::Observer {
    void received(std::size_t, std::size_t, bool) override {}
    void settled(std::string_view, Ending, std::optional<Reason>, bool, Duration) override {}
    void applied(const Fates&) override {}
    void acked() override {}
    void requested(std::size_t) override {}
    void answered(std::size_t, Outcome, int, Duration) override {}
    void shadowed(ShadowCount, std::size_t) override {}
    void note(const Note&) override {}
    void publish(const Snapshot&) override {}
};

settings::Pipeline example() {
    settings::Pipeline pipeline;
    pipeline.name = "p";
    pipeline.input.stream = "S";
    pipeline.input.subject = "in.{tenant}";
    pipeline.event.features = {{"x", {}}};
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.results.subject = "out.{tenant}";
    pipeline.dead_letter = {"dead.{tenant}", "dead-unroutable"};
    return pipeline;
}

TEST_CASE("shard: what arrives during a turn is taken in it or wakes the next wait") {
    const settings::Pipeline pipeline = example();
    MuteJetStream jetstream;
    WakingEndpoint endpoint;
    Shard::Arrivals arrivals([&] { endpoint.wake(); });
    const auto protocol = protocols::make(pipeline);
    Credentials credentials = Credentials::none(pipeline);
    MuteObserver observer;
    Shard shard({pipeline, {0}, jetstream, arrivals, endpoint, *protocol, credentials, observer, 1});

    endpoint.during_wait = [&] { arrivals.put(Disconnected{}); };
    shard.turn(Time{}, ServerTime{});

    std::vector<ports::JetStreamArrival> left;
    arrivals.take(left);
    CHECK((left.empty() || endpoint.woken));
}

}  // namespace
}  // namespace millrace
