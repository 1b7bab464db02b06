// The simulator's world: the same cases on the model server, in virtual time.
#include <algorithm>
#include <stdexcept>

#include "tests/contract/world.h"
#include "tests/sim/fake_jetstream.h"

namespace millrace::contract {

namespace {

class FakeWorld final : public World {
  public:
    std::unique_ptr<ports::JetStream> jetstream(const settings::Pipeline& pipeline, Arrivals& arrivals) override {
        return std::make_unique<sim::SimJetStream>(
            sim::SimJetStream::Parts{pipeline, scheduler_, server_, arrivals, gate_, faults_, trace_, 1, "contract"});
    }

    void create_stream(const StreamSpec& spec) override {
        sim::StreamConfig config{
            .name = spec.name, .subjects = spec.subjects, .duplicate_window = spec.duplicate_window};
        if (spec.max_msg_size > 0) config.max_message = static_cast<std::uint64_t>(spec.max_msg_size);
        config.retention = spec.retention;
        config.discard = spec.discard;
        config.max_age = spec.max_age;
        config.max_msgs_per_subject = spec.max_msgs_per_subject;
        config.allow_atomic = spec.allow_atomic;
        server_.add_stream(std::move(config));
    }

    std::uint64_t publish(const std::string& subject, const std::string& payload,
                          const std::vector<Header>& headers) override {
        advance(std::chrono::milliseconds(1));
        const auto ack = server_.publish(subject, headers, payload);
        if (ack.error) throw std::runtime_error(ack.error->text);
        advance(std::chrono::milliseconds(1));
        return ack.sequence;
    }

    std::vector<StoredMessage> read_stream(const std::string& name) override {
        std::vector<StoredMessage> out;
        for (const auto& m : stream(name).messages()) {
            if (!m.gone) out.push_back({m.sequence, m.subject, m.headers, m.payload});
        }
        return out;
    }

    void create_consumer(const std::string& stream_name, const std::string& name, const std::string& filter,
                         std::string_view ack_policy) override {
        server_.add_consumer(stream_name, {.name = name, .filter = filter, .ack_policy = std::string(ack_policy)});
    }

    void delete_consumer(const std::string& stream_name, const std::string& name) override {
        server_.delete_consumer(stream_name, name);
    }

    std::optional<ConsumerSeen> consumer(const std::string& stream_name, const std::string& name) override {
        const auto* found = server_.consumer(stream_name, name);
        if (found == nullptr) return {};
        const auto& config = found->config();
        return ConsumerSeen{.filter = config.filter,
                            .ack_wait = config.ack_wait,
                            .max_deliver = config.max_deliver,
                            .max_ack_pending = config.max_ack_pending,
                            .ack_floor = found->ack_floor(),
                            .ack_pending = found->ack_pending(),
                            .pending = found->undelivered(),
                            .ack_policy = config.ack_policy};
    }

    std::vector<std::string> consumer_names(const std::string&) override {
        std::vector<std::string> names;
        for (const auto* consumer : server_.consumers()) names.push_back(consumer->config().name);
        std::ranges::sort(names);
        return names;
    }

    void trim(const std::string& name, std::uint64_t below) override { server_.stream(name)->purge(">", below); }

    void kill_server() override {
        if (server_.up()) server_.stop();
    }

    // A server that turns everybody away is, from here, one that is not there.
    void start_server(Logins logins) override {
        if (logins == Logins::accepted) server_.start();
    }

    void advance(Duration time) override { scheduler_.run_until(scheduler_.now() + time); }
    ServerTime server_now() override { return scheduler_.server_now(); }

  private:
    const sim::SimStream& stream(const std::string& name) {
        const auto* found = server_.stream(name);
        if (found == nullptr) throw std::runtime_error("no stream " + name);
        return *found;
    }

    sim::Scheduler scheduler_;
    sim::Trace trace_{scheduler_, false};
    sim::SimServer server_{scheduler_};
    sim::Gate gate_;
    sim::LinkFaults faults_;
};

}  // namespace

std::unique_ptr<World> make_world() { return std::make_unique<FakeWorld>(); }

}  // namespace millrace::contract
