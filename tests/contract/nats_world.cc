// The real world: a nats-server of its own on a free loopback port, with its store in a temporary folder.

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "bridge/io/nats_admin.h"
#include "bridge/io/nats_connection.h"
#include "bridge/io/nats_jetstream.h"
#include "tests/contract/nats_server.h"
#include "tests/contract/world.h"

namespace millrace::contract {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

settings::Nats settings_for(const NatsServer& server) {
    settings::Nats nats;
    nats.urls = {server.url()};
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
        server_.start();
        nats_ = settings_for(server_);
        connection_ = std::make_unique<io::NatsConnection>(nats_, "world", io::NatsConnection::Listener{});
        admin_ = std::make_unique<io::NatsAdmin>(*connection_, nats_);
        connection_->subscribe(connection_->inbox() + ".stored", [this](io::NatsMessage&& message) {
            const std::lock_guard lock(mutex_);
            ack_ = std::string(message.payload.bytes());
            acked_.notify_one();
        });
        wait_ready();
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
        must(admin_->create_stream(wish));
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
        const auto last = must(admin_->stream(stream)).last_sequence;
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
        must(admin_->create_consumer(wish));
    }

    void delete_consumer(const std::string& stream, const std::string& name) override {
        must(connection_->request("$JS.API.CONSUMER.DELETE." + stream + "." + name, {}, seconds(3)));
    }

    std::optional<ConsumerSeen> consumer(const std::string& stream, const std::string& name) override {
        const auto found = admin_->consumer(stream, name);
        if (!found && found.error().code == ErrorCode::not_found) return {};
        if (!found) throw std::runtime_error(found.error().text);
        return ConsumerSeen{.filter = found->filters.empty() ? "" : found->filters.front(),
                            .ack_wait = found->ack_wait,
                            .max_deliver = found->max_deliver,
                            .max_ack_pending = found->max_ack_pending,
                            .ack_floor = found->ack_floor,
                            .ack_pending = found->ack_pending,
                            .pending = found->pending};
    }

    void kill_server() override { server_.kill(); }

    void start_server(Logins logins) override {
        server_.start(logins == Logins::refused ? "authorization { user: somebody, password: else }\n" : "");
        if (logins == Logins::accepted) wait_ready();
    }

    void advance(Duration time) override { std::this_thread::sleep_for(time); }
    ServerTime server_now() override { return std::chrono::system_clock::now(); }

  private:
    void wait_ready() {
        std::string why = "no connection";
        for (int tries = 0; tries < 60; ++tries) {
            if (!connection_->wait_connected(milliseconds(250))) continue;
            const auto account = admin_->account();
            if (account) return;
            why = account.error().text;
            std::this_thread::sleep_for(milliseconds(50));
        }
        throw std::runtime_error("nats-server does not answer: " + why);
    }

    NatsServer server_;
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
