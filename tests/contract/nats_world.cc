// The real world: a nats-server of its own on a free loopback port, with its store in a temporary folder. With
// MILLRACE_NATS_CLUSTER in the environment it is a cluster of three with three replicas of everything, which the cases
// of the program share one after the other, because it takes seconds to start. One that was killed serves its case to
// the end and no other; and since 2.9 does not come back from a kill of all three after many streams were made and
// deleted, the cases that kill are to run in a program of their own.

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_jetstream.h"
#include "bridge/io/nats_purge.h"
#include "bridge/io/nats_wire.h"
#include "tests/contract/nats_server.h"
#include "tests/contract/world.h"

namespace millrace::contract {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The servers of a world, and what they run on.
class Site {
  public:
    virtual ~Site() = default;
    virtual void start(const std::string& more) = 0;
    virtual void kill() = 0;
    [[nodiscard]] virtual std::vector<std::string> urls() const = 0;
    [[nodiscard]] virtual std::uint32_t replicas() const = 0;
};

class OneServer final : public Site {
  public:
    OneServer() { server_.start(); }
    void start(const std::string& more) override { server_.start(more); }
    void kill() override { server_.kill(); }
    [[nodiscard]] std::vector<std::string> urls() const override { return {server_.url()}; }
    [[nodiscard]] std::uint32_t replicas() const override { return 1; }

  private:
    NatsServer server_;
};

class SharedCluster final : public Site {
  public:
    SharedCluster() { start(""); }
    void start(const std::string& more) override {
        if (!std::exchange(running_, true)) cluster_.start(more);
    }
    void kill() override {
        cluster_.kill();
        running_ = false;
        spent_ = true;
    }
    [[nodiscard]] bool spent() const { return spent_; }
    [[nodiscard]] std::vector<std::string> urls() const override { return cluster_.urls(); }
    [[nodiscard]] std::uint32_t replicas() const override { return 3; }

  private:
    NatsCluster cluster_;
    bool running_ = false;
    bool spent_ = false;
};

std::shared_ptr<Site> make_site() {
    if (std::getenv("MILLRACE_NATS_CLUSTER") == nullptr) return std::make_shared<OneServer>();
    static std::shared_ptr<SharedCluster> shared;
    if (!shared || shared->spent()) shared = std::make_shared<SharedCluster>();
    return shared;
}

settings::Nats settings_for(const Site& site) {
    settings::Nats nats;
    nats.urls = site.urls();
    return nats;
}

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

class NatsWorld final : public World {
  public:
    NatsWorld() {
        nats_ = settings_for(*site_);
        connection_ = std::make_unique<io::NatsConnection>(nats_, "world", io::NatsConnection::Listener{});
        admin_ = std::make_unique<io::NatsAdmin>(*connection_, nats_);
        connection_->subscribe(connection_->inbox() + ".stored", [this](io::NatsMessage&& message) {
            const std::lock_guard lock(mutex_);
            ack_ = std::string(message.payload.bytes());
            acked_.notify_one();
        });
        wait_ready();
        tell_version();
        remove_streams();
    }

    std::unique_ptr<ports::JetStream> jetstream(const settings::Pipeline& pipeline, Arrivals& arrivals) override {
        return std::make_unique<io::NatsJetStream>(nats_, pipeline, arrivals);
    }

    void create_stream(const StreamSpec& spec) override {
        io::StreamWish wish;
        wish.name = spec.name;
        wish.subjects = spec.subjects;
        wish.duplicate_window = spec.duplicate_window;
        wish.max_msg_size = spec.max_msg_size;
        wish.replicas = site_->replicas();
        wish.retention = spec.retention;
        wish.discard = spec.discard;
        wish.max_age = spec.max_age;
        wish.max_msgs_per_subject = spec.max_msgs_per_subject;
        wish.allow_atomic = spec.allow_atomic;
        must(patiently([&] { return admin_->create_stream(wish); }));
    }

    std::uint64_t publish(const std::string& subject, const std::string& payload,
                          const std::vector<Header>& headers) override {
        std::unique_lock lock(mutex_);
        ack_.clear();
        const auto reply = connection_->inbox() + ".stored";
        if (auto sent = connection_->publish({subject, reply, &headers, payload}); !sent)
            throw std::runtime_error(sent.error().text);
        if (!acked_.wait_for(lock, seconds(5), [this] { return !ack_.empty(); }))
            throw std::runtime_error("no stream stored " + subject);
        const Stored stored = io::parse_pub_ack(StoreId{1}, ack_);
        if (stored.error) throw std::runtime_error(stored.error->text);
        return stored.sequence;
    }

