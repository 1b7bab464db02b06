#include "tests/sim/server_troubles.h"

namespace millrace::sim {

std::string in_ms(Duration duration) { return std::to_string(duration / std::chrono::milliseconds(1)) + " ms"; }

void ServerTroubles::stop(Duration down, Duration unflushed_acks) {
    if (!server_.up()) return;
    trace_.fault("server stopped");
    server_.stop(unflushed_acks);
    scheduler_.after(down, [this] {
        trace_.line("server", "started");
        server_.start();
    });
}

void ServerTroubles::change_leader(Duration fades, Duration none) {
    if (!server_.up() || server_.suffers()) return;
    trace_.fault("leader changed", "after " + in_ms(none));
    server_.set_fate([this] { return fates_.chance(0.7) ? Fate::unanswered : Fate::lost; });
    scheduler_.after(fades, [this, none] {
        server_.set_fate([this] { return fates_.chance(0.5) ? Fate::no_leader : Fate::lost; });
        server_.lose_leader();
        scheduler_.after(none, [this] {
            trace_.line("server", "has a leader again");
            server_.set_fate({});
            server_.gain_leader();
        });
    });
}

void ServerTroubles::suffer(Fate fate, std::string_view name, Duration duration) {
    if (server_.suffers()) return;
    trace_.fault(name, "for " + in_ms(duration));
    server_.set_fate([fate] { return fate; });
    scheduler_.after(duration, [this, name] {
        trace_.line("server", std::string("is over: ").append(name));
        server_.set_fate({});
    });
}

void ServerTroubles::delete_consumer(const std::string& stream, const std::string& name) {
    trace_.fault("consumer deleted", name);
    server_.delete_consumer(stream, name);
}

}  // namespace millrace::sim
