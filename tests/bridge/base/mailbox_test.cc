#include "bridge/base/mailbox.h"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace millrace {

TEST_CASE("mailbox: take gives everything in order and leaves nothing") {
    Mailbox<int> mailbox;
    std::vector<int> taken = {9, 9};
    mailbox.take(taken);
    CHECK(taken.empty());
    for (int i = 0; i < 5; ++i) mailbox.put(i);
    mailbox.take(taken);
    CHECK(taken == std::vector<int>{0, 1, 2, 3, 4});
    mailbox.take(taken);
    CHECK(taken.empty());
}

TEST_CASE("mailbox: wakes once per filling, not once per item") {
    int woken = 0;
    Mailbox<int> mailbox([&woken] { ++woken; });
    for (int i = 0; i < 5; ++i) mailbox.put(i);
    CHECK(woken == 1);
    std::vector<int> taken;
    mailbox.take(taken);
    CHECK(woken == 1);
    mailbox.put(5);
    CHECK(woken == 2);
}

TEST_CASE("mailbox: wakes with the lock free and the item inside") {
    std::vector<int> taken;
    Mailbox<int>* inside = nullptr;
    Mailbox<int> mailbox([&] { inside->take(taken); });  // would wait for ever on a lock still held
    inside = &mailbox;
    mailbox.put(7);
    CHECK(taken == std::vector<int>{7});
}

TEST_CASE("mailbox: carries what can only be moved, and both vectors keep their memory") {
    Mailbox<std::unique_ptr<int>> mailbox;
    std::vector<std::unique_ptr<int>> taken;
    taken.reserve(100);
    const auto* memory = taken.data();
    mailbox.put(std::make_unique<int>(1));
    mailbox.take(taken);
    REQUIRE(taken.size() == 1);
    CHECK(*taken.front() == 1);
    mailbox.put(std::make_unique<int>(2));
    mailbox.take(taken);
    REQUIRE(taken.size() == 1);
    CHECK(*taken.front() == 2);
    CHECK(taken.data() == memory);
}

TEST_CASE("mailbox: many putters lose nothing, repeat nothing, and each keeps its order") {
    constexpr int kPutters = 4;
    constexpr int kItems = 5000;
    std::counting_semaphore<> wakes(0);
    Mailbox<std::pair<int, int>> mailbox([&wakes] { wakes.release(); });
    std::array<int, kPutters> next{};
    int seen = 0;
    int out_of_order = 0;
    {
        std::vector<std::jthread> putters;
        for (int putter = 0; putter < kPutters; ++putter) {
            putters.emplace_back([&mailbox, putter] {
                for (int i = 0; i < kItems; ++i) mailbox.put({putter, i});
            });
        }
        // Waits for wakes only: one that is missing leaves this loop, and the test, hanging.
        for (std::vector<std::pair<int, int>> taken; seen < kPutters * kItems;) {
            wakes.acquire();
            mailbox.take(taken);
            for (const auto& [putter, i] : taken) {
                out_of_order += next[static_cast<std::size_t>(putter)]++ == i ? 0 : 1;
                ++seen;
            }
        }
    }
    CHECK(seen == kPutters * kItems);
    CHECK(out_of_order == 0);
}

}  // namespace millrace
