// A head and what it publishes, stored as one where the state's stream takes atomic batches.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/bridge/engine/estate.h"

namespace millrace::engine {
namespace {

using std::chrono::seconds;
using Texts = std::vector<std::string>;

struct Batches {
    Batches() {
        estate.together = true;
        replica.run(seconds(1));
        estate.publish("a", 991);
        estate.now += seconds(1);
        estate.publish("a", 1001);  // closes the window up to 1000
    }

    [[nodiscard]] std::size_t in_outbox() const {
        return state::read_content(replica.last_head().content)->outbox.size();
    }

    Estate estate;
    Tenancy replica{estate};
};

TEST_CASE("a head and its aggregates are stored as one, and nothing is published beside it") {
    Batches b;
    b.replica.run(std::chrono::milliseconds(700));
    CHECK(b.replica.batches == 1);
    CHECK(b.replica.texts() == Texts{"a 1000: 1"});
    CHECK(b.replica.last_head().together == 1);
    CHECK(b.in_outbox() == 0);
    CHECK(b.replica.owner.publications() == 0);
    CHECK(b.estate.acks.back() == "ack 2");
}

TEST_CASE("a commit without anything to publish is no batch") {
    Estate estate;
    estate.together = true;
    Tenancy replica(estate);
    replica.run(seconds(1));
    estate.publish("a", 991);
    replica.run(seconds(2));
    CHECK(replica.batches == 0);
    CHECK(replica.last_head().floor == 1);
}

TEST_CASE("a batch that nobody answers was not stored: the head goes alone, and its outbox after it") {
    Batches b;
    b.replica.loses_batches = true;
    b.replica.run(seconds(5));
    CHECK(b.replica.batches >= 1);
    CHECK(b.replica.texts() == Texts{"a 1000: 1"});
    CHECK(b.estate.acks.back() == "ack 2");
    CHECK(b.replica.owner.publications() == 0);
}

TEST_CASE("a batch that nobody answers was stored: the head is found, and nothing is published again") {
    Batches b;
    b.estate.dedupes = false;  // it would be seen
    b.replica.loses_state_answers = true;
    b.replica.run(seconds(1));
    b.replica.loses_state_answers = false;
    b.replica.run(seconds(5));
    CHECK(b.replica.owner.owns());
    CHECK(b.replica.texts() == Texts{"a 1000: 1"});
    CHECK(b.estate.acks.back() == "ack 2");
}

TEST_CASE("a batch with something that is stored already is refused, and goes apart") {
    Batches b;
    const std::string known = "a 1000: 1";
    b.estate.outputs.emplace_back(identity_of_text(known), known);
    b.replica.run(seconds(2));
    CHECK(b.replica.batches == 1);
    CHECK(b.replica.last_head().together == 0);
    CHECK(b.replica.texts() == Texts{known});
    CHECK(b.estate.acks.back() == "ack 2");
}

TEST_CASE("who takes over from a batch has nothing to look for and nothing to publish") {
    Batches b;
    b.replica.run(std::chrono::milliseconds(700));
    REQUIRE(b.replica.last_head().together == 1);
    Tenancy rival(b.estate, 2);
    b.estate.dedupes = false;
    rival.run(seconds(12));
    REQUIRE(rival.owner.owns());
    CHECK(rival.finds.empty());
    CHECK(rival.texts() == Texts{"a 1000: 1"});
}

}  // namespace
}  // namespace millrace::engine
