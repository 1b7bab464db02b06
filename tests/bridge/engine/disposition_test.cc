// Disposition: the table, spelt out a second time in the words of docs/guarantees.md.
#include "bridge/engine/disposition.h"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace millrace;
using namespace millrace::engine;

namespace {

struct Expected {
    Outcome outcome;
    Reaction reaction;
};
constexpr std::array kExpected = {
    Expected{Outcome::scored, Reaction::publish},        Expected{Outcome::unreachable, Reaction::back_off},
    Expected{Outcome::timed_out, Reaction::back_off},    Expected{Outcome::throttled, Reaction::back_off},
    Expected{Outcome::failed, Reaction::back_off},       Expected{Outcome::rejected, Reaction::split},
    Expected{Outcome::too_large, Reaction::split},       Expected{Outcome::model_raised, Reaction::split},
    Expected{Outcome::contract_broken, Reaction::split}, Expected{Outcome::unauthorized, Reaction::hold},
    Expected{Outcome::misconfigured, Reaction::hold},
};

template <typename Check>
void for_each_outcome(Check check) {
    for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) {
        const auto outcome = static_cast<Outcome>(i);
        CAPTURE(name(outcome));
        check(disposition(outcome));
    }
}

}  // namespace

TEST_CASE("disposition: each outcome has its own row, with the reaction the guarantees promise") {
    CHECK(kExpected.size() == kOutcomeNames.size());
    for (const auto& [outcome, reaction] : kExpected) {
        CAPTURE(name(outcome));
        CHECK(disposition(outcome).outcome == outcome);
        CHECK(disposition(outcome).reaction == reaction);
    }
}

TEST_CASE("disposition: what no protocol names is configuration, which never judges an event") {
    CHECK(disposition(Answer{}.outcome).reaction == Reaction::hold);
}

TEST_CASE("disposition: whatever can convict an event needs refusals on both sides of a witness") {
    for_each_outcome([](const Disposition& row) {
        const bool can_convict = row.reaction == Reaction::split || row.reaction == Reaction::back_off;
        if (can_convict) CHECK(row.answers_needed >= 2);
        if (row.reaction == Reaction::back_off) CHECK(row.answers_needed >= 3);
    });
    CHECK(disposition(Outcome::model_raised).answers_needed >= 3);
}

TEST_CASE("disposition: the data outcomes each have a reason of their own") {
    std::set<Reason> reasons;
    for_each_outcome([&](const Disposition& row) {
        if (row.reaction == Reaction::split) CHECK(reasons.insert(row.reason).second);
    });
    CHECK(reasons.size() == 4);
    CHECK(disposition(Outcome::timed_out).reason == Reason::timeout);
    CHECK(disposition(Outcome::failed).reason == Reason::endpoint_crash);
}
