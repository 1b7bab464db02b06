// Drought: since when nothing has been scored although the endpoint is asked, and what it said last.
//
// A single refusal or failure is no news. What lasts is told once a minute, and says so in readiness. Value-like; time
// is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "bridge/base/time.h"

namespace millrace::engine {

class Drought {
  public:
    void scored() { *this = {}; }
    void unscored(std::string last, Time now) {
        if (answers_++ == 0) since_ = now;
        last_ = std::move(last);
    }

    // In words; empty while it is too early to tell.
    [[nodiscard]] std::string text(Time now) const {
        if (answers_ < kAnswers || now - since_ < kLasts) return {};
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since_).count();
        return "the endpoint: nothing is scored for " + std::to_string(seconds) + " s, in " + std::to_string(answers_) +
               " answers; the last was " + last_;
    }
    // The same once a minute.
    std::string news(Time now) {
        if (said_at_ != Time{} && now - said_at_ < kAgain) return {};
        std::string said = text(now);
        if (!said.empty()) said_at_ = now;
        return said;
    }

  private:
    static constexpr std::uint64_t kAnswers = 8;
    static constexpr Duration kLasts = std::chrono::seconds(30);
    static constexpr Duration kAgain = std::chrono::minutes(1);

    std::uint64_t answers_ = 0;
    Time since_{};
    Time said_at_{};
    std::string last_;
};

}  // namespace millrace::engine
