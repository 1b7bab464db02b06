// Batcher: what travels together, in which order, and when.
#include "bridge/engine/batcher.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};

EventRef event(std::uint64_t number) { return {DeliveryId{number}, 0}; }

std::vector<std::uint64_t> numbers(const std::optional<Batch>& batch) {
    std::vector<std::uint64_t> out;
    if (!batch) return out;
    for (const EventRef ref : batch->events) out.push_back(static_cast<std::uint64_t>(ref.delivery));
    return out;
}

// Adds events 1 … count of ten bytes each.
void fill(Batcher& batcher, std::uint64_t count, const std::string& tenant = "acme") {
    for (std::uint64_t i = 1; i <= count; ++i) batcher.add(0, tenant, event(i), 10, false, kStart);
}

std::optional<Batch> take(Batcher& batcher, Time now = kStart) { return batcher.take(0, now, false, UINT32_MAX); }

using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("batcher: without a wait a free slot takes what is there, up to the count") {
    Batcher batcher({3, 1000, 0s});
    CHECK(!take(batcher));
    fill(batcher, 4);
    CHECK(batcher.size() == 4);
    CHECK(numbers(take(batcher)) == Numbers{1, 2, 3});
    CHECK(numbers(take(batcher)) == Numbers{4});
    CHECK(!take(batcher));
    CHECK(batcher.size() == 0);
}

TEST_CASE("batcher: a batch ends before the row that would exceed the bytes; one larger row travels alone") {
    Batcher batcher({100, 25, 0s});
    fill(batcher, 3);
    batcher.add(0, "acme", event(4), 26, false, kStart);
    batcher.add(0, "acme", event(5), 5, false, kStart);
    CHECK(numbers(take(batcher)) == Numbers{1, 2});
    CHECK(numbers(take(batcher)) == Numbers{3});
    CHECK(numbers(take(batcher)) == Numbers{4});
    CHECK(numbers(take(batcher)) == Numbers{5});
}

TEST_CASE("batcher: an event marked single has no mates before it and none behind") {
    Batcher batcher({100, 1000, 1s});
    fill(batcher, 2);
    batcher.add(0, "acme", event(3), 10, true, kStart);
    batcher.add(0, "acme", event(4), 10, false, kStart);
    CHECK(numbers(batcher.take(0, kStart, true, UINT32_MAX)) == Numbers{1, 2});
    CHECK(numbers(take(batcher)) == Numbers{3});  // does not wait for mates it may not have
    CHECK(!take(batcher));
}

TEST_CASE("batcher: with a wait a batch is ready when its oldest event has waited, and says when that will be") {
    Batcher batcher({10, 1000, 2s});
    fill(batcher, 1);
    batcher.add(0, "acme", event(2), 10, false, kStart + 1s);
    CHECK(batcher.next_due(kStart) == kStart + 2s);
    CHECK(!take(batcher, kStart + 2s - 1ns));
    CHECK(numbers(take(batcher, kStart + 2s)) == Numbers{1, 2});
    CHECK(batcher.next_due(kStart + 2s) == kNever);
}

TEST_CASE("batcher: a batch that is full, by count or by bytes, does not wait") {
    Batcher batcher({3, 100, 2s});
    fill(batcher, 3);
    CHECK(numbers(take(batcher)) == Numbers{1, 2, 3});
    batcher.add(0, "acme", event(4), 99, false, kStart);
    CHECK(!take(batcher));
    batcher.add(0, "acme", event(5), 1, false, kStart);
    CHECK(numbers(take(batcher)) == Numbers{4, 5});
}

TEST_CASE("batcher: a flush takes what is not ready; `most` makes it smaller, but never empty") {
    Batcher batcher({10, 1000, 2s});
    fill(batcher, 4);
    CHECK(numbers(batcher.take(0, kStart, true, 1)) == Numbers{1});
    CHECK(numbers(batcher.take(0, kStart, true, 0)) == Numbers{2});
    CHECK(numbers(batcher.take(0, kStart, true, UINT32_MAX)) == Numbers{3, 4});
}

TEST_CASE("batcher: a tenant with one event waits for one batch of a tenant with thousands") {
    Batcher batcher({10, 1000, 0s});
    fill(batcher, 5000, "big");
    batcher.add(0, "small", event(1), 10, false, kStart);
    CHECK(take(batcher).value().tenant == "big");
    CHECK(take(batcher).value().tenant == "small");
    CHECK(take(batcher).value().tenant == "big");
}

TEST_CASE("batcher: a tenant whose batch is not ready does not hold up the next") {
    Batcher batcher({2, 1000, 2s});
    batcher.add(0, "slow", event(1), 10, false, kStart);
    fill(batcher, 2, "full");
    CHECK(take(batcher).value().tenant == "full");
    CHECK(take(batcher, kStart + 2s).value().tenant == "slow");
}

TEST_CASE("batcher: partitions do not see each other, and clear forgets both") {
    Batcher batcher({10, 1000, 0s});
    batcher.add(1, "acme", event(1), 10, false, kStart);
    CHECK(!take(batcher));
    const auto batch = batcher.take(1, kStart, false, UINT32_MAX);
    CHECK(numbers(batch) == Numbers{1});
    CHECK(batch->partition == 1);
    fill(batcher, 3);
    batcher.clear();
    CHECK(batcher.size() == 0);
    CHECK(!take(batcher));
}

TEST_CASE("batcher: what is pruned is gone, and the rest travels on in order") {
    Batcher batcher({100, 1 << 20, {}});
    fill(batcher, 6);
    fill(batcher, 2, "beta");
    batcher.prune([](EventRef ref) { return static_cast<std::uint64_t>(ref.delivery) <= 2; });
    CHECK(batcher.size() == 4);
    CHECK(numbers(batcher.take(0, kStart, false, 100)) == std::vector<std::uint64_t>{3, 4, 5, 6});
    CHECK(!batcher.take(0, kStart, false, 100));
    CHECK(batcher.size() == 0);
}
