// Stories about the trail from each result back to its request: nothing a request settled is stored without it.
#include "tests/sim/scenario.h"

namespace millrace::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void with_audit(Plan& plan) { plan.pipeline.audit.subject = kAuditSubject; }

TEST_CASE("scenario: each request is told of once, and each result names the audit message") {
    Scenario s(with_audit);
    for (int n = 0; n < 20; ++n) {
        s.publish({Kind::good, Kind::good});
        s.run(milliseconds(200));
    }
    s.settles(seconds(10));
    CHECK(s.world().oracle.audits() >= 20);
    CHECK(s.world().oracle.audits() <= 40);
}

TEST_CASE("scenario: what is refused has a trail as well, and what is unfit needs none") {
    Scenario s(with_audit);
    for (int n = 0; n < 10; ++n) s.publish({Kind::good, Kind::poison, Kind::good});
    s.settles(minutes(5));
    CHECK(s.dead("rejected") == 10);
}

TEST_CASE("scenario: where no stream takes audit messages, nothing is stored, and it is said") {
    Scenario s([](Plan& plan) {
        with_audit(plan);
        plan.audit_stream = false;
    });
    for (int n = 0; n < 20; ++n) s.publish({Kind::good});
    s.run(minutes(1));
    CHECK(s.open() == 20);
    CHECK_FALSE(s.replica(0).snapshot().hold.empty());
    s.world().add_audit();
    s.settles(minutes(2));
    CHECK(s.world().oracle.audits() > 0);
}

TEST_CASE("scenario: audit messages of which the answer is lost are sent again, and nothing is stored twice") {
    Scenario s(with_audit);
    s.link(0).lose_publish = 0.3;
    s.link(0).lose_puback = 0.3;
    for (int n = 0; n < 50; ++n) {
        s.publish({Kind::good});
        s.run(milliseconds(100));
    }
    s.link(0) = {};
    s.settles(minutes(2));
    CHECK(s.stored_again() == 0);
}

TEST_CASE("scenario: a process dies between the audit message and the result") {
    Scenario s(with_audit);
    s.link(0).lose_puback = 1;  // of the audit messages, so that no result is published
    for (int n = 0; n < 10; ++n) s.publish({Kind::good});
    s.run(seconds(2));
    CHECK(s.world().oracle.audits() > 0);
    CHECK(s.open() == 10);
    s.crash(0);
    s.link(0) = {};
    s.settles(minutes(2));
    CHECK(s.stored_again() == 0);
}

}  // namespace
}  // namespace millrace::sim
