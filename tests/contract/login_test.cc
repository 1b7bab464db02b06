// The ways to reach JetStream on a real nats-server: logins, several servers, another prefix, a domain.
#include <fstream>

#include "tests/contract/door.h"
#include "tests/contract/nats_server.h"
#include "tests/contract/nkeys.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

std::string written(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text << "\n";
    return path.string();
}

std::string rights(const std::string& publish, const std::string& subscribe) {
    return "permissions: { publish: [" + publish + "], subscribe: [" + subscribe + "] }";
}

constexpr const char* kOperator = "{ user: owner, password: own }";

settings::Nats owner_of(const NatsServer& server) {
    auto nats = nats_at(server.url());
    nats.user = "owner";
    nats.password_file = written(server.folder() / "owner", "own");
    return nats;
}

}  // namespace

TEST_CASE("login: user and password") {
    NatsServer server;
    server.start(std::string("authorization { users: [ ") + kOperator + ", { user: bridge, password: \"p w\" } ] }\n");
    auto nats = nats_at(server.url());
    CHECK(refusal(nats).contains("Authorization Violation"));
    nats.user = "bridge";
    nats.password_file = written(server.folder() / "password", "wrong");
    CHECK(refusal(nats).contains("Authorization Violation"));
    nats.password_file = written(server.folder() / "password", "p w");
    Owner owner(owner_of(server));
    Door door(nats);
    goes_round(door, owner);
}

TEST_CASE("login: token, read again when the server has another") {
    NatsServer server;
    server.start("authorization { token: \"first\" }\n");
    auto nats = nats_at(server.url());
    nats.token_file = written(server.folder() / "token", "wrong");
    CHECK(refusal(nats).contains("Authorization Violation"));
    written(server.folder() / "token", "first");
    Owner owner(nats);
    Door door(nats);
    goes_round(door, owner);
    written(server.folder() / "token", "second");
    server.reload("authorization { token: \"second\" }\n");
    door.await<Reconnected>(seconds(20));
    door.bind();
    CHECK_FALSE(door.store(2).error);
}

TEST_CASE("login: a credentials file, replaced while the server refuses the first one") {
    NatsServer server;
    const Operator ours;
    const Operator others;
    server.start(ours.server_config());
    auto nats = nats_at(server.url());
    nats.credentials_file = written(server.folder() / "bridge.creds", others.credentials());
    wait_greeting(server.url());
    Door door(nats);
    const auto down = door.await_that<Disconnected>([](const Disconnected& d) { return !d.why.empty(); });
    CHECK(down.why.contains("Authorization Violation"));
    written(server.folder() / "bridge.creds", ours.credentials());
    door.await<Reconnected>(seconds(20));
    auto owner_nats = nats;
    owner_nats.credentials_file = written(server.folder() / "owner.creds", ours.credentials());
    Owner owner(owner_nats);
    goes_round(door, owner);
}

TEST_CASE("login: secrets that cannot be read are named by field") {
    auto nats = nats_at("nats://127.0.0.1:1");
    std::string field;
    SUBCASE("password") {
        nats.user = "bridge";
        nats.password_file = "/nowhere/password";
        field = "nats.password_file";
    }
    SUBCASE("token") {
        nats.token_file = "/nowhere/token";
        field = "nats.token_file";
    }
    SUBCASE("credentials") {
        NatsServer server;
        server.start(Operator().server_config());
        nats = nats_at(server.url());
        nats.credentials_file = "/nowhere/bridge.creds";
        const auto text = refusal(nats);
        MESSAGE(text);
        CHECK(text.contains("/nowhere/bridge.creds"));
        return;
    }
    CHECK(refusal(nats).contains(field));
}

TEST_CASE("urls: the first is dead, the second is not") {
    NatsServer dead;
    NatsServer server;
    server.start();
    auto nats = nats_at(dead.url());
    nats.urls.push_back(server.url());
    Owner owner(nats_at(server.url()));
    Door door(nats);
    goes_round(door, owner);
}

