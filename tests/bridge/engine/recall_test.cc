// Recall: what it asks for, and when it asks again.
#include "bridge/engine/recall.h"

#include <doctest/doctest.h>

#include <variant>
#include <vector>

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

struct Bench {
    std::vector<Read> pump(bool connected = true) {
        Effects out;
        recall.pump(now, connected, out);
        std::vector<Read> reads;
        for (const Effect& effect : out) reads.push_back(std::get<Read>(effect));
        return reads;
    }
    std::optional<EventRef> answer(const Read& read, std::optional<Error> error = {}) {
        return recall.got({.number = read.number, .error = std::move(error)}, now);
    }
    static EventRef event(std::uint64_t delivery) { return {DeliveryId{delivery}, 0}; }

    Recall recall{7};
    Time now{std::chrono::hours(1)};
};

}  // namespace

TEST_CASE("recall: asks for the message at its place, once") {
    Bench b;
    b.recall.want(Bench::event(1), 3, {Output::result, 17});
    const auto reads = b.pump();
    REQUIRE(reads.size() == 1);
    CHECK(reads[0].from == Read::From::output);
    CHECK(reads[0].which == Read::Which::at);
    CHECK(reads[0].output == Output::result);
    CHECK(reads[0].sequence == 17);
    CHECK(reads[0].partition == 3);
    CHECK(b.pump().empty());
    CHECK(b.answer(reads[0]) == Bench::event(1));
    CHECK(!b.answer(reads[0]));
    CHECK(b.pump().empty());
}

TEST_CASE("recall: no answer and a lost connection are asked again, an error after a while") {
    Bench b;
    b.recall.want(Bench::event(1), 0, {Output::result, 17});
    const auto first = b.pump().at(0);
    CHECK(b.recall.next_due(b.now) == b.now + Recall::kAnswerWithin);
    b.now += Recall::kAnswerWithin;
    const auto second = b.pump().at(0);
    CHECK(!b.answer(first));
    b.recall.disconnected();
    CHECK(!b.answer(second));
    CHECK(b.pump(false).empty());
    const auto third = b.pump().at(0);
    CHECK(!b.answer(third, Error{ErrorCode::misconfigured, "not allowed"}));
    CHECK(b.recall.trouble() == "not allowed");
    CHECK(b.pump().empty());
    b.now += 30s;
    CHECK(b.answer(b.pump().at(0)) == Bench::event(1));
    CHECK(b.recall.trouble().empty());
}

TEST_CASE("recall: asks for so many at a time, and for none that is forgotten") {
    Bench b;
    for (std::uint64_t n = 1; n <= Recall::kMostUnanswered + 2; ++n)
        b.recall.want(Bench::event(n), 0, {Output::result, n});
    const auto reads = b.pump();
    CHECK(reads.size() == Recall::kMostUnanswered);
    b.recall.forget(Bench::event(1));
    b.recall.forget(Bench::event(Recall::kMostUnanswered + 1));
    CHECK(!b.answer(reads[0]));
    const auto more = b.pump();
    REQUIRE(more.size() == 1);
    CHECK(more[0].sequence == Recall::kMostUnanswered + 2);
}
