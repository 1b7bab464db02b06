// Conviction: what max_dead_letter_ratio lets pass, and the rows it remembers to ask with.
#include <doctest/doctest.h>

#include "tests/bridge/engine/court.h"

using namespace millrace;
using namespace millrace::engine;
using namespace std::chrono_literals;

namespace {

// Accuses and witnesses the events until each is proven.
void prove(Court& court, std::uint64_t first, std::uint64_t last, const std::string& tenant = "acme") {
    for (int side = 0; side < 2; ++side) {
        for (std::uint64_t n = first; n <= last; ++n) court.refuse(n, tenant);
        court.score(tenant);
        if (side == 0) court.again();
    }
}

}  // namespace

TEST_CASE("conviction: of a tenant's last hundred no more than the ratio are verdicts; the rest waits") {
    Court court({}, 0.1);
    prove(court, 1, 15);
    CHECK(court.convicted().size() == 10);
    CHECK(court.conviction.over_ratio() == 5);
    for (int i = 0; i < 89; ++i) court.conviction.settled("acme", false);
    CHECK(court.convicted().empty());
    court.conviction.settled("acme", false);  // now each new verdict takes the place of an old one
    CHECK(court.convicted().size() == 5);
    CHECK(court.conviction.over_ratio() == 0);
}

TEST_CASE("conviction: one tenant's verdicts do not count against another") {
    Court court({}, 0.02);
    prove(court, 1, 5, "a");
    prove(court, 6, 7, "b");
    CHECK(court.convicted() == Numbers{1, 2, 6, 7});
    CHECK(court.conviction.over_ratio() == 3);
}

TEST_CASE("conviction: a ratio of zero convicts nobody, one of one everybody, and 0.29 is 29 of a hundred") {
    for (const auto& [ratio, most] : {std::pair{0.0, 0u}, {0.29, 29u}, {0.57, 57u}, {1.0, 150u}}) {
        CAPTURE(ratio);
        Court court({}, ratio);
        prove(court, 1, 150);
        CHECK(court.convicted().size() == most);
    }
}

TEST_CASE("conviction: the rows of the tenants scored last are remembered, up to a bound") {
    Court court;
    for (std::size_t i = 0; i <= Conviction::kMaxTenants; ++i) court.score("t" + std::to_string(i));
    court.refuse(1, "t0");
    CHECK(!court.witness());  // forgotten, so parked
    court.refuse(2, "t2");
    CHECK(court.witness() == "t2:row");
}

TEST_CASE("conviction: a witness's own row does not become the tenant's last good row") {
    Court court("control");
    court.score("acme", "good");
    court.refuse(1);
    court.witness();
    court.land_scored(court.launch(), "acme", Errand::witness, {}, "the witness's");
    CHECK(court.conviction.good_row("acme")->row == "good");
}

TEST_CASE("conviction: to ask whether the endpoint works any row will do, rather the tenant's, then the control row") {
    Court court;
    CHECK(!court.conviction.good_row("acme"));
    CHECK(!court.conviction.doubt("acme"));
    court.score("other", "other's");
    CHECK(court.conviction.good_row("acme")->row == "other's");
    CHECK(court.conviction.doubt("acme"));
    CHECK(court.witness() == "other:other's");
    court.land_scored(court.launch(), "other", Errand::witness);
    CHECK(!court.witness());  // asked once
    court.score("acme", "own");
    CHECK(court.conviction.good_row("acme")->row == "own");
}

TEST_CASE("conviction: after a witness that failed, a doubt waits a second") {
    Court court("control");
    court.conviction.doubt("acme");
    CHECK(court.witness());
    court.conviction.witness_failed("acme", false, court.now);
    court.conviction.doubt("acme");
    CHECK(!court.witness());
    CHECK(court.conviction.next_due(court.now) == court.now + 1s);
    court.now += 1s;
    CHECK(court.witness());
}

TEST_CASE("conviction: clear ends every case, and remembers the good rows") {
    Court court;
    court.score("acme", "good");
    court.refuse(1);
    court.witness();
    court.conviction.clear();
    CHECK(court.conviction.size() == 0);
    court.refuse(1);
    CHECK(court.witness() == "acme:good");
}
