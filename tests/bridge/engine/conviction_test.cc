// Conviction: when a refusal is held against an event, when it is not, and what the ratio lets pass.
#include "bridge/engine/conviction.h"

#include <doctest/doctest.h>

#include "tests/bridge/engine/court.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

TEST_CASE("conviction: refused, a mate scored, refused again, a mate scored: convicted with the endpoint's words") {
    Court court;
    court.refuse(1);
    court.score();
    CHECK(court.convicted().empty());
    CHECK(court.again() == Numbers{1});
    court.refuse(1);
    CHECK(court.convicted().empty());
    court.score();
    const auto cases = court.conviction.convicted();
    REQUIRE(cases.size() == 1);
    CHECK(cases[0].verdict.reason == Reason::rejected);
    CHECK(cases[0].verdict.status == 400);
    CHECK(cases[0].verdict.body == "the endpoint's words");
    CHECK(court.conviction.size() == 0);
}

TEST_CASE("conviction: a success that was asked for before the refusal is no witness") {
    Court court;
    const RequestId before = court.launch();
    const RequestId refusal = court.launch();
    const RequestId beside = court.launch();
    court.accuse(Court::batch(1), refused(), refusal);
    court.land_scored(before);
    court.land_scored(beside);
    CHECK(court.again().empty());
    court.score();
    CHECK(court.again() == Numbers{1});
}

TEST_CASE("conviction: a row of any size is a witness, and of too many large ones the oldest tenants' are forgotten") {
    Court court;
    const std::string large(Conviction::kRowBytes / 4, 'x');
    for (const char* tenant : {"a", "b", "c", "d"}) court.score(tenant, large);
    court.refuse(1, "a");
    CHECK(court.witness() == "a:" + large);
    court.score("e", large);
    court.refuse(2, "b");
    court.refuse(3, "e");
    CHECK(court.witness() == "b:" + large);
    court.score("f", large);
    court.score("g", large);
    court.refuse(4, "c");
    CHECK(court.witness() == "e:" + large);
    CHECK(!court.witness());
}

TEST_CASE("conviction: another tenant's success is no witness") {
    Court court;
    court.refuse(1, "acme");
    court.score("other");
    CHECK(court.again().empty());
}

TEST_CASE("conviction: another deployment's success is no witness, and the next is asked a second later") {
    Court court("control");
    Answer refusal = refused();
    refusal.deployment = "blue";
    court.accuse(1, refusal);
    CHECK(court.witness());
    Answer success;
    success.deployment = "green";
    court.land_scored(court.launch(), "acme", Errand::witness, success);
    CHECK(court.again().empty());
    CHECK(!court.witness());
    CHECK(court.conviction.next_due(court.now) == court.now + 1s);
    court.now += 1s;
    CHECK(court.witness());
    success.deployment = "blue";
    court.land_scored(court.launch(), "acme", Errand::witness, success);
    CHECK(court.again() == Numbers{1});
}

TEST_CASE("conviction: the model raised, so three refusals are needed") {
    Court court;
    for (int refusals = 1; refusals <= 3; ++refusals) {
        CHECK(court.convicted().empty());
        court.accuse(1, refused(Outcome::model_raised));
        court.score();
        if (refusals < 3) CHECK(court.again() == Numbers{1});
    }
    CHECK(court.convicted() == Numbers{1});
}

TEST_CASE("conviction: the last good row of the tenant is the witness, else the control row") {
    Court court("control");
    court.refuse(1);
    CHECK(court.witness() == "acme:control");
    CHECK(!court.witness());  // one at a time
    court.land_scored(court.launch(), "acme", Errand::witness);
    court.again();
    court.score("acme", "good");
    court.score("acme", "better");
    court.refuse(1);
    CHECK(!court.conviction.want_witness(court.now, 1));  // nothing is accused on that partition
    CHECK(court.witness() == "acme:better");
    court.refuse(2, "other");
    CHECK(court.witness() == "other:control");
}

TEST_CASE("conviction: without a row to ask with the event is parked, ever longer, and begins anew") {
    Court court;
    for (const Duration wait : {30s, 60s, 120s, 240s, 300s, 300s}) {
        court.refuse(1);
        CHECK(!court.witness());
        CHECK(court.conviction.next_due(court.now) == court.now + wait);
        court.now += wait - 1ns;
        CHECK(court.again().empty());
        court.now += 1ns;
        CHECK(court.again() == Numbers{1});
    }
    court.refuse(1);
    court.score();
    CHECK(court.again() == Numbers{1});
    CHECK(court.convicted().empty());
}

