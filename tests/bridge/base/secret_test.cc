#include "bridge/base/secret.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace millrace {

namespace {

template <typename T>
concept Streams = requires(std::ostream& out, const T& value) { out << value; };

static_assert(Streams<std::string>);
static_assert(!Streams<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

// Whether the bytes of the object itself, where short texts live, hold `text`.
bool holds(const Secret& secret, std::string_view text) {
    const std::string_view bytes(reinterpret_cast<const char*>(&secret), sizeof secret);
    return bytes.find(text) != std::string_view::npos;
}

}  // namespace

TEST_CASE("secret: gives its bytes to whoever asks by name") {
    CHECK(Secret().empty());
    CHECK(Secret("").empty());
    const Secret secret("canary");
    CHECK_FALSE(secret.empty());
    CHECK(secret.reveal() == "canary");
    const Secret copy = secret;
    CHECK(copy.reveal() == "canary");
    CHECK(secret.reveal() == "canary");
}

TEST_CASE("secret: moving on leaves no bytes behind") {
    Secret first("canary");
    REQUIRE(holds(first, "canary"));
    Secret second = std::move(first);
    CHECK(second.reveal() == "canary");
    CHECK_FALSE(holds(first, "anary"));  // NOLINT(bugprone-use-after-move): what is left is the question
    Secret third;
    third = std::move(second);
    CHECK(third.reveal() == "canary");
    CHECK_FALSE(holds(second, "anary"));  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("secret: a shorter one overwrites all of a longer one") {
    Secret secret("canary-long");
    secret = Secret("x");
    CHECK(secret.reveal() == "x");
    CHECK_FALSE(holds(secret, "nary"));
    const Secret other("yz");
    secret = other;
    CHECK(secret.reveal() == "yz");
    CHECK(other.reveal() == "yz");
}

TEST_CASE("secret: long ones, and one assigned to itself, survive") {
    const std::string text(1000, 'k');
    Secret secret(text);
    auto& same = secret;
    secret = same;
    CHECK(secret.reveal() == text);
    secret = std::move(same);
    CHECK(secret.reveal() == text);
}

}  // namespace millrace
