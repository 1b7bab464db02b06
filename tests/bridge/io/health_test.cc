#include "bridge/io/health.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using millrace::Snapshot;
using millrace::Time;
using millrace::io::ShardStatus;

namespace {

Snapshot able(Time at) {
    Snapshot s;
    s.at = at;
    s.connected = true;
    s.partitions = s.bound = 2;
    return s;
}

std::string readiness(const Snapshot& snapshot, Time now) {
    const ShardStatus shard{"fares", 0, snapshot};
    const auto health = millrace::io::ready({&shard, 1}, now);
    CHECK(health.ok == (health.text.find("[-]") == std::string::npos));
    return health.ok ? "ready"
                     : health.text.substr(health.text.find("[-]"),
                                          health.text.find('\n', health.text.find("[-]")) - health.text.find("[-]"));
}

}  // namespace

TEST_CASE("health: alive is every shard's turn within ten seconds, whatever the outside does") {
    const Time now{1h};
    ShardStatus shards[] = {{"fares", 0, able(now - 1s)}, {"fares", 1, able(now - 10s)}};
    shards[0].snapshot->connected = false;
    shards[0].snapshot->halt = "state_full";
    CHECK(millrace::io::alive(shards, now, now).ok);
    shards[1].snapshot->at = now - 11s;
    const auto stuck = millrace::io::alive(shards, now, now);
    CHECK_FALSE(stuck.ok);
    CHECK(stuck.text.find("[-] fares/1 turning: the last turn was 11 s ago") != std::string::npos);
}

TEST_CASE("health: a shard that never turns is alive for ten seconds only") {
    const ShardStatus silent{"fares", 0, std::nullopt};
    CHECK(millrace::io::alive({&silent, 1}, Time{1h}, Time{1h + 9s}).ok);
    CHECK_FALSE(millrace::io::alive({&silent, 1}, Time{1h}, Time{1h + 11s}).ok);
    CHECK_FALSE(millrace::io::started({&silent, 1}).ok);
    CHECK_FALSE(millrace::io::ready({&silent, 1}, Time{1h}).ok);
}

TEST_CASE("health: ready is able to work now, and what is in the way is said with its remedy") {
    const Time now{1h};
    CHECK(readiness(able(now), now) == "ready");
    auto s = able(now);
    s.connected = false;
    CHECK(readiness(s, now).starts_with("[-] fares/0 connected: no connection to NATS"));
    s = able(now);
    s.bound = 1;
    CHECK(readiness(s, now).starts_with("[-] fares/0 bound: 1 of 2 partitions"));
    s = able(now);
    s.hold = "the endpoint answers 403\r\nX: y";
    CHECK(readiness(s, now) ==
          "[-] fares/0 not held: the endpoint answers 403??X: y; pulling resumes by itself once this is put right");
    s = able(now);
    s.halt = "input_trimmed";
    s.halt_remedy = "start a new generation";
    CHECK(readiness(s, now) == "[-] fares/0 not halted: input_trimmed; start a new generation");
    s = able(now);
    s.draining = true;
    CHECK(readiness(s, now).starts_with("[-] fares/0 not draining"));
    CHECK(readiness(able(now - 11s), now).starts_with("[-] fares/0 turning"));
}

TEST_CASE("health: an address that is not asked is named, and decides nothing") {
    const Time now{1h};
    ShardStatus shard{
        "fares", 0, able(now), {{"addresses[0]", "http://east/score"}, {"addresses[1]", "http://west/score"}}};
    shard.snapshot->addresses = {{0, millrace::AddressState::closed, "", 1, 0},
                                 {1, millrace::AddressState::out, "unauthorized (HTTP 401)\nX", 1, 0}};
    auto health = millrace::io::ready({&shard, 1}, now);
    CHECK(health.ok);
    CHECK(health.text.find("addresses[0]") == std::string::npos);
    CHECK(
        health.text.ends_with("[!] fares/0 addresses[1] http://west/score out: unauthorized (HTTP 401)?X; probed now "
                              "and then, see the log\n"));
    shard.snapshot->addresses[1] = {1, millrace::AddressState::half_open, "", 1, 0};
    health = millrace::io::ready({&shard, 1}, now);
    CHECK(health.text.find("[!] fares/0 addresses[1] http://west/score half_open: one request") != std::string::npos);
}

TEST_CASE("health: a process without pipelines is never ready") {
    CHECK_FALSE(millrace::io::ready({}, Time{1h}).ok);
    CHECK(millrace::io::ready({}, Time{1h}).text == "[-] shards: no pipeline is running\n");
    CHECK(millrace::io::ready({}, Time{1h}, "a key is\nawaited").text == "[-] shards: a key is?awaited\n");
    CHECK_FALSE(millrace::io::started({}).ok);
    CHECK(millrace::io::started({}, "a key is awaited").text == "[+] shards\n[!] a key is awaited\n");
    CHECK(millrace::io::alive({}, Time{}, Time{1h}).ok);
}
