#include "bridge/engine/shadow.h"

#include <doctest/doctest.h>

#include <deque>
#include <string>

using namespace millrace;
using namespace millrace::engine;
using std::chrono::seconds;

namespace {

struct Bench {
    explicit Bench(double percent = 100, std::uint32_t parallel = 2) {
        settings.percent = percent;
        settings.parallel_requests = parallel;
    }

    // An event whose identity begins with this number, as the lowest bits of the lot.
    std::pair<const Delivery*, const Event*> event(std::uint8_t top, std::size_t bytes = 1) {
        Event& made = events.emplace_back();
        made.id.bytes[7] = top;  // the most significant of the first eight
        made.row = "1";
        made.settlement.score = std::string(bytes, '7');
        return {&delivery, &made};
    }
    template <typename T>
    std::vector<T> of() const {
        std::vector<T> all;
        for (const Effect& effect : out) {
            if (const T* one = std::get_if<T>(&effect)) all.push_back(*one);
        }
        return all;
    }
    std::size_t counted(ShadowCount what) const {
        std::size_t sum = 0;
        for (const Shadowed& one : of<Shadowed>()) sum += one.what == what ? one.count : 0;
        return sum;
    }
    bool scored(std::uint8_t top = 0, std::size_t bytes = 1) {
        const std::size_t before = of<Copy>().size();
        shadow.scored({event(top, bytes)}, now, out);
        return of<Copy>().size() > before;
    }
    void answer(RequestId id, Outcome outcome = Outcome::scored, std::vector<Difference> differences = {}) {
        ShadowAnswered in;
        in.id = id;
        in.outcome = outcome;
        in.same = outcome == Outcome::scored && differences.empty() ? 1 : 0;
        in.differences = std::move(differences);
        shadow.answered(std::move(in), now, out);
    }
    RequestId last() const { return of<Copy>().back().id; }

    settings::Shadow settings;
    Shadow shadow{settings, 1};
    Delivery delivery;
    std::deque<Event> events;
    Time now{std::chrono::hours(1)};
    Effects out;
};

}  // namespace

TEST_CASE("shadow: a batch is chosen by the identity of its first event, and again alike") {
    Bench b(25, 100);
    for (int again = 0; again < 2; ++again) {
        CHECK(b.scored(0x00));
        CHECK(b.scored(0x3f));
        CHECK_FALSE(b.scored(0x40));
        CHECK_FALSE(b.scored(0xff));
    }
    b.shadow.scored({b.event(0xff), b.event(0x00)}, b.now, b.out);
    CHECK(b.of<Copy>().size() == 4);
    b.settings.percent = 100;
    CHECK(b.scored(0xff));
}

TEST_CASE("shadow: beyond what may be on its way a copy is skipped and counted") {
    Bench b;
    CHECK(b.scored());
    CHECK(b.scored());
    CHECK_FALSE(b.scored());
    CHECK(b.counted(ShadowCount::skipped) == 1);
    b.answer(b.last());
    CHECK(b.counted(ShadowCount::compared) == 1);
    CHECK(b.scored());
}

TEST_CASE("shadow: rows and scores of all copies have a bound") {
    Bench b(100, 10);
    CHECK(b.scored(0, Shadow::kMostBytes / 2));
    CHECK_FALSE(b.scored(0, Shadow::kMostBytes / 2));
    CHECK(b.counted(ShadowCount::skipped) == 1);
    b.answer(b.last());
    CHECK(b.scored(0, Shadow::kMostBytes / 2));
}

TEST_CASE("shadow: one that fails is left alone for longer and longer, and said so once") {
    Bench b;
    CHECK(b.scored());
    b.answer(b.last(), Outcome::unauthorized);
    CHECK(b.counted(ShadowCount::failed) == 1);
    CHECK_FALSE(b.scored());
    b.now += seconds(1);
    REQUIRE(b.scored());
    CHECK(b.of<Copy>().back().refresh_key);
    b.answer(b.last(), Outcome::timed_out);
    CHECK(b.of<Note>().size() == 1);
    b.now += seconds(2);
    REQUIRE(b.scored());
    CHECK_FALSE(b.of<Copy>().back().refresh_key);
    b.answer(b.last());
    CHECK(b.of<Note>().back().event == "shadow_answers");
    CHECK(b.scored());
}

TEST_CASE("shadow: what differs is posted once, and only counted when it is stored or not") {
    Bench b;
    REQUIRE(b.scored());
    b.answer(b.last(), Outcome::scored, {{"shadow.a", {}, "{}"}, {"shadow.b", {}, "{}"}});
    CHECK(b.counted(ShadowCount::different) == 2);
    const auto posts = b.of<Post>();
    REQUIRE(posts.size() == 2);
    CHECK(posts[1].difference->subject == "shadow.b");
    Stored stored;
    stored.id = posts[0].id;
    CHECK(b.shadow.stored(stored, b.out));
    CHECK(b.counted(ShadowCount::stored) == 1);
    stored.id = posts[1].id;
    stored.error = Error{ErrorCode::not_found, "no stream"};
    CHECK(b.shadow.stored(stored, b.out));
    CHECK(b.counted(ShadowCount::lost) == 1);
    CHECK(b.shadow.stored(stored, b.out));
    CHECK(b.counted(ShadowCount::lost) == 1);
    stored.id = StoreId{1};
    CHECK_FALSE(b.shadow.stored(stored, b.out));
}

TEST_CASE("shadow: differences nobody answers for are bounded, and given up") {
    Bench b;
    const std::vector<Difference> many(Shadow::kMostTold, Difference{"shadow.a", {}, "{}"});
    REQUIRE(b.scored());
    b.answer(b.last(), Outcome::scored, many);
    CHECK(b.of<Post>().size() == Shadow::kMostTold);
    REQUIRE(b.scored());
    b.answer(b.last(), Outcome::scored, {{"shadow.a", {}, "{}"}});
    CHECK(b.of<Post>().size() == Shadow::kMostTold);
    CHECK(b.counted(ShadowCount::lost) == 1);
    b.now += Shadow::kStoredWithin;
    REQUIRE(b.scored());
    b.answer(b.last(), Outcome::scored, {{"shadow.a", {}, "{}"}});
    CHECK(b.of<Post>().size() == Shadow::kMostTold + 1);
    CHECK(b.counted(ShadowCount::lost) == 1 + Shadow::kMostTold);
}
