#include "subjects/identity.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <vector>

namespace millrace::subjects {

namespace {

using Tuple = std::vector<Part>;

std::string hex_of(const Tuple& tuple) { return to_hex(identity_of(tuple)); }

std::uint64_t read_number(std::string_view& bytes) {
    REQUIRE(bytes.size() >= 8);
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    bytes.remove_prefix(8);
    return number;
}

Part read_part(std::string_view& bytes) {
    const char type = bytes.front();
    bytes.remove_prefix(1);
    if (type == 'n') return nullptr;
    if (type == 'u') return read_number(bytes);
    if (type == 'i') return static_cast<std::int64_t>(read_number(bytes));
    if (type == 'd') return std::bit_cast<double>(read_number(bytes));
    if (type == 'b') {
        REQUIRE_FALSE(bytes.empty());
        const bool truth = bytes.front() != 0;
        bytes.remove_prefix(1);
        return truth;
    }
    REQUIRE(type == 's');
    const auto size = read_number(bytes);
    REQUIRE(bytes.size() >= size);
    const auto text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
}

// Reads canonical bytes back. That it can be written, without ever guessing, is what makes them canonical.
Tuple read_back(std::string_view bytes) {
    REQUIRE_FALSE(bytes.empty());
    REQUIRE(bytes.front() == 1);
    bytes.remove_prefix(1);
    Tuple tuple;
    while (!bytes.empty()) tuple.push_back(read_part(bytes));
    return tuple;
}

// Makes tuples whose texts are likely to be taken for something else: pieces of other tuples' canonical bytes.
class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    Tuple tuple() {
        Tuple made(below(5));
        for (auto& part : made) part = this->part();
        return made;
    }

  private:
    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

    Part part() {
        switch (below(7)) {
            case 6:
                return static_cast<double>(number());
            case 0:
                return number();
            case 1:
                return static_cast<std::int64_t>(number());
            case 2:
                return below(2) == 1;
            case 3:
                return nullptr;
            default:
                return std::string_view(texts_.emplace_back(text()));
        }
    }

    std::uint64_t number() { return below(2) == 1 ? below(4) : random_(); }

    std::string text() {
        constexpr std::string_view kBytes("\0\1suibna.", 9);
        std::string made;
        for (auto left = below(12); left > 0; --left) made += kBytes[below(kBytes.size())];
        if (!texts_.empty() && below(3) == 0) {
            const Tuple inner = {texts_[below(texts_.size())], std::uint64_t{1}};
            made += canonical(inner).substr(0, 200);
        }
        return made;
    }

    std::mt19937_64 random_;
    std::deque<std::string> texts_;
};

constexpr EventOrigin origin() {
    return {.pipeline = "trip-fares",
            .generation = 1,
            .stream = "EVENTS",
            .stored_at = ServerTime(Duration(1700000000123456789)),
            .sequence = 42,
            .element = 0};
}

}  // namespace

TEST_CASE("identity: canonical bytes can be read back, so different tuples never give equal ones") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        Maker maker(seed);
        for (int i = 0; i < 500; ++i) {
            const auto tuple = maker.tuple();
            const auto bytes = canonical(tuple);
            if (read_back(bytes) != tuple) CHECK(read_back(bytes) == tuple);
        }
    }
}

TEST_CASE("identity: all short tuples of confusable parts give different bytes and different identities") {
    using namespace std::string_view_literals;
    const Tuple parts = {""sv,
                         "\0"sv,
                         "\0\0\0\0\0\0\0\0"sv,
                         "a"sv,
                         "aa"sv,
                         "s"sv,
                         "n"sv,
                         "1"sv,
                         "true"sv,
                         "sa"sv,
                         "us"sv,
                         std::uint64_t{0},
                         std::uint64_t{1},
                         nullptr,
                         true,
                         false,
                         std::int64_t{0},
                         std::int64_t{1},
                         std::int64_t{-1},
                         ~std::uint64_t{0},
                         0.0,
                         1.0,
                         0.5};
    std::set<std::string> bytes;
    std::unordered_set<Identity> identities;
    std::size_t made = 0;
    const auto add = [&](const Tuple& tuple) {
        ++made;
        bytes.insert(canonical(tuple));
        identities.insert(identity_of(tuple));
    };
    add({});
    for (const auto& a : parts) {
        add({a});
        for (const auto& b : parts) {
            add({a, b});
            for (const auto& c : parts) add({a, b, c});
        }
    }
    CHECK(bytes.size() == made);
    CHECK(identities.size() == made);
}

