// The real adapter on a server of the test's own making, and the way of one event through it.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_jetstream.h"
#include "tests/contract/bench.h"

namespace millrace::contract {

// The bridge's side: one connection with these settings.
struct Door {
    explicit Door(const settings::Nats& nats, settings::Pipeline given = trips())
        : pipeline(std::move(given)), jetstream(nats, pipeline, arrivals) {}

    // The first arrival of this kind that fits; what came before it is gone.
    template <typename T, typename Fits>
    T await_that(Fits fits, Duration limit = seconds(10)) {
        const auto until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            std::vector<ports::JetStreamArrival> fresh;
            arrivals.take(fresh);
            for (auto& item : fresh) {
                if (auto* wanted = std::get_if<T>(&item); wanted != nullptr && fits(*wanted)) return std::move(*wanted);
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
        throw std::runtime_error("what was awaited did not arrive");
    }
    template <typename T>
    T await(Duration limit = seconds(10)) {
        return await_that<T>([](const T&) { return true; }, limit);
    }

    // Asks until the partition is bound, as the engine does.
    Bound bind(Duration limit = seconds(20)) {
        const auto until = std::chrono::steady_clock::now() + limit;
        for (std::string why;;) {
            jetstream.bind(0);
            try {
                return await_bound(why);
            } catch (const std::runtime_error&) {
                if (std::chrono::steady_clock::now() > until) throw std::runtime_error("not bound: " + why);
            }
        }
    }

    Stored store(std::uint64_t id, const std::string& subject = "results.a.trips") {
        jetstream.publish({StoreId{id}, Output::result, subject, result_headers(id), "scored"});
        return await_that<Stored>([&](const Stored& s) { return s.id == StoreId{id}; });
    }

    settings::Pipeline pipeline;
    Arrivals arrivals;
    io::NatsJetStream jetstream;

  private:
    Bound await_bound(std::string& why) {
        for (;;) {
            std::vector<ports::JetStreamArrival> fresh;
            arrivals.take(fresh);
            for (auto& item : fresh) {
                if (auto* bound = std::get_if<Bound>(&item)) return *bound;
                if (auto* failed = std::get_if<BindFailed>(&item)) {
                    why = failed->error.text;
                    std::this_thread::sleep_for(milliseconds(100));
                    throw std::runtime_error(why);
                }
            }
            std::this_thread::sleep_for(milliseconds(10));
        }
    }
};

// Somebody who may do everything: makes the streams and publishes events.
struct Owner {
    explicit Owner(const settings::Nats& nats) : connection(nats, "owner", {}), admin(connection, nats) {
        INFO(connection.trouble());
        REQUIRE(connection.wait_connected(seconds(10)));
        for (int tries = 0; tries < 100 && !admin.account(); ++tries) std::this_thread::sleep_for(milliseconds(50));
        const auto events = admin.create_stream({.name = "EVENTS", .subjects = {"events.>"}});
        if (!events) FAIL(events.error().text);
        REQUIRE(admin.create_stream({.name = "OUT", .subjects = {"results.>", "dead.>", "dead-unroutable.>"}}));
    }

    void publish(const std::string& payload) { REQUIRE(connection.request("events.a.trips", payload, seconds(5))); }

    // Within two seconds.
    bool has_all_acked() {
        std::uint64_t pending = 1;
        for (int tries = 0; tries < 100 && pending > 0; ++tries) {
            pending = admin.consumer("EVENTS", "trips-p0").value().ack_pending;
            std::this_thread::sleep_for(milliseconds(20));
        }
        return pending == 0;
    }

    io::NatsConnection connection;
    io::NatsAdmin admin;
};

// Bound, an event pulled, its result stored, the event acked.
inline void goes_round(Door& door, Owner& owner) {
    door.bind();
    owner.publish("an event");
    door.jetstream.pull({0, 0, 1, 5, 1 << 20, seconds(5), {}});
    const auto message = door.await<ports::Message>();
    CHECK(message.payload.bytes() == "an event");
    CHECK_FALSE(door.store(1).error);
    door.jetstream.ack(message.reply);
    CHECK(owner.has_all_acked());
}

inline settings::Nats nats_at(const std::string& url) {
    settings::Nats nats;
    nats.urls = {url};
    return nats;
}

// The server greets; logins and TLS come after that.
inline void wait_greeting(const std::string& url) {
    for (int tries = 0; tries < 200 && !io::read_server_info(url, seconds(1)); ++tries)
        std::this_thread::sleep_for(milliseconds(20));
}

// Why a connection with these settings does not come up, where there is a server.
inline std::string refusal(const settings::Nats& nats) {
    if (!nats.urls.front().ends_with(":1")) wait_greeting(nats.urls.front());
    io::NatsConnection connection(nats, "refused", {});
    for (int tries = 0; tries < 100 && connection.trouble().empty(); ++tries)
        if (connection.wait_connected(milliseconds(100))) return "";
    return connection.trouble();
}

}  // namespace millrace::contract