TEST_CASE("inbox_prefix: permissions that allow no other inbox, and nothing that is not needed") {
    NatsServer server;
    const std::string needed =
        R"("$JS.API.STREAM.INFO.EVENTS", "$JS.API.STREAM.INFO.OUT", "$JS.API.STREAM.NAMES", )"
        R"("$JS.API.CONSUMER.INFO.EVENTS.trips-p0", "$JS.API.CONSUMER.CREATE.EVENTS.trips-p0.>", )"
        R"("$JS.API.CONSUMER.MSG.NEXT.EVENTS.trips-p0", "$JS.API.STREAM.MSG.GET.EVENTS", "$JS.ACK.EVENTS.trips-p0.>", )"
        R"("$JS.API.CONSUMER.CREATE.OUT", "$JS.API.CONSUMER.DELETE.OUT.*", "$JS.API.CONSUMER.MSG.NEXT.OUT.*", )"
        R"("results.*.trips", "dead.*.trips", "dead-unroutable.trips")";
    server.start(std::string("authorization { users: [ ") + kOperator + ", { user: bridge, password: b, " +
                 rights(needed, "\"_INBOX_bridge.>\"") + " } ] }\n");
    auto nats = nats_at(server.url());
    nats.user = "bridge";
    nats.password_file = written(server.folder() / "password", "b");
    const auto refused = refusal(nats);
    CHECK(refused.contains("Permissions Violation for Subscription"));
    CHECK(refused.contains("_INBOX"));
    nats.inbox_prefix = "_INBOX_bridge";
    Owner owner(owner_of(server));
    Door door(nats);
    goes_round(door, owner);
    Find find;
    find.number = 1;
    find.from_sequence = {1, 1, 1};
    find.input_to = 100;
    door.jetstream.find(find);
    const auto found = door.await<Found>();
    if (found.error) FAIL(found.error->text);
    CHECK(found.identities == std::vector{identity(1)});
}

TEST_CASE("jetstream_domain: on the server of that domain, and from a leaf node") {
    NatsServer hub;
    const int port = free_port();
    hub.start("server_name: hub\nleafnodes { listen: \"127.0.0.1:" + std::to_string(port) + "\" }\n", "domain: hub");
    NatsServer leaf;
    auto owner_nats = nats_at(hub.url());
    owner_nats.jetstream_domain = "hub";
    Owner owner(owner_nats);
    auto nats = owner_nats;
    SUBCASE("on it") {}
    SUBCASE("from a leaf with a JetStream of its own") {
        leaf.start("server_name: leaf\nleafnodes { remotes: [ { url: \"nats://127.0.0.1:" + std::to_string(port) +
                       "\" } ] }\n",
                   "domain: leaf");
        nats.urls = {leaf.url()};
        for (int tries = 0; tries < 100; ++tries) {
            io::NatsConnection asks(nats, "leaf", {});
            if (asks.wait_connected(seconds(1)) && io::NatsAdmin(asks, nats).stream("EVENTS")) break;
            std::this_thread::sleep_for(milliseconds(100));
        }
    }
    Door door(nats);
    goes_round(door, owner);
    auto elsewhere = nats;
    elsewhere.jetstream_domain = "elsewhere";
    Door lost(elsewhere);
    lost.jetstream.bind(0);
    const auto failed = lost.await<BindFailed>();
    CHECK(failed.error.code == ErrorCode::misconfigured);
    CHECK(failed.error.text.contains("nats.jetstream_domain"));
}

TEST_CASE("api_prefix: JetStream of another account, imported under another name") {
    NatsServer server;
    server.start(R"(accounts {
  HUB: { jetstream: enabled, users: [ { user: owner, password: own } ], exports: [
    { service: "$JS.API.>", response_type: stream }, { service: "$JS.ACK.EVENTS.>" },
    { service: "results.>" }, { service: "dead.>" }, { service: "dead-unroutable.>" } ] }
  APP: { users: [ { user: bridge, password: b } ], imports: [
    { service: { account: HUB, subject: "$JS.API.>" }, to: "JS.hub.API.>" }, { service: { account: HUB, subject: "$JS.ACK.EVENTS.>" } },
    { service: { account: HUB, subject: "results.>" } }, { service: { account: HUB, subject: "dead.>" } },
    { service: { account: HUB, subject: "dead-unroutable.>" } } ] }
}
)");
    auto nats = nats_at(server.url());
    nats.user = "bridge";
    nats.password_file = written(server.folder() / "password", "b");
    Owner owner(owner_of(server));
    Door plain(nats);
    plain.jetstream.bind(0);
    const auto failed = plain.await<BindFailed>(seconds(15));
    MESSAGE(failed.error.text);
    CHECK(failed.error.code == ErrorCode::misconfigured);
    nats.api_prefix = "JS.hub.API";
    Door door(nats);
    goes_round(door, owner);
}
