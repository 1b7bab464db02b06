// One step of an event's way, over and over, for a tool that counts instructions (bench/instructions.py).
//
//   bench_instructions              the steps: name, unit, how many to count over
//   bench_instructions NAME COUNT   runs it COUNT times, and COUNT times more inside `measured`; prints how many heap
//                                   allocations each of these made
//
// The functions are the program's own, the inputs always the same. What a step needs is made before, uncounted.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/instant.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/codec/render.h"
#include "bridge/codec/score_reader.h"
#include "bridge/engine/applier.h"
#include "bridge/io/nats_answers.h"
#include "bridge/io/nats_message.h"
#include "bridge/protocols/registry.h"
#include "bridge/shard/owned_rendering.h"
#include "subjects/ack_subject.h"
#include "subjects/identity.h"

namespace {
std::size_t allocations = 0;
}

// Not inlined, or GCC pairs what one of them calls with the other.
// NOLINTBEGIN(misc-new-delete-overloads,cppcoreguidelines-no-malloc)
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    std::abort();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads,cppcoreguidelines-no-malloc)

namespace millrace::bench {
namespace {

constexpr std::size_t kRows = 500;  // of a request
constexpr Time kStart{std::chrono::hours(1)};
constexpr ServerTime kStored{std::chrono::seconds(1'700'000'000)};

struct Step {
    virtual ~Step() = default;
    virtual void prepare(std::size_t) {}
    virtual void run(std::size_t count) = 0;
};

settings::Pipeline trips() {
    settings::Pipeline pipeline;
    pipeline.name = "trips";
    pipeline.input = {.stream = "TRIPS", .subject = "TRIPS.{tenant}.trips"};
    for (const char* field : {"trip", "vendorid", "weekday", "pickuphour", "passenger", "distance"})
        pipeline.event.features.push_back({field, {}});
    pipeline.endpoint.url = "http://127.0.0.1:1/score";
    pipeline.endpoint.max_batch_count = kRows;
    pipeline.endpoint.parallel_requests_per_partition = 4;
    pipeline.results.subject = "scored.{tenant}.results";
    pipeline.dead_letter = {"scored.{tenant}.dead", "scored.unroutable"};
    return pipeline;
}

settings::Pipeline counted() {
    settings::Pipeline pipeline = trips();
    pipeline.endpoint.url.clear();
    pipeline.event.features.clear();
    pipeline.event.timestamp = "at";
    pipeline.event.late_arrival_tolerance.reset();
    pipeline.event.early_limit = std::chrono::hours(1000);
    Aggregate per_trip;
    per_trip.name = "per-trip";
    per_trip.window = {.kind = WindowKind::tumbling, .size = std::chrono::hours(1)};
    per_trip.group_by = {"trip"};
    per_trip.select = {{.name = "made", .operand = {}},
                       {.name = "far", .function = Function::avg, .operand = {Operand::From::event, "distance"}}};
    per_trip.subject = "scored.{tenant}.per-trip";
    pipeline.aggregates = {per_trip};
    return pipeline;
}

std::vector<std::unique_ptr<Delivery>> deliveries(std::size_t count, std::uint64_t& sequence) {
    std::vector<std::unique_ptr<Delivery>> all;
    for (; count > 0; --count) {
        auto& made = *all.emplace_back(std::make_unique<Delivery>());
        made.stream_sequence = ++sequence;
        made.stored_at = kStored;
        made.tenant = "acme";
        made.subject = "TRIPS.acme.trips";
        made.payload = Payload(trip(sequence));
    }
    return all;
}

// ---- score ----

struct AckSubjects : Step {
    void run(std::size_t count) override {
        for (; count > 0; --count) {
            const auto parsed =
                subjects::parse_ack_subject("$JS.ACK.TRIPS.trips-p0.1.71234.71234.1700000000000000000.7");
            if (!parsed) std::abort();
        }
    }
};

struct Decode : Step {
    explicit Decode(settings::Pipeline of) : pipeline(std::move(of)), decoder(pipeline) {}
    void prepare(std::size_t count) override { all = deliveries(count, sequence); }
    void run(std::size_t) override {
        for (auto& each : all) decoder.decode(*each);
        if (all.back()->events.size() != 1 || all.back()->events[0].fault) std::abort();
    }
    settings::Pipeline pipeline;
    codec::EventDecoder decoder;
    std::uint64_t sequence = 0;
    std::vector<std::unique_ptr<Delivery>> all;
};

struct Identities : Step {
    void run(std::size_t count) override {
        for (; count > 0; --count) seen += subjects::event_identity({"trips", 1, "TRIPS", kStored, count, 0}).bytes[0];
    }
    std::size_t seen = 0;
};

struct Request : Step {
    Request() {
        std::uint64_t sequence = 0;
        codec::EventDecoder decoder(pipeline);
        for (auto& each : deliveries(kRows, sequence)) {
            decoder.decode(*each);
            texts.push_back(each->events[0].row);
        }
        rows.assign(texts.begin(), texts.end());
    }
    void run(std::size_t count) override {
        for (; count > 0; count -= kRows) seen += protocol->encode(rows).body.size();
    }
    settings::Pipeline pipeline = trips();
    std::unique_ptr<protocols::Protocol> protocol = protocols::make(pipeline);
    std::vector<std::string> texts;
    std::vector<std::string_view> rows;
    std::size_t seen = 0;
};

struct Scores : Step {
    Scores() {
        for (std::size_t n = 0; n < kRows; ++n) body += (n == 0 ? "" : ",") + std::to_string(n % 90) + ".25";
        body = R"({"Results":{"WebServiceOutput0":[)" + body + "]}}";
    }
    void run(std::size_t count) override {
        for (; count > 0; count -= kRows)
            if (protocol->decode({200, {}, body, {}}, kRows).outcome != Outcome::scored) std::abort();
    }
    settings::Pipeline pipeline = trips();
    std::unique_ptr<protocols::Protocol> protocol = protocols::make(pipeline);
    std::string body;
};

struct Render : Step {
    Render() : one(deliveries(1, sequence)) {
        codec::EventDecoder(pipeline).decode(*one[0]);
        Event& event = one[0]->events[0];
        event.id = subjects::event_identity({"trips", 1, "TRIPS", kStored, 1, 0});
        event.settlement.score = "11.25";
        event.settlement.request_id = "8d4100000000-42";
        event.settlement.attempts = 1;
    }
    void run(std::size_t count) override {
        for (; count > 0; --count)
            if (!renderer.render(*one[0], one[0]->events[0], 1 << 20)) std::abort();
    }
    settings::Pipeline pipeline = trips();
    codec::Renderer renderer{pipeline};
    std::uint64_t sequence = 0;
    std::vector<std::unique_ptr<Delivery>> one;
};

struct Leaving : Render {
    void run(std::size_t count) override {
        for (; count > 0; --count)
            if (!io::check_outgoing({result.subject, "_INBOX.ab.ack.7", &result.headers, result.payload}, 1 << 20))
                std::abort();
    }
    codec::Rendered result = *renderer.render(*one[0], one[0]->events[0], 1 << 20);
};

struct PubAcks : Step {
    void run(std::size_t count) override {
        for (; count > 0; --count)
            if (io::parse_pub_ack(StoreId{7}, R"({"stream":"scored","seq":71234})").sequence != 71234) std::abort();
    }
};

// All that the shard's thread does for an event between its doors.
struct WholeShard : Step {
    WholeShard() : shard({pipeline, {0}, jetstream, arrivals, endpoint, *protocol, credentials, watcher, 1}) {
        shard.turn(now, kStored);
    }
    void prepare(std::size_t count) override { jetstream.fill(count); }
    void run(std::size_t count) override {
        for (const std::size_t until = jetstream.acked + count; jetstream.acked < until;) {
            jetstream.deliver(kRows);
            now += std::chrono::microseconds(100);
            shard.turn(now, kStored);
        }
    }
    settings::Pipeline pipeline = trips();
    Shard::Arrivals arrivals;
    InstantJetStream jetstream{arrivals};
    InstantEndpoint endpoint;
    Watcher watcher{endpoint};
    std::unique_ptr<protocols::Protocol> protocol = protocols::make(pipeline);
    Credentials credentials = Credentials::none(pipeline);
    Time now = kStart;
    Shard shard;
};

// ---- aggregate ----

struct Owned : Step {
    // The next `count` events, decoded, in one of `groups` groups each.
    std::vector<std::unique_ptr<Delivery>> next(std::size_t count, std::uint64_t groups) {
        auto some = deliveries(count, sequence);
        for (auto& each : some) {
            decoder.decode(*each);
            each->events[0].values[0] = static_cast<std::int64_t>(each->stream_sequence % groups);
            each->events[0].at = time;
        }
        return some;
    }
    void apply(const std::vector<std::unique_ptr<Delivery>>& some) {
        for (const auto& each : some)
            if (applier.apply(*each)[static_cast<std::size_t>(Fate::in_time)] != 1) std::abort();
    }
    settings::Pipeline pipeline = counted();
    codec::EventDecoder decoder{pipeline};
    codec::Renderer renderer{pipeline};
    codec::ScoreReader scores{pipeline};
    OwnedRendering rendering{pipeline, renderer, scores};
    engine::Applier applier{pipeline, 0, rendering};
    ServerTime time = kStored;
    std::uint64_t sequence = 0;
    std::vector<std::unique_ptr<Delivery>> all;
};

struct Update : Owned {
    explicit Update(std::uint64_t of) : groups(of) {}
    void prepare(std::size_t count) override { all = next(count, groups); }
    void run(std::size_t) override { apply(all); }
    std::uint64_t groups;
};

struct Freeze : Owned {
    void prepare(std::size_t count) override { apply(next(count, UINT64_MAX)); }
    void run(std::size_t) override { seen += state::write(applier.take(false)).size(); }
    std::size_t seen = 0;
};

struct Close : Owned {
    void prepare(std::size_t count) override { apply(next(count, UINT64_MAX)); }
    void run(std::size_t count) override {
        time += std::chrono::hours(2);
        applier.idle(time);
        for (; applier.is_closing(); applier.close()) closed += applier.take(false).outbox.size();
        closed += applier.take(false).outbox.size();
        if (closed % count != 0 || closed == 0) std::abort();
    }
    std::size_t closed = 0;
};

struct Row {
    const char* name;
    const char* unit;
    std::size_t count;
    std::function<std::unique_ptr<Step>()> make;
};

template <typename S, auto... arguments>
std::unique_ptr<Step> step() {
    return std::make_unique<S>(arguments...);
}

const Row kSteps[] = {
    {"decode", "event", 2000, [] { return std::make_unique<Decode>(trips()); }},
    {"decode of what is aggregated", "event", 2000, [] { return std::make_unique<Decode>(counted()); }},
    {"ack subject", "message", 2000, step<AckSubjects>},
    {"identity", "event", 2000, step<Identities>},
    {"request", "row", 10000, step<Request>},
    {"answer", "row", 10000, step<Scores>},
    {"result", "event", 2000, step<Render>},
    {"check before it leaves", "message", 2000, step<Leaving>},
    {"PubAck", "message", 2000, step<PubAcks>},
    {"all of the shard's, score-only", "event", 4000, step<WholeShard>},
    {"update of one of 1,000 windows", "event", 4000, step<Update, 1000>},
    {"a window for each event", "event", 4000, step<Update, UINT64_MAX>},
    {"freeze of changed windows", "window", 4000, step<Freeze>},
    {"closing and rendering", "aggregate", 1000, step<Close>},
};

// What is counted: by its name the tool knows when to begin.
[[gnu::noinline]] void measured(Step& step, std::size_t count) { step.run(count); }

int run(const Row& row, std::size_t count) {
    const auto step = row.make();
    step->prepare(count);
    step->run(count);
    step->prepare(count);
    const std::size_t before = allocations;
    measured(*step, count);
    std::printf("%.2f\n", static_cast<double>(allocations - before) / static_cast<double>(count));
    return 0;
}

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
    using namespace millrace::bench;
    for (const Row& row : kSteps) {
        if (argc == 1) std::printf("%s\t%s\t%zu\n", row.name, row.unit, row.count);
        if (argc == 3 && std::string_view(argv[1]) == row.name) return run(row, std::strtoul(argv[2], nullptr, 10));
    }
    return argc == 1 ? 0 : 2;
}
