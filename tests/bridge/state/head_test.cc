// Heads and contents: what is written is read back, and nothing else is.
#include "bridge/state/head.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/property.h"

namespace millrace::state {
namespace {

Digest some_digest(std::uint8_t first) {
    Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(first + i);
    return digest;
}

Head some_head() {
    Head head;
    head.epoch = 3;
    head.writer = some_digest(1);
    head.commit = 70'000;
    head.previous = 12;
    head.released = true;
    head.base = 5;
    head.generation = 300;
    head.fingerprint = some_digest(100);
    head.input_created = ServerTime(std::chrono::seconds(1'700'000'000));
    head.floor = UINT64_MAX;
    head.floor_stored = ServerTime(std::chrono::nanoseconds(-1));
    head.clear_to = 90;
    head.outputs_after = ServerTime(std::chrono::hours(1));
    head.out_base = {0, 7, UINT64_MAX};
    head.together = 4;
    head.parts = 2;
    head.first_part = 10;
    head.content_size = 9;
    head.content_digest = some_digest(50);
    head.content = std::string("a\0b", 3);
    return head;
}

TEST_CASE("a head is read back as it was written") {
    const Head head = some_head();
    const std::string bytes = write(head);
    const auto read = read_head(bytes);
    REQUIRE(read);
    CHECK(write(*read) == bytes);
    CHECK(read->epoch == 3);
    CHECK(read->writer == head.writer);
    CHECK(read->commit == 70'000);
    CHECK(read->previous == 12);
    CHECK(read->released);
    CHECK(read->base == 5);
    CHECK(read->generation == 300);
    CHECK(read->fingerprint == head.fingerprint);
    CHECK(read->input_created == head.input_created);
    CHECK(read->floor == UINT64_MAX);
    CHECK(read->floor_stored == head.floor_stored);
    CHECK(read->clear_to == 90);
    CHECK(read->outputs_after == head.outputs_after);
    CHECK(read->out_base == head.out_base);
    CHECK(read->together == 4);
    CHECK(read->parts == 2);
    CHECK(read->first_part == 10);
    CHECK(read->content_size == 9);
    CHECK(read->content_digest == head.content_digest);
    CHECK(read->content == head.content);
}

TEST_CASE("a head with one byte changed, left out or added is refused") {
    const std::string bytes = write(some_head());
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        CHECK_FALSE(read_head(changed));
        CHECK_FALSE(read_head(bytes.substr(0, at)));
    }
    CHECK_FALSE(read_head(bytes + '\0'));
}

TEST_CASE("a head of a later format says so") {
    std::string bytes = write(some_head());
    bytes[3] = 4;
    const auto read = read_head(bytes);
    REQUIRE_FALSE(read);
    CHECK(read.error().text ==
          "the head has format 4, and this version reads 3 (run a version of Millrace that knows it)");
}

TEST_CASE("a head says who died of what, and without that is one that the version before reads") {
    Head head = some_head();
    CHECK(write(head)[3] == 2);
    head.deaths = 2;
    head.tried = {{{1017, 3}, 2}, {{1018, 0}, 1}};
    const std::string bytes = write(head);
    CHECK(bytes[3] == 3);
    const auto read = read_head(bytes);
    REQUIRE(read);
    CHECK(read->deaths == 2);
    CHECK(read->tried == head.tried);
    CHECK(write(*read) == bytes);
}

// It is the same without the number of what was stored together, one byte here.
TEST_CASE("a head of the format before is read") {
    Head head = some_head();
    head.together = 0;
    const std::string none = write(head);
    head.together = 1;
    const std::string one = write(head);
    const auto place = std::ranges::mismatch(none, one).in1 - none.begin();
    std::string body = none.substr(0, none.size() - Digest{}.size());
    body.erase(static_cast<std::size_t>(place), 1);
    body[3] = 1;
    const Digest mark = digest(body);
    const auto read = read_head(body + std::string(mark.begin(), mark.end()));
    REQUIRE(read);
    CHECK(write(*read) == none);
}

TEST_CASE("a content is read back as it was written, and damage is an error") {
    Content content;
    content.clock = "c";
    content.windows = std::string(300, 'w');
    content.outbox.push_back({4, {some_digest(9)}, "aggregates.a.x", {{"Nats-Msg-Id", "1"}, {"b", ""}}, "{}"});
    content.outbox.push_back({1, {some_digest(8)}, "dead.a.x", {}, ""});
    const std::string bytes = write(content);
    const auto read = read_content(bytes);
    REQUIRE(read);
    CHECK(read->clock == content.clock);
    CHECK(read->windows == content.windows);
    CHECK(read->outbox == content.outbox);
    for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(read_content(bytes.substr(0, size)));
    CHECK_FALSE(read_content(bytes + "x"));
}

TEST_CASE("a content tells of condemned events, and is as it was before where there are none") {
    Content content;
    content.clock = "c";
    const std::string without = write(content);
    content.condemned = {{7, 0}, {UINT64_MAX, 4}};
    const std::string bytes = write(content);
    CHECK(bytes.starts_with(without));
    const auto read = read_content(bytes);
    REQUIRE(read);
    CHECK(read->condemned == content.condemned);
    CHECK(read_content(without)->condemned.empty());
    for (std::size_t size = without.size() + 1; size < bytes.size(); ++size)
        CHECK_FALSE(read_content(std::string_view(bytes).substr(0, size)));
}

TEST_CASE("parts have subjects of their own") {
    Head head;
    head.writer = some_digest(0);
    head.commit = 12;
    CHECK(part_subject("millrace.state.trips.3", head, 1) ==
          "millrace.state.trips.3.000102030405060708090a0b0c0d0e0f.12.1");
}

}  // namespace
}  // namespace millrace::state