    std::vector<StoredMessage> read_stream(const std::string& stream) override {
        std::vector<StoredMessage> out;
        const auto last = must(patiently([&] { return admin_->stream(stream); })).last_sequence;
        for (std::uint64_t next = 1; next <= last;) {
            auto message = must(admin_->next_message(stream, next, ">"));
            next = message.sequence + 1;
            out.push_back({message.sequence, message.subject, message.headers, message.payload});
        }
        return out;
    }

    void create_consumer(const std::string& stream, const std::string& name, const std::string& filter,
                         std::string_view ack_policy) override {
        io::ConsumerWish wish;
        wish.stream = stream;
        wish.name = name;
        wish.filter = filter;
        wish.ack_policy = ack_policy;
        must(patiently([&] { return admin_->create_consumer(wish); }));
    }

    void delete_consumer(const std::string& stream, const std::string& name) override {
        must(connection_->request("$JS.API.CONSUMER.DELETE." + stream + "." + name, {}, seconds(3)));
    }

    std::optional<ConsumerSeen> consumer(const std::string& stream, const std::string& name) override {
        const auto found = patiently([&] { return admin_->consumer(stream, name); });
        if (!found && found.error().code == ErrorCode::not_found) return {};
        if (!found) throw std::runtime_error(found.error().text);
        return ConsumerSeen{.filter = found->filters.empty() ? "" : found->filters.front(),
                            .ack_wait = found->ack_wait,
                            .max_deliver = found->max_deliver,
                            .max_ack_pending = found->max_ack_pending,
                            .ack_floor = found->ack_floor,
                            .ack_pending = found->ack_pending,
                            .pending = found->pending,
                            .ack_policy = found->ack_policy};
    }

    std::vector<std::string> consumer_names(const std::string& stream) override {
        auto names = must(patiently([&] { return admin_->consumer_names(stream); }));
        std::ranges::sort(names);
        return names;
    }

    void trim(const std::string& stream, std::uint64_t below) override {
        must(connection_->request("$JS.API.STREAM.PURGE." + stream, io::purge_body(">", below), seconds(3)));
    }

    void kill_server() override { site_->kill(); }

    void start_server(Logins logins) override {
        site_->start(logins == Logins::refused ? "authorization { user: somebody, password: else }\n" : "");
        if (logins != Logins::accepted) return;
        wait_ready();
        for (const auto& stream : must(patiently([&] { return admin_->stream_names(); }))) wait_led(stream);
    }

    void advance(Duration time) override { std::this_thread::sleep_for(time); }
    ServerTime server_now() override { return std::chrono::system_clock::now(); }

  private:
    void wait_ready() {
        const auto ready = patiently([&]() -> Result<io::AccountFound> {
            if (!connection_->wait_connected(milliseconds(250))) return fail(ErrorCode::unavailable, "no connection");
            auto account = admin_->account();
            // Nobody answers there before the cluster has a leader.
            if (!account) account.error().code = ErrorCode::unavailable;
            return account;
        });
        if (!ready) throw std::runtime_error("nats-server does not answer: " + ready.error().text);
    }

    // After the start of a cluster each stream and each consumer elects its leader.
    void wait_led(const std::string& stream) {
        must(patiently([&] { return admin_->stream(stream); }));
        for (const auto& consumer : must(patiently([&] { return admin_->consumer_names(stream); })))
            must(patiently([&] { return admin_->consumer(stream, consumer); }));
    }

    // Again while the answer is that nobody can answer now, as in an election.
    template <typename Ask>
    static auto patiently(Ask ask) -> decltype(ask()) {
        const auto until = std::chrono::steady_clock::now() + seconds(30);
        for (;;) {
            auto answer = ask();
            if (answer || answer.error().code != ErrorCode::unavailable || std::chrono::steady_clock::now() > until)
                return answer;
            std::this_thread::sleep_for(milliseconds(50));
        }
    }

    void tell_version() const {
        static bool told = false;
        const auto server = io::read_server_info(*connection_->server_url(), seconds(2));
        if (server && !std::exchange(told, true))
            std::printf("nats-server %s, %u replicas\n", server->version.c_str(), site_->replicas());
    }

    // What the case before left behind.
    void remove_streams() {
        for (const auto& name : must(patiently([&] { return admin_->stream_names(); })))
            must(connection_->request("$JS.API.STREAM.DELETE." + name, {}, seconds(5)));
    }

    const std::shared_ptr<Site> site_ = make_site();
    settings::Nats nats_;
    std::mutex mutex_;
    std::condition_variable acked_;
    std::string ack_;
    std::unique_ptr<io::NatsConnection> connection_;
    std::unique_ptr<io::NatsAdmin> admin_;
};

}  // namespace

std::unique_ptr<World> make_world() { return std::make_unique<NatsWorld>(); }

}  // namespace millrace::contract
