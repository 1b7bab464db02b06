#include "bridge/app/state_door.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace millrace::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAgain{300};

std::unexpected<Error> silent() {
    return fail(ErrorCode::unavailable, "JetStream does not answer (is a leader being elected? try again)");
}

}  // namespace

StateDoor::StateDoor(const settings::Nats& nats, const settings::Pipeline& pipeline)
    : arrivals_([this] {
          const std::lock_guard lock(mutex_);
          awake_ = true;
          woken_.notify_one();
      }),
      jetstream_(nats, pipeline, arrivals_) {}

std::optional<StateDoor::Arrival> StateDoor::await(milliseconds within,
                                                   const std::function<bool(const Arrival&)>& wanted) {
    const auto until = steady_clock::now() + within;
    for (;;) {
        while (!taken_.empty()) {
            Arrival arrival = std::move(taken_.back());
            taken_.pop_back();
            if (wanted(arrival)) return arrival;
        }
        std::unique_lock lock(mutex_);
        if (!woken_.wait_until(lock, until, [this] { return awake_; })) return {};
        awake_ = false;
        lock.unlock();
        arrivals_.take(taken_);
        std::ranges::reverse(taken_);
    }
}

Result<Bound> StateDoor::look(Partition partition) {
    jetstream_.look({partition, {}});
    auto arrival = await(kPatience, [](const Arrival& each) {
        return std::holds_alternative<Bound>(each) || std::holds_alternative<BindFailed>(each);
    });
    if (!arrival) return silent();
    if (auto* failed = std::get_if<BindFailed>(&*arrival)) return std::unexpected(std::move(failed->error));
    return std::get<Bound>(std::move(*arrival));
}

Result<GotMessage> StateDoor::read(const Read& read) {
    const auto until = steady_clock::now() + kPatience;
    for (;;) {
        jetstream_.read(read);
        auto arrival = await(kPatience, [&](const Arrival& each) {
            const auto* got = std::get_if<GotMessage>(&each);
            return got != nullptr && got->number == read.number;
        });
        if (!arrival) return silent();
        auto& got = std::get<GotMessage>(*arrival);
        if (!got.error) return std::move(got);
        if (got.error->code != ErrorCode::unavailable || steady_clock::now() >= until)
            return std::unexpected(std::move(*got.error));
        std::this_thread::sleep_for(kAgain);
    }
}

void StateDoor::publish(const engine::Write& write) {
    jetstream_.publish({write.id, write.output, std::string(write.subject), *write.headers, std::string(write.payload),
                        write.expected_last_subject_sequence});
}

std::optional<Stored> StateDoor::next_stored(milliseconds within) {
    auto arrival = await(within, [](const Arrival& each) { return std::holds_alternative<Stored>(each); });
    if (!arrival) return {};
    return std::get<Stored>(std::move(*arrival));
}

}  // namespace millrace::app