TEST_CASE("identity: fixed vectors, computed apart from this program") {
    CHECK(hex_of({}) == "4bf5122f344554c53bde2ebb8cd2b7e3");
    const Tuple mixed = {"a", std::uint64_t{1}, std::int64_t{-1}, true, nullptr};
    using namespace std::string_literals;
    CHECK(canonical(mixed) ==
          "\1s\0\0\0\0\0\0\0\1a"s
          "u\0\0\0\0\0\0\0\1i\xff\xff\xff\xff\xff\xff\xff\xff"s
          "b\1n"s);
    CHECK(hex_of(mixed) == "e6160032bda5223aee07b4bb851e4bdc");
    CHECK(to_hex(event_identity(origin())) == "af5efd8d105642c37a621fb4831e93f0");
    auto other = origin();
    other.element = 9;
    CHECK(to_hex(event_identity(other)) == "74b3ee66163df00c50876cc16ab69c56");
}

TEST_CASE("identity: a tuple too long for the fixed buffer hashes the same way") {
    const std::string pipeline(600, 'x');
    const std::string longer(5000, 'x');
    const EventOrigin event = {.pipeline = pipeline, .stream = "EVENTS", .sequence = ~std::uint64_t{0}};
    CHECK(to_hex(event_identity(event)) == "8eea29e7d6324f3ece765787f926a482");
    CHECK(hex_of({longer}) != hex_of({std::string_view(longer).substr(1)}));
    // On both sides of the buffer's end no two lengths collapse.
    std::set<std::string> seen;
    for (std::size_t size = 740; size < 780; ++size) seen.insert(hex_of({std::string_view(longer).substr(0, size)}));
    CHECK(seen.size() == 40);
}

TEST_CASE("identity: every member of an event's origin counts") {
    std::unordered_set<Identity> seen = {event_identity(origin())};
    const auto add = [&](auto change) {
        auto changed = origin();
        change(changed);
        seen.insert(event_identity(changed));
    };
    add([](EventOrigin& o) { o.pipeline = "trip-fare"; });
    add([](EventOrigin& o) { o.generation = 2; });
    add([](EventOrigin& o) { o.stream = "EVENTS2"; });
    add([](EventOrigin& o) { o.stored_at += Duration(1); });
    add([](EventOrigin& o) { o.sequence = 43; });
    add([](EventOrigin& o) { o.element = 1; });
    add([](EventOrigin& o) { std::swap(o.pipeline, o.stream); });
    CHECK(seen.size() == 8);
}

TEST_CASE("identity: a batch is told from its events, and each end of it counts") {
    auto last = origin();
    last.sequence += 5;
    std::unordered_set<Identity> seen = {event_identity(origin()), event_identity(last),
                                         batch_identity(origin(), origin()), batch_identity(origin(), last),
                                         batch_identity(last, last)};
    const auto add = [&](auto change) {
        auto first = origin();
        change(first);
        seen.insert(batch_identity(first, last));
        auto other = last;
        change(other);
        seen.insert(batch_identity(origin(), other));
    };
    add([](EventOrigin& o) { o.stored_at += Duration(1); });
    add([](EventOrigin& o) { o.sequence += 1; });
    add([](EventOrigin& o) { o.element = 1; });
    CHECK(seen.size() == 11);
}

TEST_CASE("identity: threads do not disturb each other") {
    const auto expected = event_identity(origin());
    std::vector<int> wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (auto& count : wrong) {
            threads.emplace_back([&count, &expected] {
                for (int i = 0; i < 2000; ++i) count += event_identity(origin()) == expected ? 0 : 1;
            });
        }
    }
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("identity: hexadecimal digits there and back, and no other form") {
    Identity identity;
    for (std::size_t i = 0; i < 16; ++i) identity.bytes[i] = static_cast<std::uint8_t>(i * 17);
    CHECK(to_hex(identity) == "00112233445566778899aabbccddeeff");
    CHECK(identity_from_hex("00112233445566778899aabbccddeeff") == identity);
    for (const std::string_view bad :
         {"", "0", "00112233445566778899aabbccddeef", "00112233445566778899aabbccddeeff0",
          "00112233445566778899AABBCCDDEEFF", "0011223344556677 899aabbccddeeff", "g0112233445566778899aabbccddeeff",
          "00112233445566778899aabbccddee-1", "0x112233445566778899aabbccddeeff"}) {
        CAPTURE(bad);
        CHECK_FALSE(identity_from_hex(bad));
    }
}

}  // namespace millrace::subjects
