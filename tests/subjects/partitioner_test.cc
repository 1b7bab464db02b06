#include "subjects/partitioner.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace millrace::subjects {

namespace {

Partition of(std::initializer_list<std::string_view> tokens, std::uint32_t partitions) {
    return partition_of({tokens.begin(), tokens.size()}, partitions);
}

}  // namespace

TEST_CASE("partitioner: the numbers nats-server 2.9.10 gives with partition() in a mapping") {
    CHECK(of({"acme"}, 16) == 15);
    CHECK(of({"a"}, 16) == 12);
    CHECK(of({"0"}, 16) == 15);
    CHECK(of({"Globex-EU_1"}, 16) == 15);
    CHECK(of({"\xc5\xbc\xc3\xb3\xc5\x82w"}, 16) == 6);
    CHECK(of({"\xc5\xbc\xc3\xb3\xc5\x82w"}, 1'000'000) == 938'182);  // bytes above 127 count as unsigned
    CHECK(of({"ab", "c"}, 7) == 5);
    CHECK(of({"a", "bc"}, 7) == 5);
    CHECK(of({"acme", "42"}, 7) == 1);
    CHECK(of({"acme"}, 1'000'000) == 237'615);
    CHECK(of({"globex"}, 1'000'000) == 391'822);
    CHECK(of({"initech"}, 1'000'000) == 973'345);
    CHECK(of({std::string(64, 'x')}, 1'000'000) == 603'077);
}

TEST_CASE("partitioner: the published vectors of FNV-1a") {
    constexpr std::uint32_t kMost = 4294967295u;  // leaves every hash but the last as it is
    CHECK(of({}, kMost) == 0x811c9dc5u);
    CHECK(of({""}, kMost) == 0x811c9dc5u);
    CHECK(of({"a"}, kMost) == 0xe40c292cu);
    CHECK(of({"foobar"}, kMost) == 0xbf9cf968u);
}

TEST_CASE("partitioner: one partition takes all, several are all used") {
    std::set<Partition> used;
    for (int i = 0; i < 1000; ++i) {
        const auto key = "tenant-" + std::to_string(i);
        CHECK(of({key}, 1) == 0);
        used.insert(of({key}, 8));
    }
    CHECK(used.size() == 8);
    CHECK(*used.rbegin() == 7);
}

}  // namespace millrace::subjects
