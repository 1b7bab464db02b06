// What differs between the generations of nats-server that Millrace runs on: each difference is found out from what the
// server says and echoes, and each way works. The same cases run on both.
#include "tests/contract/door.h"
#include "tests/contract/nats_server.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

struct Site {
    Site() { server.start(); }

    // 2.9.10 → 2009, 2.15.1 → 2015, from the server's greeting.
    [[nodiscard]] int generation() const {
        wait_greeting(server.url());
        const auto info = io::read_server_info(server.url(), seconds(2));
        REQUIRE(info);
        const auto dot = info->version.find('.');
        return std::stoi(info->version) * 1000 + std::stoi(info->version.substr(dot + 1));
    }
    std::string raw(Owner& owner, const std::string& what, const std::string& body = "") const {
        const auto answer = owner.connection.request("$JS.API." + what, body, seconds(5));
        REQUIRE(answer);
        return *answer;
    }

    NatsServer server;
};

}  // namespace

TEST_CASE("generations: the API level is said from 2.11 on") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    const auto account = owner.admin.account();
    REQUIRE(account);
    CHECK((account->api_level > 0) == (site.generation() >= 2011));
}

TEST_CASE("generations: a stream's transform is what the server echoes, not what was asked for") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    io::StreamWish wish{.name = "IN", .subjects = {"in.*"}};
    wish.transform_source = "in.*";
    wish.transform_target = "in.{{partition(4,1)}}.{{wildcard(1)}}";
    const auto made = owner.admin.create_stream(wish);
    REQUIRE(made);
    CHECK(made->has_transform == (site.generation() >= 2010));
}

TEST_CASE("generations: a member that the server does not know is dropped by the old one and refused by the new one") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    const auto answer = site.raw(owner, "STREAM.CREATE.ODD", R"({"name":"ODD","subjects":["odd"],"unheard_of":1})");
    CHECK(io::parse_success(answer).has_value() == (site.generation() < 2012));
}

TEST_CASE("generations: the server's clock is known on both, whether it tells it or not") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    Door door(nats_at(site.server.url()));
    const Bound bound = door.bind();
    const auto consumer = owner.admin.consumer("EVENTS", "trips-p0");
    REQUIRE(consumer);
    CHECK(consumer->server_now.has_value() == (site.generation() >= 2010));
    CHECK(std::chrono::abs(bound.server_now - std::chrono::system_clock::now()) < seconds(5));
    CHECK(owner.admin.consumer_names("OUT")->empty());  // what was made for the clock is gone
}

TEST_CASE("generations: a pull from a consumer that is gone meets silence or a 503, and a bind puts it right") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    Door door(nats_at(site.server.url()));
    door.bind();
    site.raw(owner, "CONSUMER.DELETE.EVENTS.trips-p0");
    door.jetstream.pull({0, 0, 1, 5, 1 << 20, seconds(2), {}});
    if (site.generation() >= 2010) {
        CHECK(door.await<PullStatus>().code == 503);
    } else {
        CHECK_THROWS(door.await<PullStatus>(seconds(3)));
    }
    goes_round(door, owner);
}

TEST_CASE("publish: another stream that took the subject meanwhile stores nothing of ours") {
    Site site;
    Owner owner(nats_at(site.server.url()));
    Door door(nats_at(site.server.url()));
    door.bind();
    site.raw(owner, "STREAM.DELETE.OUT");
    REQUIRE(owner.admin.create_stream({.name = "OTHER", .subjects = {"results.>"}}));
    const Stored refused = door.store(1);
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::misconfigured);
    CHECK(owner.admin.stream("OTHER")->messages == 0);
}
