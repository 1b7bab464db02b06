// How the owner of a partition looks before it claims, and takes deliveries from a position of its own.
#include <doctest/doctest.h>

#include <type_traits>

#include "tests/contract/bench.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

void publish(Bench& b, int count, const std::string& subject = "events.0.a.trips") {
    for (int i = 0; i < count; ++i) b.world->publish(subject, std::to_string(i));
}

std::vector<subjects::AckSubject> places(const std::vector<ports::Message>& messages) {
    std::vector<subjects::AckSubject> out;
    for (const auto& message : messages) out.push_back(place_of(message));
    return out;
}

std::vector<ports::Message> take(Bench& b, int count) {
    std::vector<ports::Message> out;
    for (int i = 0; i < count; ++i) out.push_back(b.await<ports::Message>());
    return out;
}

}  // namespace

TEST_CASE("look: tells what the streams hold, and makes nothing") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 3);
    REQUIRE_FALSE(b.store_state(1, "head", 0).error);
    b.world->publish("aggregates.a.counts", "x");
    b.world->publish("dead.a.trips", "x");
    const Bound bound = b.look();
    CHECK_FALSE(bound.position);
    CHECK(bound.input_first_sequence == 1);
    CHECK(bound.input_last_sequence == 3);
    CHECK(bound.start_sequence == 1);
    CHECK(bound.ack_floor == 0);
    CHECK(bound.output_last_sequence == std::vector<std::uint64_t>{0, 2, 2, 0, 0, 1, 2, 0});
    CHECK(bound.duplicate_window == std::chrono::minutes(2));
    CHECK(bound.max_payload > 1'000'000);
    CHECK(bound.stream_created != ServerTime{});
    CHECK(bound.server_now - b.world->server_now() < seconds(2));
    CHECK(b.world->server_now() - bound.server_now < seconds(2));
    CHECK(b.world->consumer_names("EVENTS").empty());
    CHECK(b.world->consumer_names("OUT").empty());
}

TEST_CASE("look: resolves the start to a sequence") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 2);
    b.world->advance(milliseconds(50));
    const ServerTime between = b.world->server_now();
    b.world->advance(milliseconds(50));
    publish(b, 3);
    const auto start_of = [&](settings::Start start, Duration before = {}) {
        b.pipeline.input.start = start;
        return b.look({0, before}).start_sequence;
    };
    CHECK(start_of(settings::StartAll{}) == 1);
    CHECK(start_of(settings::StartNew{}) == 6);
    CHECK(start_of(std::uint64_t{4}) == 4);
    CHECK(start_of(between) == 3);
    CHECK(start_of(between, seconds(10)) == 1);
    CHECK(start_of(between - seconds(10)) == 1);
    CHECK(start_of(between + seconds(10)) == 6);
    b.world->trim("EVENTS", 3);
    CHECK(start_of(settings::StartAll{}) == 3);
    CHECK(start_of(std::uint64_t{1}) == 3);
    CHECK(start_of(between - seconds(10)) == 3);
    b.world->trim("EVENTS", 6);
    CHECK(start_of(settings::StartAll{}) == 6);
    CHECK(start_of(settings::StartNew{}) == 6);
    CHECK(start_of(between) == 6);
}

TEST_CASE("look: an empty stream begins at its first message") {
    Bench b(owned_trips());
    SUBCASE("all") {}
    SUBCASE("new") { b.pipeline.input.start = settings::StartNew{}; }
    SUBCASE("a time") { b.pipeline.input.start = b.world->server_now(); }
    CHECK(b.open_owned().start_sequence == 1);
}

TEST_CASE("look: tells how far owners before have acked") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 5);
    b.position({0, 3, 1, 1});
    b.pull(0, 1, 3);
    b.ack(take(b, 3)[1]);
    b.world->advance(milliseconds(200));
    CHECK(b.look().ack_floor == 2);
    CHECK(b.look({1, {}}).ack_floor == 0);
}

