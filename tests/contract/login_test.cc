// The ways to reach JetStream on a real nats-server: logins, several servers, another prefix, a domain.
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "bridge/base/mailbox.h"
#include "tests/contract/door.h"
#include "tests/contract/nats_server.h"
#include "tests/contract/nkeys.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

std::string written(const std::filesystem::path& path, const std::string& text) {
    const auto fresh = path.string() + ".fresh";  // put in place whole
    std::ofstream(fresh) << text << "\n";
    std::filesystem::rename(fresh, path);
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

// Events, pulls, results and acks, while a login is replaced every two seconds: nothing is delivered or asked again for
// it. MILLRACE_ROTATIONS in the environment says how often (100 in `make long`).
template <typename Replace>
void goes_on_through(Replace replace, Owner& owner, Door& door) {
    constexpr std::uint32_t kPull = 64;
    const char* given = std::getenv("MILLRACE_ROTATIONS");
    const int rotations = given != nullptr ? std::stoi(given) : 4;
    door.bind();

    std::atomic<bool> over = false;
    std::atomic<int> published = 0;
    std::thread publisher([&] {
        while (!over) {
            owner.publish("event " + std::to_string(published));
            ++published;
            std::this_thread::sleep_for(milliseconds(1));  // a sanitizer is to keep up
        }
    });
    std::map<std::string, int> got;  // by ack subject
    std::map<std::string, int> said;
    std::set<std::uint64_t> stored;
    std::uint32_t asked = 0;
    std::uint64_t number = 0;
    int rotated = 0;
    auto next = std::chrono::steady_clock::now() + seconds(2);
    while (!over || got.size() < static_cast<std::size_t>(published) || stored.size() < got.size()) {
        const auto now = std::chrono::steady_clock::now();
        INFO(published, " published, ", got.size(), " delivered, ", stored.size(), " stored, ", asked, " asked for");
        REQUIRE(now < next + seconds(20));
        if (!over && now >= next) {
            next = now + seconds(2);
            if (rotated++ < rotations) {
                replace(rotated);
            } else {
                over = true;
                publisher.join();
            }
        }
        if (asked < kPull / 2) {
            door.jetstream.pull({0, 0, ++number, kPull, 1 << 20, seconds(20), {}});
            asked += kPull;
        }
        std::vector<ports::JetStreamArrival> fresh;
        door.arrivals.take(fresh);
        for (auto& item : fresh) {
            if (const auto* note = std::get_if<Note>(&item)) ++said[note->event];
            if (std::get_if<Disconnected>(&item) != nullptr) ++said["disconnected"];
            if (const auto* answer = std::get_if<Stored>(&item); answer != nullptr && !answer->error) {
                stored.insert(static_cast<std::uint64_t>(answer->id));
            } else if (const auto* message = std::get_if<ports::Message>(&item)) {
                if (got[message->reply]++ > 0) continue;
                --asked;
                CHECK(subjects::parse_ack_subject(message->reply)->delivered == 1);
                const auto id = got.size();
                door.jetstream.publish({StoreId{id}, Output::result, "results.a.trips", result_headers(id), "scored"});
                door.jetstream.ack(message->reply);
            }
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    MESSAGE(got.size(), " events, ", rotations, " logins replaced");
    CHECK(got.size() == static_cast<std::size_t>(published));
    std::string words;
    for (const auto& [event, count] : said) words += event + " " + std::to_string(count) + ", ";
    CHECK(words == "login_replaced " + std::to_string(rotations) + ", ");
    CHECK(owner.admin.stream("OUT")->messages == got.size());
    CHECK(owner.has_all_acked());
}

}  // namespace

TEST_CASE("login: user and password") {
    NatsServer server;
    server.start(std::string("authorization { users: [ ") + kOperator +
                 ", { user: \"b \\\"\", password: \"p \\\"w\\\\\" } ] }\n");
    auto nats = nats_at(server.url());
    CHECK(refusal(nats).contains("Authorization Violation"));
    nats.user = "b \"";
    nats.password_file = written(server.folder() / "password", "wrong");
    CHECK(refusal(nats).contains("Authorization Violation"));
    nats.password_file = written(server.folder() / "password", "p \"w\\");
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
    written(server.folder() / "token", "sec\"ond");
    server.reload("authorization { token: \"sec\\\"ond\" }\n");
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

TEST_CASE("login: credentials that expire, replaced under load") {
    constexpr seconds kLife{5};
    NatsServer server;
    const Operator ours;
    server.start(ours.server_config());
    auto nats = nats_at(server.url());
    nats.credentials_file = written(server.folder() / "owner.creds", ours.credentials());
    wait_greeting(server.url());
    Owner owner(nats);
    auto mortal = nats;
    mortal.credentials_file = written(server.folder() / "bridge.creds", ours.credentials("", kLife));
    auto pipeline = trips();
    pipeline.input.ack_wait = seconds(30);
    Door door(mortal, pipeline);
    goes_on_through([&](int) { written(server.folder() / "bridge.creds", ours.credentials("", kLife)); }, owner, door);
}

TEST_CASE("login: an nkey, and seeds that are none") {
    const KeyPair user(KeyPair::Kind::user);
    const KeyPair other(KeyPair::Kind::user);
    NatsServer server;
    server.start(std::string("authorization { users: [ ") + kOperator + ", { nkey: " + user.name() + " } ] }\n");
    auto nats = nats_at(server.url());
    const auto file = server.folder() / "bridge.nk";
    const auto refused_with = [&](const std::string& text) {
        nats.nkey_file = written(file, text);
        const auto why = refusal(nats);
        CHECK_FALSE(why.contains(text));
        return why;
    };
    const std::string what = "nats.nkey_file \"" + file.string() + "\" ";
    CHECK(refused_with(other.seed()).contains("Authorization Violation"));
    CHECK(refused_with(KeyPair(KeyPair::Kind::account).seed()) ==
          what + "has the seed of an account in it, and users log in (SU…)");
    CHECK(refused_with(user.seed().substr(0, 40)) ==
          what + "has a seed in it that is damaged (SU…, 58 characters; was it cut off?)");
    CHECK(refused_with(user.name()).contains("has no seed in it"));
    std::filesystem::resize_file(file, 0);
    CHECK(refusal(nats) == what + "is empty");
    SUBCASE("alone") { written(file, user.seed()); }
    SUBCASE("with CRLF, beside its public key") { written(file, user.seed() + "\r\n" + user.name() + "\r"); }
    SUBCASE("between BEGIN and END") {
        written(file, "-----BEGIN USER NKEY SEED-----\n" + user.seed() + "\n------END USER NKEY SEED------");
    }
    Owner owner(owner_of(server));
    Door door(nats);
    goes_round(door, owner);
}

TEST_CASE("login: an nkey, replaced under load") {
    const KeyPair first(KeyPair::Kind::user);
    const KeyPair second(KeyPair::Kind::user);
    NatsServer server;
    server.start(std::string("authorization { users: [ ") + kOperator + ", { nkey: " + first.name() +
                 " }, { nkey: " + second.name() + " } ] }\n");
    auto nats = nats_at(server.url());
    const auto file = server.folder() / "bridge.nk";
    nats.nkey_file = written(file, first.seed());
    Owner owner(owner_of(server));
    auto pipeline = trips();
    pipeline.input.ack_wait = seconds(30);
    Door door(nats, pipeline);
    goes_on_through([&](int count) { written(file, (count % 2 == 1 ? second : first).seed()); }, owner, door);
}

TEST_CASE("login: an nkey that the server forgets is replaced by what stands in its file") {
    const KeyPair first(KeyPair::Kind::user);
    const KeyPair second(KeyPair::Kind::user);
    const auto users = [](const KeyPair& user) {
        return std::string("authorization { users: [ ") + kOperator + ", { nkey: " + user.name() + " } ] }\n";
    };
    NatsServer server;
    server.start(users(first));
    auto nats = nats_at(server.url());
    nats.nkey_file = written(server.folder() / "bridge.nk", first.seed());
    Owner owner(owner_of(server));
    Door door(nats);
    goes_round(door, owner);
    server.reload(users(second));
    door.await<Disconnected>(seconds(20));
    written(server.folder() / "bridge.nk", second.seed());
    door.await<Reconnected>(seconds(30));
    door.bind();
    CHECK_FALSE(door.store(2).error);
}

// Its settings as config/nats_context makes them.
TEST_CASE("login: secrets in a context of the NATS CLI, read again when it changes") {
    NatsServer server;
    const auto file = server.folder() / "context.json";
    settings::Nats nats;
    const auto in_context = [&](std::string settings::Nats::* where) {
        nats = nats_at(server.url());
        nats.context_file = written(file, "{}");
        nats.*where = nats.context_file;
    };
    const Operator ours;
    std::string first;
    std::string second;
    SUBCASE("a password") {
        server.start(std::string("authorization { users: [ ") + kOperator + ", { user: bridge, password: one } ] }\n");
        in_context(&settings::Nats::password_file);
        nats.user = "bridge";
        first = R"({"user": "bridge", "password": "one"})";
        second = R"({"user": "bridge", "password": "wrong"})";
    }
    SUBCASE("a token") {
        server.start("authorization { token: one }\n");
        in_context(&settings::Nats::token_file);
        first = R"({"token": "one"})";
        second = R"({"token": "wrong"})";
    }
    SUBCASE("a JWT and a seed") {
        server.start(ours.server_config());
        in_context(&settings::Nats::credentials_file);
        const auto context_of = [](const std::string& creds) {
            const auto part = [&](const std::string& begin) {
                const auto from = creds.find('\n', creds.find(begin)) + 1;
                return creds.substr(from, creds.find('\n', from) - from);
            };
            return R"({"user_jwt": ")" + part("BEGIN NATS USER JWT") + R"(", "user_seed": ")" +
                   part("BEGIN USER NKEY SEED") + "\"}";
        };
        first = context_of(ours.credentials());
        second = context_of(Operator().credentials());
    }
    CHECK(refusal(nats).contains(nats.credentials_file.empty() ? "is empty" : "has no seed in it"));
    if (!nats.credentials_file.empty()) {
        written(file, std::string(first).insert(first.find("eyJ"), "\\\""));
        CHECK(refusal(nats).ends_with("user_jwt: is no JWT"));
    }
    written(file, second);
    CHECK(refusal(nats).contains("Authorization Violation"));
    written(file, first);
    Mailbox<Note> notes;
    io::NatsConnection connection(nats, "bridge", {.told = [&](Note&& note) { notes.put(std::move(note)); }});
    REQUIRE(connection.wait_connected(seconds(10)));
    const auto said = [&](const std::string& event) -> std::string {
        for (int tries = 0; tries < 200; ++tries) {
            std::vector<Note> fresh;
            notes.take(fresh);
            for (const Note& note : fresh)
                if (note.event == event) return note.text;
            std::this_thread::sleep_for(milliseconds(100));
        }
        return "nothing";
    };
    written(file, second);
    CHECK(said("login_refused").contains("Authorization Violation"));
    written(file, "{");
    CHECK(said("login_refused").contains("is no context"));
    written(file, first + " ");
    CHECK(said("login_replaced") == "connected to NATS with the new login");
}

TEST_CASE("login: one that the server does not take leaves the old one in use") {
    NatsServer server;
    const Operator ours;
    const Operator others;
    server.start(ours.server_config());
    auto nats = nats_at(server.url());
    nats.credentials_file = written(server.folder() / "bridge.creds", ours.credentials());
    wait_greeting(server.url());
    auto owner_nats = nats;
    owner_nats.credentials_file = written(server.folder() / "owner.creds", ours.credentials());
    Owner owner(owner_nats);
    Door door(nats);
    goes_round(door, owner);
    const auto said = [&](const std::string& event) {
        return door.await_that<Note>([&](const Note& note) { return note.event == event; }, seconds(20)).text;
    };
    written(server.folder() / "bridge.creds", others.credentials());
    CHECK(said("login_refused").contains("Authorization Violation"));
    CHECK_FALSE(door.store(2).error);
    written(server.folder() / "bridge.creds", "nothing of the kind");
    CHECK(said("login_refused").contains("the old one stays in use"));
    CHECK_FALSE(door.store(3).error);
    written(server.folder() / "bridge.creds", ours.credentials());
    said("login_replaced");
    CHECK_FALSE(door.store(4).error);
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
    SUBCASE("nkey") {
        nats.nkey_file = "/nowhere/bridge.nk";
        field = "nats.nkey_file";
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

// As docs/rights.md lists them.
TEST_CASE("rights: what the owner of a partition needs, and nothing else") {
    NatsServer server;
    const std::string needed =
        R"("$JS.API.STREAM.INFO.EVENTS", "$JS.API.STREAM.INFO.OUT", "$JS.API.STREAM.INFO.STATE", )"
        R"("$JS.API.STREAM.NAMES", "$JS.API.STREAM.MSG.GET.EVENTS", "$JS.API.STREAM.MSG.GET.STATE", )"
        R"("$JS.API.STREAM.PURGE.STATE", "$JS.API.STREAM.MSG.DELETE.STATE", "$JS.API.CONSUMER.NAMES.EVENTS", "$JS.API.CONSUMER.INFO.EVENTS.*", )"
        R"("$JS.API.CONSUMER.CREATE.EVENTS", "$JS.API.CONSUMER.CREATE.EVENTS.*.>", "$JS.API.CONSUMER.DELETE.EVENTS.*", )"
        R"("$JS.API.CONSUMER.MSG.NEXT.EVENTS.*", "$JS.ACK.EVENTS.>", "$JS.API.CONSUMER.CREATE.OUT", )"
        R"("$JS.API.CONSUMER.DELETE.OUT.*", "$JS.API.CONSUMER.INFO.OUT.*", "$JS.API.CONSUMER.MSG.NEXT.OUT.*", )"
        R"("millrace.state.trips.>", "dead.*.trips", "dead-unroutable.trips", "aggregates.*.counts")";
    server.start(std::string("authorization { users: [ ") + kOperator + ", { user: bridge, password: b, " +
                 rights(needed, "\"_INBOX.>\"") + " } ] }\n");
    auto nats = nats_at(server.url());
    nats.user = "bridge";
    nats.password_file = written(server.folder() / "password", "b");
    Owner owner(owner_of(server));
    io::StreamChange aggregates;
    aggregates.add_subjects = {"aggregates.>"};
    REQUIRE(owner.admin.change_stream("OUT", aggregates));
    REQUIRE(owner.admin.create_stream({.name = "STATE", .subjects = {"millrace.state.>"}, .discard = "new"}));
    auto pipeline = owned_trips();
    pipeline.partitions = 1;
    pipeline.input.subject = "events.{tenant}.trips";
    Door door(nats, pipeline);
    door.jetstream.look({});
    door.await<Bound>();
    door.jetstream.position({0, 1, 1, 1});
    door.await<Bound>();
    door.jetstream.position({0, 1, 2, 1});
    door.await<Bound>();
    CHECK(owner.admin.consumer_names("EVENTS").value() == std::vector<std::string>{"trips-p0-1-2"});
    owner.publish("an event");
    door.jetstream.pull({0, 0, 1, 5, 1 << 20, seconds(5), {}});
    door.jetstream.ack(door.await<ports::Message>().reply);
    door.jetstream.publish({StoreId{1}, Output::state, "millrace.state.trips.0", {}, "head", 0});
    CHECK_FALSE(door.await<Stored>().error);
    door.jetstream.publish({StoreId{2}, aggregate_output(0), "aggregates.a.counts", result_headers(1), "{}"});
    CHECK_FALSE(door.await<Stored>().error);
    door.jetstream.read({.number = 1});
    CHECK(door.await<GotMessage>().message);
    door.jetstream.read({.number = 2, .from = Read::From::input, .which = Read::Which::next});
    CHECK(door.await<GotMessage>().message);
    Find find;
    find.from_sequence.emplace(index(aggregate_output(0)) + 1, 1);
    find.input_to = 100;
    door.jetstream.find(find);
    CHECK(door.await<Found>().identities == std::vector{identity(1)});
    door.jetstream.purge({0, 2});
    for (int tries = 0; tries < 100 && owner.admin.stream("STATE")->messages > 0; ++tries)
        std::this_thread::sleep_for(milliseconds(20));
    CHECK(owner.admin.stream("STATE")->messages == 0);
}

TEST_CASE("rights: what is denied to an owner is said, not left to a time-out") {
    NatsServer server;
    server.start(
        std::string("authorization { users: [ ") + kOperator + ", { user: bridge, password: b, permissions: { " +
        R"(publish: { deny: ["$JS.API.STREAM.MSG.GET.>", "$JS.API.STREAM.PURGE.>", "millrace.state.>"] } } } ] })" +
        "\n");
    auto nats = nats_at(server.url());
    nats.user = "bridge";
    nats.password_file = written(server.folder() / "password", "b");
    Owner owner(owner_of(server));
    io::StreamChange aggregates;
    aggregates.add_subjects = {"aggregates.>"};
    REQUIRE(owner.admin.change_stream("OUT", aggregates));
    REQUIRE(owner.admin.create_stream({.name = "STATE", .subjects = {"millrace.state.>"}, .discard = "new"}));
    auto pipeline = owned_trips();
    pipeline.partitions = 1;
    pipeline.input.subject = "events.{tenant}.trips";
    Door door(nats, pipeline);
    door.jetstream.look({});
    door.await<Bound>();
    door.jetstream.read({.number = 5});
    const auto got = door.await<GotMessage>(seconds(3));
    CHECK(got.number == 5);
    REQUIRE(got.error);
    CHECK(got.error->code == ErrorCode::misconfigured);
    CHECK(got.error->text.contains("STREAM.MSG.GET.STATE"));
    door.jetstream.purge({0, 2});
    // A server before 2.10 is asked for each message first.
    CHECK(door.await<Note>(seconds(10)).text.contains(".STATE\""));
    door.jetstream.publish({StoreId{9}, Output::state, "millrace.state.trips.0", {}, "head", 0});
    const auto refused = door.await<Stored>(seconds(3));
    CHECK(refused.id == StoreId{9});
    CHECK(refused.error->code == ErrorCode::misconfigured);
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
