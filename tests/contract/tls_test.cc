// TLS to a real nats-server: what is accepted, and the words for what is not.
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_loop.h"
#include "tests/contract/certificates.h"
#include "tests/contract/door.h"
#include "tests/contract/nats_server.h"
#include "tests/contract/tls_audit.h"

using namespace millrace;
using namespace millrace::contract;

namespace {

struct Site {
    void start(const Authority::Files& of_server, const std::string& more = "") {
        server.start("tls { cert_file: \"" + of_server.certificate + "\", key_file: \"" + of_server.key + "\"" + more +
                     " }\n");
    }
    [[nodiscard]] settings::Nats nats() const {
        auto nats = nats_at("tls" + server.url().substr(4));
        nats.tls.enabled = true;
        nats.tls.ca_file = authority.file();
        return nats;
    }
    // A server that wants a certificate of `of` from its clients.
    static std::string wants_clients_of(const Authority& of) {
        return ", ca_file: \"" + of.file() + "\", verify: true";
    }

    NatsServer server;
    Authority authority{server.folder(), "authority"};
};

std::string why(const settings::Nats& nats) {
    const std::string text = refusal(nats);
    MESSAGE(text);
    return text;
}

}  // namespace

TEST_CASE("tls: a server that the ca_file vouches for is talked to") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"));
    Owner owner(site.nats());
    Door door(site.nats());
    goes_round(door, owner);
}

// OpenSSL allows one. Messages go both ways as fast as they can, over a connection that is made, drained and closed.
TEST_CASE("tls: no two threads are in a session at once") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"));
    constexpr int kMessages = 30'000;
    const std::string payload(500, 'x');
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> received{0};
        io::NatsConnection connection(site.nats(), "audited", {});
        connection.subscribe("echo.*", [&](io::NatsMessage&&) { ++received; });
        REQUIRE(connection.wait_connected(seconds(10)));
        std::vector<std::thread> publishers;
        for (const std::string subject : {"echo.a", "echo.b"}) {
            publishers.emplace_back([&, subject] {
                for (int i = 0; i < kMessages / 2; ++i) {
                    REQUIRE(connection.publish({subject, {}, nullptr, payload}));
                    if (i % 16 == 0) connection.push();
                }
                connection.push();
            });
        }
        for (std::thread& each : publishers) each.join();
        const auto until = std::chrono::steady_clock::now() + seconds(30);
        while (received < kMessages && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(milliseconds(5));
        CHECK(received == kMessages);
    }
    const TlsAudit audit = tls_audit();
    MESSAGE(audit.reads, " reads, ", audit.writes, " writes, at most ", audit.most_users, " threads in a session");
    CHECK(audit.reads > 1000);
    CHECK(audit.writes > 10);
    CHECK(audit.overlaps == 0);
    // Who connects, and then the loop.
    if (io::needs_loop_for_tls()) CHECK(audit.most_users == 2);
}

TEST_CASE("tls: a certificate that is replaced is taken up beside the old one, and nothing is lost") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"), Site::wants_clients_of(site.authority));
    auto nats = site.nats();
    const auto ours = site.authority.issue("client", "DNS:bridge");
    nats.tls.cert_file = ours.certificate;
    nats.tls.key_file = ours.key;
    std::mutex mutex;
    std::set<std::string> received;
    std::atomic<int> replaced{0};
    io::NatsConnection connection(nats, "replaced",
                                  {.told = [&](Note&& note) { replaced += note.event == "login_replaced" ? 1 : 0; }});
    connection.subscribe("echo", [&](io::NatsMessage&& message) {
        const std::lock_guard lock(mutex);
        received.emplace(message.payload.bytes());
    });
    REQUIRE(connection.wait_connected(seconds(10)));
    std::size_t sent = 0;
    const auto until = std::chrono::steady_clock::now() + seconds(60);
    for (int wanted = 1; wanted <= 3 && std::chrono::steady_clock::now() < until; ++wanted) {
        site.authority.issue("client", "DNS:bridge");
        while (replaced < wanted && std::chrono::steady_clock::now() < until) {
            if (connection.publish({"echo", {}, nullptr, std::to_string(sent)})) ++sent;
            connection.push();
            std::this_thread::sleep_for(milliseconds(1));
        }
    }
    CHECK(replaced == 3);
    const auto all = [&] {
        const std::lock_guard lock(mutex);
        return received.size() == sent;
    };
    while (!all() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(5));
    CHECK(all());
    CHECK(tls_audit().overlaps == 0);
}

