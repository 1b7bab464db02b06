// Ledger: which events are ours, which message may be acked, and which row has gone longest without a touch.
#include "bridge/engine/ledger.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1h};
using Standing = Ledger::Standing;

std::unique_ptr<Delivery> message(std::uint64_t sequence, std::size_t events = 1, std::uint64_t delivered = 1) {
    auto delivery = std::make_unique<Delivery>();
    delivery->stream_sequence = sequence;
    delivery->delivered = delivered;
    delivery->ack_subject = "ack." + std::to_string(sequence) + "." + std::to_string(delivered);
    delivery->payload = Payload(std::string(10, 'x'));
    delivery->events.resize(events);
    return delivery;
}

DeliveryId open(Ledger& ledger, std::uint64_t sequence, std::size_t events = 1, Time now = kStart) {
    return ledger.open(message(sequence, events), now).id;
}

}  // namespace

TEST_CASE("ledger: a message of three events may be acked when the third is settled") {
    Ledger ledger(10);
    const DeliveryId id = open(ledger, 1, 3);
    CHECK(ledger.size() == 1);
    CHECK(ledger.bytes() == held_bytes(*ledger.find(id)));
    CHECK(!ledger.settle({id, 1}, kStart));
    CHECK(ledger.find(EventRef{id, 1}) == nullptr);
    CHECK(ledger.find(EventRef{id, 2}) != nullptr);
    CHECK(!ledger.settle({id, 0}, kStart));
    CHECK(ledger.settle({id, 2}, kStart));
    CHECK(ledger.size() == 0);
    CHECK(ledger.bytes() == 0);
    CHECK(ledger.find(id) == nullptr);
}

TEST_CASE("ledger: a delivery stays readable until the sweep after it was settled") {
    Ledger ledger(10);
    bool freed = false;
    auto delivery = message(7);
    delivery->payload = Payload("bytes", &freed, [](void* owner) { *static_cast<bool*>(owner) = true; });
    const DeliveryId id = ledger.open(std::move(delivery), kStart).id;
    ledger.sweep();
    ledger.settle({id, 0}, kStart);
    CHECK(!freed);
    ledger.sweep();
    CHECK(freed);
}

TEST_CASE("ledger: a message that comes again while open is not opened twice; its newer ack subject counts") {
    Ledger ledger(10);
    const DeliveryId id = open(ledger, 1);
    const auto again = ledger.open(message(1, 1, 3), kStart + 1s);
    CHECK(again.standing == Standing::open);
    CHECK(again.id == id);
    CHECK(again.delivery->ack_subject == "ack.1.3");
    CHECK(again.delivery->delivered == 3);
    CHECK(ledger.size() == 1);
    CHECK(ledger.bytes() == held_bytes(*ledger.find(id)));
    CHECK(ledger.longest_untouched()->second == kStart + 1s);
    CHECK(ledger.opened_at(id) == kStart);
    CHECK(ledger.open(message(1, 1, 2), kStart + 2s).delivery->delivered == 3);  // overtaken on the way
}

TEST_CASE("ledger: a message that comes again after it was settled is to be acked, as long as it is remembered") {
    Ledger ledger(2);
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) ledger.settle({open(ledger, sequence), 0}, kStart);
    const auto again = ledger.open(message(3, 1, 2), kStart);
    CHECK(again.standing == Standing::settled);
    CHECK(again.delivery->ack_subject == "ack.3.2");
    CHECK(ledger.open(message(2), kStart).standing == Standing::settled);
    CHECK(ledger.size() == 0);
    CHECK(ledger.open(message(1), kStart).standing == Standing::fresh);
}

TEST_CASE("ledger: the same sequence in another partition, or of a stream made anew, is another message") {
    Ledger ledger(10);
    ledger.settle({open(ledger, 1), 0}, kStart);
    auto elsewhere = message(1);
    elsewhere->partition = 1;
    CHECK(ledger.open(std::move(elsewhere), kStart).standing == Standing::fresh);
    auto anew = message(1);
    anew->stored_at = ServerTime(1h);
    CHECK(ledger.open(std::move(anew), kStart).standing == Standing::fresh);
    CHECK(ledger.size() == 2);
}

TEST_CASE("ledger: what is let go of is not remembered, and comes again under another id") {
    Ledger ledger(10);
    const DeliveryId id = open(ledger, 1, 2);
    ledger.settle({id, 0}, kStart);
    ledger.forget(id);
    CHECK(ledger.size() == 0);
    CHECK(ledger.bytes() == 0);
    const auto again = ledger.open(message(1, 2, 2), kStart);
    CHECK(again.standing == Standing::fresh);
    CHECK(again.id != id);
    CHECK(ledger.find(EventRef{again.id, 0}) != nullptr);  // settled by somebody's hand, not by ours
    CHECK(ledger.find(EventRef{id, 1}) == nullptr);
}

TEST_CASE("ledger: a delivery without events is settled as it is") {
    Ledger ledger(10);
    ledger.settle_empty(open(ledger, 1, 0));
    CHECK(ledger.size() == 0);
    CHECK(ledger.open(message(1, 0, 2), kStart).standing == Standing::settled);
}

TEST_CASE("ledger: a row is fresh until ack_wait after its last touch") {
    Ledger ledger(10);
    const DeliveryId id = open(ledger, 1);
    CHECK(ledger.fresh(id, kStart + 30s - 1ns, 30s));
    CHECK(!ledger.fresh(id, kStart + 30s, 30s));
    ledger.touch(id, kStart + 20s);
    CHECK(ledger.fresh(id, kStart + 50s - 1ns, 30s));
    ledger.forget(id);
    CHECK(!ledger.fresh(id, kStart + 20s, 30s));
}

TEST_CASE("ledger: the row longest untouched is first, a touch sends it to the end") {
    Ledger ledger(10);
    const DeliveryId a = open(ledger, 1);
    const DeliveryId b = open(ledger, 2, 1, kStart + 1s);
    CHECK(ledger.longest_untouched()->first == a);
    ledger.touch(a, kStart + 2s);
    CHECK(ledger.longest_untouched()->first == b);
    CHECK(ledger.ids() == std::vector{b, a});
}

TEST_CASE("ledger: knows since when something of a message is stored: the earliest of its events") {
    Ledger ledger(10);
    const DeliveryId id = open(ledger, 1, 3);
    CHECK(!ledger.stored_since(id));
    ledger.settle({id, 0}, kStart + 2s);
    ledger.settle({id, 1}, kStart + 5s);
    CHECK(ledger.stored_since(id) == kStart + 2s);
}
