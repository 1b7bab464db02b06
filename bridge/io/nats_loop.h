// NatsLoop: one thread that does all reading and writing of one libnats connection. Private to bridge/io.
//
// libnats before 3.11 reads a TLS session in one thread and writes it in others, without a lock (mended in nats.c
// #913); OpenSSL allows one at a time (SSL_read(3), openssl-threads(7)). Given an event loop, libnats does both only in
// natsConnection_ProcessReadEvent and natsConnection_ProcessWriteEvent: here. The handshake is over before the loop
// gets the socket. Whoever closes the connection frees the session, so that has to come after stop(), and what libnats
// closes by itself in other threads may not happen: its reconnects, its PINGs and its drain are switched off or left
// alone, and are the owner's.
//
// While the peer takes nothing, a write waits, with the library's lock; the system ends it by `write_deadline`.
//
// Lifetime: longer than the connection is open. Thread: stop() from any but a callback of the connection.
#pragma once

#include <chrono>
#include <memory>

#include "bridge/base/result.h"

struct __natsOptions;  // NOLINT(bugprone-reserved-identifier): nats.h calls it so

namespace millrace::io {

// Whether this libnats needs it for TLS.
bool needs_loop_for_tls();

class NatsLoop {
  public:
    // `unavailable` where there is no thread or descriptor left for it.
    static Result<std::unique_ptr<NatsLoop>> make(std::chrono::milliseconds write_deadline);
    ~NatsLoop();
    NatsLoop(const NatsLoop&) = delete;
    NatsLoop& operator=(const NatsLoop&) = delete;

    // For one connection made with them; false where libnats refuses.
    bool serve(__natsOptions* options);
    // Cuts the connection. Returns when the thread is gone; a second time at once.
    void stop();

  private:
    struct State;
    explicit NatsLoop(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