TEST_CASE("tls: a server that stops reading is cut off, and publishing goes on after it") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"));
    std::atomic<int> downs{0};
    io::NatsConnection connection(site.nats(), "stalled", {.down = [&](const std::string&) { ++downs; }});
    REQUIRE(connection.wait_connected(seconds(10)));
    site.server.suspend();
    const std::string payload(100'000, 'x');
    const auto until = std::chrono::steady_clock::now() + seconds(30);
    while (downs == 0 && std::chrono::steady_clock::now() < until) {
        if (connection.publish({"into.the.void", {}, nullptr, payload})) connection.push();
        std::this_thread::sleep_for(milliseconds(1));
    }
    CHECK(downs > 0);
    site.server.resume();
    CHECK(connection.wait_connected(seconds(30)));
}

TEST_CASE("tls: a server that falls silent is noticed") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"));
    std::atomic<int> downs{0};
    io::NatsConnection connection(site.nats(), "silent", {.down = [&](const std::string&) { ++downs; }});
    REQUIRE(connection.wait_connected(seconds(10)));
    site.server.suspend();
    const auto until = std::chrono::steady_clock::now() + seconds(40);
    while (downs == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
    CHECK(downs > 0);
    site.server.resume();
    CHECK(connection.wait_connected(seconds(30)));
}

TEST_CASE("tls: the name is verified, too") {
    Site site;
    auto nats = site.nats();
    std::string name = "DNS:elsewhere.example";
    SUBCASE("an address") {}
    SUBCASE("a name") { nats.urls = {"tls://localhost" + site.server.url().substr(site.server.url().rfind(':'))}; }
    site.start(site.authority.issue("server", name));
    CHECK(why(nats).contains("mismatch"));
}

TEST_CASE("tls: a certificate that has expired is refused, and named so") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1", -3600));
    CHECK(why(site.nats()).contains("expired"));
}

TEST_CASE("tls: a certificate nobody vouches for is refused, and named so") {
    Site site;
    Authority other(site.server.folder(), "other");
    auto nats = site.nats();
    SUBCASE("of another authority") { site.start(other.issue("server", "IP:127.0.0.1")); }
    SUBCASE("of one that the system does not know") {
        site.start(site.authority.issue("server", "IP:127.0.0.1"));
        nats.tls.ca_file.clear();
    }
    CHECK(why(nats).contains("issuer certificate"));
}

TEST_CASE("tls: a server that wants a client's certificate gets it") {
    Site site;
    site.start(site.authority.issue("server", "IP:127.0.0.1"), Site::wants_clients_of(site.authority));
    auto nats = site.nats();
    CHECK(why(nats).contains("nats.tls.cert_file"));
    const auto ours = site.authority.issue("client", "DNS:bridge");
    nats.tls.cert_file = ours.certificate;
    nats.tls.key_file = ours.key;
    Owner owner(nats);
    Door door(nats);
    goes_round(door, owner);
}

TEST_CASE("tls: neither side falls back to plain text") {
    Site site;
    SUBCASE("we ask for TLS, the server has none") {
        site.server.start();
        CHECK(why(site.nats()).contains("ecure"));
    }
    SUBCASE("the server asks for TLS, we do not") {
        site.start(site.authority.issue("server", "IP:127.0.0.1"));
        CHECK(why(nats_at(site.server.url())).contains("set nats.tls.enabled"));
    }
}

TEST_CASE("tls: a file that is not there is named") {
    Site site;
    auto nats = site.nats();
    SUBCASE("ca_file") { nats.tls.ca_file = "/nowhere/ca.pem"; }
    SUBCASE("cert_file") {
        nats.tls.cert_file = "/nowhere/client.pem";
        nats.tls.key_file = "/nowhere/client.key";
    }
    const auto text = why(nats);
    CHECK(text.starts_with("nats.tls.c"));
    CHECK(text.contains("/nowhere/"));
}

// The library keeps the certificates it was given at first; a new connection reads them again.
TEST_CASE("tls: a client certificate that was replaced is taken up after the old one was refused") {
    Site site;
    Authority before(site.server.folder(), "before");
    Authority after(site.server.folder(), "after");
    const auto of_server = site.authority.issue("server", "IP:127.0.0.1");
    site.start(of_server, Site::wants_clients_of(before));
    auto nats = site.nats();
    const auto ours = before.issue("client", "DNS:bridge");
    nats.tls.cert_file = ours.certificate;
    nats.tls.key_file = ours.key;
    Owner owner(nats);
    Door door(nats);
    door.bind();
    site.server.kill();
    door.await<Disconnected>();
    after.issue("client", "DNS:bridge");
    site.start(of_server, Site::wants_clients_of(after));
    door.await<Reconnected>(seconds(40));
    CHECK(owner.connection.wait_connected(seconds(40)));
    goes_round(door, owner);
}