TEST_CASE("position: makes the consumer that deliveries come from, in order from the sequence") {
    Bench b(owned_trips());
    b.pipeline.input.max_ack_pending = 77;
    b.open_owned();
    publish(b, 4);
    publish(b, 1, "events.1.a.trips");
    const Position position{0, 7, 2, 3};
    const Bound bound = b.position(position);
    CHECK(bound.position == position);
    CHECK(bound.ack_floor == 2);
    CHECK(bound.input_last_sequence == 5);
    CHECK(bound.max_ack_pending == 77);
    const auto made = b.world->consumer("EVENTS", "trips-p0-7-2");
    REQUIRE(made);
    CHECK(made->ack_policy == "all");
    CHECK(made->ack_wait == std::chrono::hours(1));
    CHECK(made->filter == "events.0.*.trips");
    CHECK(made->max_deliver == -1);
    CHECK(made->max_ack_pending == 77);
    b.pull(1, 5, 10);
    const auto messages = take(b, 2);
    const auto places_taken = places(messages);
    for (std::uint64_t i = 0; i < 2; ++i) {
        CHECK(messages[i].slot == 1);
        CHECK(places_taken[i].consumer == "trips-p0-7-2");
        CHECK(places_taken[i].stream_sequence == 3 + i);
        CHECK(places_taken[i].consumer_sequence == 1 + i);
        CHECK(places_taken[i].delivered == 1);
    }
    CHECK(b.count_after<ports::Message>(milliseconds(200)) == 0);
}

TEST_CASE("position: deletes the partition's earlier ones, and nobody else's") {
    Bench b(owned_trips());
    b.open_owned();
    const auto names = [&] { return b.world->consumer_names("EVENTS"); };
    for (const auto* other : {"trips-p0", "trips-p0-1-1-1", "trips-p0-01-1", "trips-p0-x-1", "other-p0-1-1"})
        b.world->create_consumer("EVENTS", other, "events.*.*.other");
    const std::size_t others = names().size();
    b.position({1, 1, 1, 1});
    b.position({0, 9, 1, 1});
    b.position({0, 9, 10, 1});
    b.position({0, 10, 1, 1});
    CHECK(names().size() == others + 2);
    CHECK(b.world->consumer("EVENTS", "trips-p0-10-1"));
    CHECK(b.world->consumer("EVENTS", "trips-p1-1-1"));
    // One that comes late deletes none of those after it.
    b.position({0, 9, 11, 1});
    CHECK(b.world->consumer("EVENTS", "trips-p0-10-1"));
}

TEST_CASE("position: consumer sequences begin anew, and pulls go to the new one") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 4);
    b.position({0, 1, 1, 1});
    b.pull(0, 1, 3);
    CHECK(place_of(take(b, 3)[2]).consumer_sequence == 3);
    b.position({0, 1, 2, 2});
    b.pull(0, 2, 10);
    const auto messages = take(b, 3);
    CHECK(place_of(messages[0]).consumer == "trips-p0-1-2");
    CHECK(place_of(messages[0]).consumer_sequence == 1);
    CHECK(place_of(messages[0]).stream_sequence == 2);
    CHECK(place_of(messages[0]).delivered == 1);
}

TEST_CASE("position: a name that is taken is a conflict, and its consumer is left alone") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 3);
    b.position({0, 1, 1, 1});
    b.pull(0, 1, 1);
    take(b, 1);
    const Position again{0, 1, 1, 2};
    const auto failed = b.position_error(again);
    CHECK(failed.error.code == ErrorCode::conflict);
    CHECK(failed.position == again);
    CHECK(b.world->consumer("EVENTS", "trips-p0-1-1")->ack_pending == 1);
}

TEST_CASE("position: beyond the end of the stream the next message is the first") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 2);
    b.position({0, 1, 1, 3});
    publish(b, 1);
    b.pull(0, 1, 5);
    const auto place = place_of(take(b, 1)[0]);
    CHECK(place.stream_sequence == 3);
    CHECK(place.consumer_sequence == 1);
}

TEST_CASE("position: an ack covers all that was delivered before it") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 5);
    b.position({0, 1, 1, 1});
    b.pull(0, 1, 4);
    const auto messages = take(b, 4);
    b.ack(messages[2]);
    b.world->advance(milliseconds(200));
    auto seen = b.world->consumer("EVENTS", "trips-p0-1-1");
    CHECK(seen->ack_floor == 3);
    CHECK(seen->ack_pending == 1);
    CHECK(seen->pending == 1);
    b.ack(messages[0]);  // an older one changes nothing
    b.world->advance(milliseconds(200));
    seen = b.world->consumer("EVENTS", "trips-p0-1-1");
    CHECK(seen->ack_floor == 3);
    CHECK(seen->ack_pending == 1);
}