TEST_CASE("conviction: a witness that is refused parks whom it was for; what was held against them is void") {
    Court court("control");
    court.refuse(1);
    court.score();
    court.again();
    court.refuse(1);
    CHECK(court.witness());
    court.conviction.witness_failed("acme", true, court.now);
    CHECK(court.again().empty());
    court.score();  // clears, and does not convict
    CHECK(court.convicted().empty());
    CHECK(court.again() == Numbers{1});
    court.refuse(1);
    court.score();
    CHECK(court.convicted().empty());
}

TEST_CASE("conviction: a witness that fails is sent again, and clears suspects, for the endpoint is shaky") {
    Court court("control");
    court.refuse(1);
    Batch suspect = court.batch(2);
    suspect.suspect = true;
    court.accuse(suspect, refused(Outcome::timed_out));
    CHECK(court.witness());
    court.conviction.witness_failed("acme", false, court.now);
    const auto cleared = court.conviction.again(court.now);
    REQUIRE(cleared.size() == 1);
    CHECK(!cleared[0].suspect);
    CHECK(cleared[0].answers == 0);
    court.now += 1s;
    CHECK(court.witness());
}

TEST_CASE("conviction: a hold voids what is not proven, and leaves what is") {
    Court court;
    for (int i = 0; i < 2; ++i) {
        court.refuse(1);
        court.score();
        if (i == 0) court.again();
    }
    court.refuse(2);
    court.conviction.held(court.now);
    CHECK(court.convicted() == Numbers{1});
    court.score();
    CHECK(court.again() == Numbers{2});
    CHECK(court.convicted().empty());
}

TEST_CASE("conviction: holding again does not keep a parked event longer") {
    Court court;
    court.refuse(1);
    court.conviction.held(court.now);
    const Time due = court.conviction.next_due(court.now);
    court.now += 10s;
    court.conviction.held(court.now);
    CHECK(court.conviction.next_due(court.now) == due);
}

TEST_CASE("conviction: hopeless after eight accusations and nothing scored; suspects do not count") {
    Court court;
    for (std::uint64_t n = 1; n < Conviction::kHopeless; ++n) court.refuse(n);
    court.accuse(100, refused(Outcome::timed_out));
    CHECK(!court.conviction.hopeless());
    court.refuse(101, "other");
    CHECK(court.conviction.hopeless());
    CHECK(!court.conviction.hopeless("acme"));
    court.refuse(102);
    CHECK(court.conviction.hopeless("acme"));
    court.score("other");
    CHECK(!court.conviction.hopeless());
    CHECK(court.conviction.hopeless("acme"));
    court.score("acme");
    CHECK(!court.conviction.hopeless("acme"));
}

TEST_CASE("conviction: a tenant rests for half a minute, or until something of it is scored") {
    Court court;
    court.conviction.rest("acme", court.now);
    CHECK(court.conviction.rests("acme", court.now + 30s - 1ns));
    CHECK(!court.conviction.rests("acme", court.now + 30s));
    CHECK(!court.conviction.rests("other", court.now));
    CHECK(court.conviction.next_due(court.now) == court.now + 30s);
    court.score("acme");
    CHECK(!court.conviction.rests("acme", court.now));
}

TEST_CASE("conviction: an event parked again for want of a witness is given up, not so where there is a row") {
    for (const char* control : {"", "control"}) {
        Court court(control);
        court.refuse(1);
        court.conviction.held(court.now);
        CHECK(court.conviction.without_witness().empty());
        court.now += 30s;
        CHECK(court.again() == Numbers{1});
        court.refuse(1);
        court.conviction.held(court.now);
        CHECK(court.conviction.without_witness().size() == (*control == 0 ? 1 : 0));
    }
}

TEST_CASE("conviction: where another deployment scores every witness, the event is asked about anew") {
    Court court("control");
    Answer refusal = refused();
    refusal.deployment = "blue";
    court.accuse(1, refusal);
    Answer success;
    success.deployment = "green";
    for (int i = 0; i < 3; ++i) {
        CHECK(court.again().empty());
        court.land_scored(court.launch(), "acme", Errand::score, success);
    }
    const auto again = court.conviction.again(court.now);
    REQUIRE(again.size() == 1);
    CHECK(again[0].answers == 0);
}

TEST_CASE("conviction: for a probe it gives up a case; a forgotten event is none") {
    Court court;
    CHECK(!court.conviction.any());
    court.refuse(1);
    court.refuse(2);
    court.conviction.forget(court.batch(1).events.front());
    CHECK(court.conviction.any()->events == court.batch(2).events);
    CHECK(court.conviction.size() == 0);
}
