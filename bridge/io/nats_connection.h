// NatsConnection: one connection to NATS that is never given up, on libnats.
//
// libnats reconnects by itself, but with the secrets and certificates it was given at first, and without a word about
// why it fails. It also closes for good: after two authentication errors in a row, and on any other -ERR of the server.
// So a thread of our own (the keeper) makes a new connection with back-off when it closed, when it has not come back
// for a while, and when the server denies a subscription, which comes back with nothing else; it reads the secrets
// again, subscribes anew, and takes along the servers of the cluster that were told of. The first connection is made
// the same way.
//
// A login that is replaced: where one of the files of the login or of TLS changed, the keeper makes a second connection
// with what is in them now, subscribed to all that the first one is, before it lets go of the first: what that one has
// read is still delivered and what it has written is flushed, so that nothing is asked or delivered again for it. For
// that moment a message may come over both. Where the server does not take the new login, the old connection stays,
// and the attempt is repeated.
//
// Nothing is buffered while there is no connection: a publish fails at once, so nothing that was called
// lost is stored later.
//
// Thread: `publish` and `push` from any, `subscribe`, `request` and `wait_connected` from any that may block. Callbacks
// (subscriptions, Listener) come from the library's threads, one at a time for each subscription; they must not block,
// call `request` or destroy the connection.
// A publish may wait for the socket when the peer has stopped reading, at most kWriteDeadline; then the connection is
// cut.
// Bound: what a subscription holds undelivered is not limited here (a limit would drop); ask for no more than you can
// hold.
// Lifetime: the destructor closes, and returns when no callback runs any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/note.h"
#include "bridge/base/payload.h"
#include "bridge/base/result.h"
#include "bridge/settings/settings.h"

namespace millrace::io {

inline constexpr std::chrono::milliseconds kWriteDeadline{2000};

// A message off the wire. The payload's bytes are where libnats put them.
struct NatsMessage {
    std::string subject;
    std::string reply;
    std::vector<Header> headers;  // a status message has "Status" and "Description" here
    Payload payload;
};

struct Outgoing {
    std::string_view subject;
    std::string_view reply;  // empty for none
    const std::vector<Header>* headers = nullptr;
    std::string_view payload;
};

// A subject that the server denies publishing to. It cuts off what is long; then this is only the beginning.
struct Denied {
    std::string_view subject;
    bool whole = true;

    [[nodiscard]] bool means(std::string_view full) const {
        return whole ? full == subject : full.starts_with(subject);
    }
};

// Why these settings cannot be used at all, before anything is tried.
Result<void> check_nats_settings(const settings::Nats& nats);

class NatsConnection {
  public:
    using OnMessage = std::function<void(NatsMessage&&)>;
    struct Listener {
        // The connection is taken to be up at first; `down` comes when the first attempt fails. It comes again for
        // each further reason while it stays down; the reason is empty where none is known.
        std::function<void(const std::string& why)> down = [](const std::string&) {};
        std::function<void()> up = [] {};
        // The server refused a publication.
        std::function<void(const Denied& denied)> publish_denied = [](const Denied&) {};
        // What became of a login that was replaced.
        std::function<void(Note&& note)> told = [](Note&&) {};
    };

    NatsConnection(const settings::Nats& nats, std::string name, Listener listener);
    ~NatsConnection();
    NatsConnection(const NatsConnection&) = delete;
    NatsConnection& operator=(const NatsConnection&) = delete;

    // Stays subscribed through every reconnect, for the life of the connection. `subject` may hold wildcards.
    void subscribe(const std::string& subject, OnMessage on_message);
    // Writes to the socket's buffer; the library's flusher sends it within about a millisecond, `push` sooner. Subject,
    // reply and headers are checked again here: `invalid` when they may not leave, `unavailable` without a connection,
    // `too_large` over the server's limit.
    Result<void> publish(const Outgoing& message);
    // Sends what was published, now or, while the server is still busy with what was pushed before, when it is done
    // with that. Returns at once.
    void push();
    // A request and its answer's payload. `unavailable`: no connection or no answer in time; `misconfigured`: nobody
    // answers on the subject, or the server denied it.
    Result<std::string> request(const std::string& subject, std::string_view body, std::chrono::milliseconds timeout);

    // Waits for the connection to be up, at most this long.
    bool wait_connected(std::chrono::milliseconds timeout);
    // The server's max_payload; nothing before the first connection.
    [[nodiscard]] std::optional<std::uint64_t> max_payload() const;
    [[nodiscard]] std::optional<std::string> server_url() const;
    // What went wrong last, for a person; never a secret.
    [[nodiscard]] std::string trouble() const;
    // A subject prefix of our own for replies: `<inbox prefix>.<random>`.
    [[nodiscard]] const std::string& inbox() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
