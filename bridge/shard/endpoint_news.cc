#include "bridge/shard/endpoint_news.h"

#include <chrono>
#include <utility>

#include "bridge/engine/disposition.h"

namespace millrace {
namespace {

constexpr std::uint64_t kFailures = 3;
constexpr Duration kAnotherCause = std::chrono::seconds(10);
constexpr Duration kSameCause = std::chrono::minutes(1);

std::string in_words(const Answer& answer) {
    std::string text(name(answer.outcome));
    if (answer.status != 0) text += " (HTTP " + std::to_string(answer.status) + ")";
    if (!answer.reason.empty()) text += ": " + answer.reason;
    return text;
}

}  // namespace

std::optional<Note> EndpointNews::heard(const Answer& answer, Time now) {
    const auto reaction = engine::disposition(answer.outcome).reaction;
    if (reaction == engine::Reaction::back_off) {
        ++failures_;
        std::string cause = in_words(answer);
        if (!worth_saying(cause, now)) return std::nullopt;
        said_ = std::move(cause);
        said_at_ = now;
        return Note{
            Level::warning, "endpoint_failing",
            "the last " + std::to_string(failures_) + " requests failed, and are tried again for ever: " + said_};
    }
    const std::uint64_t failed = std::exchange(failures_, 0);
    if (std::exchange(said_, {}).empty()) return std::nullopt;
    return Note{Level::info, "endpoint_answers",
                "the endpoint answers after " + std::to_string(failed) + " failed requests"};
}

bool EndpointNews::worth_saying(const std::string& cause, Time now) const {
    if (failures_ < kFailures) return false;
    return said_.empty() || now - said_at_ >= (cause == said_ ? kSameCause : kAnotherCause);
}

}  // namespace millrace
