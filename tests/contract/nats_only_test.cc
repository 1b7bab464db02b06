// What only the real adapter has to show: that what may not leave does not, and how it takes logins and denials.
#include <doctest/doctest.h>

#include <fstream>
#include <thread>

#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_jetstream.h"
#include "tests/contract/bench.h"
#include "tests/contract/nats_server.h"

using namespace millrace;
using namespace millrace::contract;

TEST_CASE("publish: a subject or header that may not leave is refused before the client, and nothing breaks") {
    Bench b;
    b.open();
    std::vector<Header> headers = result_headers(1);
    std::string subject = "results.a.trips";
    SUBCASE("forged line in the subject") { subject = "results.a.trips 0\r\n\r\nPUB events.b.trips 1\r\nx"; }
    SUBCASE("wildcard") { subject = "results.*.trips"; }
    SUBCASE("empty token") { subject = "results..trips"; }
    SUBCASE("empty") { subject = ""; }
    SUBCASE("space") { subject = "results.a b.trips"; }
    SUBCASE("header key with a colon") { headers.emplace_back("a:b", "c"); }
    SUBCASE("header value with a line") { headers.emplace_back("a", "b\r\nNats-Msg-Id: other"); }
    const Stored refused = b.store(1, "x", headers, subject);
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::misconfigured);
    CHECK_FALSE(b.store(2, "y", result_headers(2)).error);
    CHECK(b.world->read_stream("OUT").size() == 1);
    CHECK(b.world->read_stream("EVENTS").empty());
}

TEST_CASE("find: a search of a large stream does not keep the door from closing") {
    Bench b;
    b.open();
    constexpr std::uint64_t kMany = 60'000;
    for (std::uint64_t id = 1; id <= kMany; ++id)
        b.door->publish({StoreId{id}, Output::result, "results.a.trips", result_headers(id), "x"});
    b.await_that<Stored>([&](const Stored& stored) { return stored.id == StoreId{kMany}; });
    Find find;
    find.number = 1;
    find.from_time = b.world->server_now() - std::chrono::hours(1);
    find.input_to = kMany;
    b.door->find(find);
    std::this_thread::sleep_for(milliseconds(50));
    const auto begin = std::chrono::steady_clock::now();
    b.door.reset();
    MESSAGE("closed after " << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << " s");
    std::vector<ports::JetStreamArrival> last;
    b.arrivals.take(last);
    const auto found = std::ranges::find_if(last, [](const auto& what) { return std::holds_alternative<Found>(what); });
    REQUIRE(found != last.end());
    REQUIRE(std::get<Found>(*found).error);
    CHECK(std::get<Found>(*found).error->text.find("leaving") != std::string::npos);
}

namespace {

// A server with two users, and a bridge that is one of them.
struct Guarded {
    explicit Guarded(const std::string& denied) {
        folder = std::filesystem::temp_directory_path() / ("millrace-guarded-" + server.url().substr(17));
        std::filesystem::create_directories(folder);
        server.start(users("first", denied));
        write_password("first");
        nats.urls = {server.url()};
        nats.user = "bridge";
        nats.password_file = (folder / "password").string();
        settings::Nats operator_nats = nats;
        operator_nats.user = "operator";
        operator_nats.password_file = (folder / "operator").string();
        std::ofstream(operator_nats.password_file) << "op\n";
        io::NatsConnection connection(operator_nats, "operator", {});
        REQUIRE(connection.wait_connected(seconds(5)));
        const io::NatsAdmin admin(connection, operator_nats);
        io::StreamWish events{.name = "EVENTS", .subjects = {"events.>"}};
        io::StreamWish out{.name = "OUT", .subjects = {"results.>", "dead.>", "dead-unroutable.>"}};
        for (int tries = 0; tries < 50 && !admin.account(); ++tries) std::this_thread::sleep_for(milliseconds(50));
        REQUIRE(admin.create_stream(events));
        REQUIRE(admin.create_stream(out));
    }
    ~Guarded() { std::filesystem::remove_all(folder); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    static std::string users(const std::string& password, const std::string& denied) {
        const std::string limits = denied.empty() ? "" : ", permissions: { publish: { deny: [\"" + denied + "\"] } }";
        return "authorization { users: [ { user: operator, password: op }, { user: bridge, password: " + password +
               limits + " } ] }\n";
    }
    void write_password(const std::string& password) const { std::ofstream(folder / "password") << password << "\n"; }

    template <typename T>
    T await(Duration limit = seconds(10)) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            std::vector<ports::JetStreamArrival> fresh;
            arrivals.take(fresh);
            for (auto& item : fresh) {
                if (auto* wanted = std::get_if<T>(&item)) return std::move(*wanted);
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
        throw std::runtime_error("what was awaited did not arrive");
    }

    NatsServer server;
    std::filesystem::path folder;
    settings::Nats nats;
    settings::Pipeline pipeline = trips();
    Arrivals arrivals;
};

}  // namespace

TEST_CASE("publish: a denied subject is answered, not left to a time-out") {
    Guarded g("results.b.>");
    io::NatsJetStream door(g.nats, g.pipeline, g.arrivals);
    door.bind(0);
    g.await<Bound>();
    door.publish({StoreId{1}, Output::result, "results.b.trips", result_headers(1), "x"});
    const auto refused = g.await<Stored>(seconds(3));
    CHECK(refused.id == StoreId{1});
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::misconfigured);
    CHECK(refused.error->text.contains("results.b.trips"));
    door.publish({StoreId{2}, Output::result, "results.a.trips", result_headers(2), "x"});
    CHECK_FALSE(g.await<Stored>(seconds(3)).error);
}

TEST_CASE("bind: a denied API request is named") {
    Guarded g("$JS.API.CONSUMER.CREATE.>");
    io::NatsJetStream door(g.nats, g.pipeline, g.arrivals);
    door.bind(0);
    const auto failed = g.await<BindFailed>(seconds(15));
    CHECK(failed.error.code == ErrorCode::misconfigured);
    CHECK(failed.error.text.contains("CONSUMER.CREATE"));
}

TEST_CASE("connection: a changed password is read from its file again") {
    Guarded g("");
    io::NatsJetStream door(g.nats, g.pipeline, g.arrivals);
    door.bind(0);
    g.await<Bound>();
    g.server.kill();
    g.await<Disconnected>();
    door.publish({StoreId{1}, Output::result, "results.a.trips", result_headers(1), "at once refused"});
    const auto refused = g.await<Stored>(milliseconds(500));
    REQUIRE(refused.error);
    CHECK(refused.error->code == ErrorCode::unavailable);
    g.server.start(Guarded::users("second", ""));
    std::this_thread::sleep_for(seconds(2));
    g.write_password("second");
    g.await<Reconnected>(seconds(20));
    door.bind(0);
    CHECK(g.await<Bound>().input_last_sequence == 0);
}

TEST_CASE("connection: a server that is away at the start is told, and found when it comes") {
    NatsServer server;
    settings::Nats nats;
    nats.urls = {server.url()};
    const auto pipeline = trips();
    Bench b;
    io::NatsJetStream door(nats, pipeline, b.arrivals);
    b.await<Disconnected>();
    door.bind(0);
    const auto failed = b.await<BindFailed>();
    CHECK(failed.error.code == ErrorCode::unavailable);
    server.start();
    b.await<Reconnected>(seconds(20));
}
