#include "bridge/io/nats_loop.h"

#include <nats/nats.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace millrace::io {

namespace {

constexpr std::uint32_t kFirstSafeTls = (3u << 16) | (11u << 8);

}  // namespace

bool needs_loop_for_tls() { return nats_GetVersionNumber() < kFirstSafeTls; }

struct NatsLoop::State {
    State(std::chrono::milliseconds limit, int fd) : write_deadline(limit), wake_fd(fd) {}
    ~State() { close(wake_fd); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // Throws where there is no thread left.
    void start() {
        thread = std::thread([this] {
            run();
            nats_ReleaseThreadMemory();
        });
    }

    void run() {
        while (true) {
            std::array<pollfd, 2> polled{pollfd{wake_fd, POLLIN, 0}, pollfd{-1, 0, 0}};  // -1 is passed over
            natsConnection* of = nullptr;
            {
                const std::lock_guard lock(mutex);
                if (stopping) return;
                polled[1] = {socket, static_cast<short>(POLLIN | (wants_write ? POLLOUT : 0)), 0};
                of = connection;
            }
            if (poll(polled.data(), polled.size(), -1) < 0) continue;  // EINTR
            if (std::uint64_t count = 0; polled[0].revents != 0)
                static_cast<void>(!read(wake_fd, &count, sizeof count));
            if ((polled[1].revents & ~POLLOUT) != 0) natsConnection_ProcessReadEvent(of);
            if ((polled[1].revents & POLLOUT) != 0) natsConnection_ProcessWriteEvent(of);
        }
    }

    void wake() const {
        const std::uint64_t one = 1;
        static_cast<void>(!write(wake_fd, &one, sizeof one));
    }

    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
            if (socket >= 0) shutdown(socket, SHUT_RDWR);  // it may wait for one half of a record
        }
        wake();
        if (thread.joinable()) thread.join();
    }

    // --- called by libnats with the connection's lock held, from any thread --------------------------------------

    static natsStatus attach(void** closure, void* loop, natsConnection* connection, natsSock socket) {
        auto& self = *static_cast<State*>(loop);
        *closure = loop;
        const auto limit = static_cast<unsigned>(self.write_deadline.count());
        setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
        const std::lock_guard lock(self.mutex);
        self.connection = connection;
        self.socket = socket;
        self.wake();
        return NATS_OK;
    }

    // Reading ends just before the socket is closed, and never begins again.
    static natsStatus reading(void* closure, bool wanted) {
        if (!wanted) detach(closure);
        return NATS_OK;
    }

    static natsStatus writing(void* closure, bool wanted) {
        auto& self = *static_cast<State*>(closure);
        const std::lock_guard lock(self.mutex);
        self.wants_write = wanted;
        if (wanted && std::this_thread::get_id() != self.thread.get_id()) self.wake();
        return NATS_OK;
    }

    static natsStatus detach(void* closure) {
        auto& self = *static_cast<State*>(closure);
        const std::lock_guard lock(self.mutex);
        self.socket = -1;
        return NATS_OK;
    }

    const std::chrono::milliseconds write_deadline;
    const int wake_fd;
    std::mutex mutex;
    natsConnection* connection = nullptr;
    int socket = -1;
    bool wants_write = false;
    bool stopping = false;
    std::thread thread;
};

NatsLoop::NatsLoop(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<NatsLoop>> NatsLoop::make(std::chrono::milliseconds write_deadline) {
    const int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0) return fail(ErrorCode::unavailable, std::generic_category().message(errno));
    auto state = std::make_unique<State>(write_deadline, fd);
    try {
        state->start();
    } catch (const std::system_error& error) {
        return fail(ErrorCode::unavailable, error.code().message());
    }
    return std::unique_ptr<NatsLoop>(new NatsLoop(std::move(state)));
}

NatsLoop::~NatsLoop() { stop(); }

bool NatsLoop::serve(__natsOptions* options) {
    return natsOptions_SetEventLoop(options, state_.get(), State::attach, State::reading, State::writing,
                                    State::detach) == NATS_OK &&
           natsOptions_SetAllowReconnect(options, false) == NATS_OK &&
           natsOptions_SetPingInterval(options, 0) == NATS_OK;
}

void NatsLoop::stop() { state_->stop(); }

}  // namespace millrace::io
