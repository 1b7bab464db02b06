// What is remembered of what was sent, for answers that do not name it, and what a reply's headers say. Private to
// io/nats_*.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/header.h"
#include "bridge/io/nats_connection.h"

namespace millrace::io {

inline std::string_view header(const NatsMessage& message, std::string_view key) {
    return header_or_empty(message.headers, key);
}

inline int status_code(const NatsMessage& message) {
    const auto text = header(message, "Status");
    int code = 0;
    std::from_chars(text.data(), text.data() + text.size(), code);
    return message.payload.size() == 0 ? code : 0;
}

// The last messages sent and where they went: a denial names only the subject, and it is the only answer. Thread: any.
class SentSubjects {
  public:
    void add(std::uint64_t number, const std::string& subject) {
        const std::lock_guard lock(mutex_);
        if (ring_.size() < kRemembered) return ring_.push_back({number, subject});
        auto& slot = ring_[next_++ % kRemembered];
        slot.number = number;
        slot.subject = subject;
    }

    std::vector<std::uint64_t> take(const Denied& denied) {
        std::vector<std::uint64_t> numbers;
        const std::lock_guard lock(mutex_);
        for (Sent& sent : ring_) {
            if (sent.subject.empty() || !denied.means(sent.subject)) continue;
            numbers.push_back(sent.number);
            sent.subject.clear();
        }
        return numbers;
    }

  private:
    static constexpr std::size_t kRemembered = 4096;
    struct Sent {
        std::uint64_t number = 0;
        std::string subject;
    };

    std::mutex mutex_;
    std::uint64_t next_ = 0;
    std::vector<Sent> ring_;  // most of those there are remember nothing
};

// When publications began to find nobody who stores them. Thread: any.
class Silence {
  public:
    void over() {
        const std::lock_guard lock(mutex_);
        since_.reset();
    }

    bool outlasts(std::chrono::seconds time) {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex_);
        if (!since_) since_ = now;
        return now - *since_ > time;
    }

  private:
    std::mutex mutex_;
    std::optional<std::chrono::steady_clock::time_point> since_;
};

}  // namespace millrace::io
