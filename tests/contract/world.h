// World: a JetStream to run the contract cases in. nats_world.cc starts a real nats-server; the simulator's fake gives
// another. The cases (jetstream_cases.cc) see only this header and ports/jetstream.h, and are linked to each world in
// turn: what the fake does differently from the server is a failing case.
//
// Control functions return when the world has done what they ask; they throw std::runtime_error when it cannot.
// Thread: one, the test's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/mailbox.h"
#include "bridge/base/time.h"
#include "bridge/ports/jetstream.h"
#include "bridge/settings/settings.h"

namespace millrace::contract {

using Arrivals = Mailbox<ports::JetStreamArrival>;

struct StreamSpec {
    std::string name;
    std::vector<std::string> subjects;  // may hold wildcards
    Duration duplicate_window = std::chrono::minutes(2);
    std::int32_t max_msg_size = -1;  // -1: no limit
    std::string retention = "limits";
    std::string discard = "old";
    Duration max_age{};
    std::int64_t max_msgs_per_subject = -1;
    bool allow_atomic = false;  // not every server can
};

struct StoredMessage {
    std::uint64_t sequence = 0;
    std::string subject;
    std::vector<Header> headers;
    std::string payload;
};

struct ConsumerSeen {
    std::string filter;
    Duration ack_wait{};
    std::int64_t max_deliver = 0;
    std::int64_t max_ack_pending = 0;
    std::uint64_t ack_floor = 0;    // stream sequence
    std::uint64_t ack_pending = 0;  // delivered and not acked
    std::uint64_t pending = 0;      // not delivered yet
    std::string ack_policy{};
};

class World {
  public:
    virtual ~World() = default;

    // The door under test, connected to this world; connects in the background. `pipeline` outlives it.
    virtual std::unique_ptr<ports::JetStream> jetstream(const settings::Pipeline& pipeline, Arrivals& arrivals) = 0;

    virtual void create_stream(const StreamSpec& spec) = 0;
    // Stores a message as a publisher would, and returns its sequence in the stream that covers the subject.
    virtual std::uint64_t publish(const std::string& subject, const std::string& payload,
                                  const std::vector<Header>& headers = {}) = 0;
    // Everything the stream holds, in order.
    virtual std::vector<StoredMessage> read_stream(const std::string& stream) = 0;
    // A consumer with explicit acks that somebody else made: `filter` on `stream`.
    virtual void create_consumer(const std::string& stream, const std::string& name, const std::string& filter,
                                 std::string_view ack_policy = "explicit") = 0;
    virtual void delete_consumer(const std::string& stream, const std::string& name) = 0;
    virtual std::optional<ConsumerSeen> consumer(const std::string& stream, const std::string& name) = 0;
    // Sorted.
    virtual std::vector<std::string> consumer_names(const std::string& stream) = 0;
    // Removes what the stream holds below the sequence, as its limits do.
    virtual void trim(const std::string& stream, std::uint64_t below) = 0;

    // The server dies at once (kill -9) and keeps what it acknowledged.
    virtual void kill_server() = 0;
    enum class Logins { accepted, refused };
    // Starts it again with what it kept, on the same address. With `refused` it turns every client away.
    virtual void start_server(Logins logins = Logins::accepted) = 0;

    // Lets this much time pass: a real world sleeps, a fake one moves its clock and does what becomes due.
    virtual void advance(Duration time) = 0;
    // The server's clock.
    virtual ServerTime server_now() = 0;
};

// The world the binary is linked to, made afresh with a running server and no streams.
std::unique_ptr<World> make_world();

}  // namespace millrace::contract
