#include "bridge/base/payload.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace millrace {

namespace {

static_assert(!std::is_copy_constructible_v<Payload> && !std::is_copy_assignable_v<Payload>);
static_assert(std::is_nothrow_move_constructible_v<Payload> && std::is_nothrow_move_assignable_v<Payload>);

// A message of some library, with a count of how often it was given back.
struct Message {
    std::string bytes;
    int released = 0;

    Payload lend() {
        return {bytes, this, [](void* owner) { ++static_cast<Message*>(owner)->released; }};
    }
};

}  // namespace

TEST_CASE("payload: borrows bytes where they are and gives them back once") {
    Message message{.bytes = "canary"};
    {
        const auto payload = message.lend();
        CHECK(payload.bytes().data() == message.bytes.data());
        CHECK(payload.size() == 6);
        CHECK(message.released == 0);
    }
    CHECK(message.released == 1);
}

TEST_CASE("payload: moves hand the bytes on and release nothing") {
    Message message{.bytes = "canary"};
    {
        auto first = message.lend();
        auto second = std::move(first);
        CHECK(first.bytes().empty());  // NOLINT(bugprone-use-after-move): what is left is the question
        std::vector<Payload> many;
        many.push_back(std::move(second));
        for (int i = 0; i < 100; ++i) many.emplace_back();
        CHECK(message.released == 0);
        CHECK(many.front().bytes() == "canary");
        CHECK(many.front().bytes().data() == message.bytes.data());
    }
    CHECK(message.released == 1);
}

TEST_CASE("payload: assigning releases what was held at once") {
    Message old{.bytes = "old"};
    Message fresh{.bytes = "new"};
    auto payload = old.lend();
    auto next = fresh.lend();
    payload = std::move(next);
    CHECK(old.released == 1);
    CHECK(fresh.released == 0);
    CHECK(payload.bytes() == "new");
    payload = Payload();
    CHECK(fresh.released == 1);
    CHECK(old.released == 1);
    CHECK(payload.bytes().empty());
}

TEST_CASE("payload: assigned to itself it keeps its bytes") {
    Message message{.bytes = "canary"};
    {
        auto payload = message.lend();
        auto& same = payload;
        payload = std::move(same);
        CHECK(payload.bytes() == "canary");
        CHECK(message.released == 0);
    }
    CHECK(message.released == 1);
}

TEST_CASE("payload: an owned text stays in place while it moves, short or long") {
    for (const auto& text : {std::string(), std::string("short"), std::string(10'000, 'x')}) {
        Payload first(text);
        const auto* place = first.bytes().data();
        Payload second = std::move(first);
        CHECK(second.bytes() == text);
        CHECK(second.bytes().data() == place);
    }
}

}  // namespace millrace