// The schedule of SEMANTICS C5: with one consumer for both, each would get every other message.
TEST_CASE("position: an owner of before takes nothing from the one after it") {
    Bench old_owner(owned_trips());
    old_owner.open_owned();
    old_owner.position({0, 1, 1, 1});
    Arrivals arrivals;
    const auto door = old_owner.world->jetstream(old_owner.pipeline, arrivals);
    std::vector<ports::JetStreamArrival> came;
    const auto wait_for = [&](auto is_there) {
        for (int tries = 0; tries < 500 && !is_there(); ++tries) {
            old_owner.world->advance(milliseconds(20));
            std::vector<ports::JetStreamArrival> fresh;
            arrivals.take(fresh);
            std::ranges::move(fresh, std::back_inserter(came));
        }
    };
    const auto count = [&]<typename T>(std::type_identity<T>) {
        return std::ranges::count_if(came, [](const auto& item) { return std::holds_alternative<T>(item); });
    };
    door->position({0, 2, 1, 1});
    door->flush();
    wait_for([&] { return count(std::type_identity<Bound>{}) == 1; });
    old_owner.pull(0, 1, 10, seconds(20));
    old_owner.world->advance(milliseconds(200));
    publish(old_owner, 6);
    door->pull({0, 0, 1, 10, 1 << 20, seconds(5), {}});
    door->flush();
    wait_for([&] { return count(std::type_identity<ports::Message>{}) == 6; });
    std::vector<std::uint64_t> sequences;
    for (const auto& item : came) {
        if (const auto* message = std::get_if<ports::Message>(&item))
            sequences.push_back(place_of(*message).consumer_sequence);
    }
    CHECK(sequences == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
    CHECK(old_owner.count_after<ports::Message>(milliseconds(300)) == 0);
}

TEST_CASE("position: a pull before the first one asks nobody") {
    Bench b(owned_trips());
    b.open_owned();
    publish(b, 1);
    b.pull(0, 1, 5);
    CHECK(b.count_after<ports::Message>(milliseconds(200)) == 0);
    b.position({0, 1, 1, 1});
    b.pull(0, 2, 5);
    CHECK(take(b, 1).size() == 1);
}

TEST_CASE("find: aggregates are found by their identity, whatever inputs are asked for, and state is not read") {
    Bench b(owned_trips());
    b.open_owned();
    const auto id = subjects::to_hex(identity(77));
    const std::vector<Header> headers = {{"Nats-Msg-Id", id}, {"Millrace-Pipeline", "trips"}};
    b.door->publish({StoreId{1}, aggregate_output(0), "aggregates.a.counts", headers, "{}"});
    b.door->flush();
    CHECK_FALSE(b.await<Stored>().error);
    b.world->publish("dead.a.trips", "x", result_headers(5));
    REQUIRE_FALSE(b.store_state(2, "head", 0, result_headers(6)).error);
    Find find;
    find.number = 1;
    find.from_sequence.emplace(settings::output_slots(b.pipeline), 1);
    find.input_above = 100;
    find.input_to = 200;
    b.door->find(find);
    b.door->flush();
    const Found found = b.await<Found>();
    CHECK_FALSE(found.error);
    CHECK(found.identities == std::vector{identity(77)});
    REQUIRE(found.places.size() == 1);
    const auto place = found.places.front();
    b.door->read({.number = 3,
                  .from = Read::From::output,
                  .output = place.output,
                  .which = Read::Which::at,
                  .sequence = place.sequence});
    b.door->flush();
    const auto got = b.await<GotMessage>();
    REQUIRE(got.message);
    CHECK(std::ranges::find(got.message->headers, Header{"Nats-Msg-Id", id}) != got.message->headers.end());
    find.number = 2;
    find.from_sequence.emplace(kEventOutputs, 1);  // not the aggregates
    b.door->find(find);
    b.door->flush();
    CHECK(b.await<Found>().identities.empty());
}

TEST_CASE("publish: an output that the pipeline does not have is refused") {
    Bench b(owned_trips());
    b.open_owned();
    const Stored refused = b.store(1, "x");
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::misconfigured);
    CHECK(refused.refused);
}
