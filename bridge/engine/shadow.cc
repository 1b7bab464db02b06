#include "bridge/engine/shadow.h"

#include <cmath>
#include <cstring>

#include "bridge/engine/backoff.h"
#include "bridge/engine/disposition.h"

namespace millrace::engine {

namespace {

constexpr BackoffRule kAfterFailure{std::chrono::seconds(1), std::chrono::minutes(1)};
constexpr Duration kComplainEvery = std::chrono::minutes(1);

std::string in_words(const ShadowAnswered& in) {
    std::string text(name(in.outcome));
    if (in.status != 0) text += " (HTTP " + std::to_string(in.status) + ")";
    // Its words are left out where they may quote an event.
    const bool may_quote = disposition(in.outcome).reaction == Reaction::split;
    return in.reason.empty() || may_quote ? text : text + ": " + in.reason;
}

}  // namespace

void Shadow::scored(Scored&& events, Time now, Effects& out) {
    if (events.empty() || !chooses(*events.front().second)) return;
    std::size_t bytes = 0;
    for (const auto& [delivery, event] : events) bytes += event->row.size() + event->settlement.score.size();
    if (!has_room(bytes, now)) {
        out.emplace_back(Shadowed{ShadowCount::skipped, 1});
        return;
    }
    const RequestId id{++last_id_};
    copies_.emplace(id, bytes);
    bytes_ += bytes;
    out.emplace_back(Copy{id, std::move(events), std::exchange(refresh_key_, false)});
}

// An identity is a cryptographic hash, so any of its bits are as good as drawn by lot.
bool Shadow::chooses(const Event& first) const {
    std::uint64_t lot = 0;
    std::memcpy(&lot, first.id.bytes.data(), sizeof lot);
    return std::ldexp(static_cast<double>(lot), -64) < shadow_.percent / 100;
}

bool Shadow::has_room(std::size_t bytes, Time now) const {
    return now >= not_before_ && copies_.size() < shadow_.parallel_requests && bytes_ + bytes <= kMostBytes;
}

void Shadow::answered(ShadowAnswered&& in, Time now, Effects& out) {
    const auto copy = copies_.find(in.id);
    if (copy == copies_.end()) return;
    bytes_ -= copy->second;
    copies_.erase(copy);
    if (in.outcome != Outcome::scored) return failed(in, now, out);
    failures_ = 0;
    if (!std::exchange(complaint_, {}).empty())
        out.emplace_back(Note{Level::info, "shadow_answers", "the shadow endpoint answers again"});
    out.emplace_back(Shadowed{ShadowCount::compared, 1});
    if (in.same > 0) out.emplace_back(Shadowed{ShadowCount::same, in.same});
    if (!in.differences.empty()) tell(std::move(in.differences), now, out);
}

void Shadow::failed(const ShadowAnswered& in, Time now, Effects& out) {
    ++failures_;
    not_before_ = now + in.retry_after.value_or(backoff(kAfterFailure, failures_, random_));
    refresh_key_ = refresh_key_ || in.outcome == Outcome::unauthorized;
    out.emplace_back(Shadowed{ShadowCount::failed, 1});
    if (!complaint_.empty() && now - complained_ < kComplainEvery) return;
    complaint_ = in_words(in);
    complained_ = now;
    out.emplace_back(Note{Level::warning, "shadow_failing",
                          "the shadow endpoint answered a copy: " + complaint_ + "; nothing waits for it"});
}

void Shadow::tell(std::vector<Difference>&& differences, Time now, Effects& out) {
    out.emplace_back(Shadowed{ShadowCount::different, differences.size()});
    std::size_t lost = std::erase_if(told_, [&](const auto& one) { return now - one.second >= kStoredWithin; });
    telling_ = std::move(differences);
    for (const Difference& difference : telling_) {
        if (told_.size() >= kMostTold) {
            ++lost;
            continue;
        }
        const StoreId id{++last_told_};
        told_.emplace(id, now);
        out.emplace_back(Post{id, &difference});
    }
    if (lost > 0) out.emplace_back(Shadowed{ShadowCount::lost, lost});
}

bool Shadow::stored(const Stored& stored, Effects& out) {
    const auto number = static_cast<std::uint64_t>(stored.id);
    if (number <= kFirst || number > last_told_) return false;
    if (told_.erase(stored.id) == 0) return true;
    out.emplace_back(Shadowed{stored.error ? ShadowCount::lost : ShadowCount::stored, 1});
    std::string why = stored.error ? stored.error->text : std::string();
    if (why == untold_) return true;
    if (!why.empty()) out.emplace_back(Note{Level::warning, "differences_lost", "no stream stores them: " + why});
    untold_ = std::move(why);
    return true;
}

}  // namespace millrace::engine
