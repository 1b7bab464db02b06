// Mailbox: what other threads leave for a shard.
//
// Thread: `put` from any; `take` from the shard's. No order between putters, the order of each one is kept. The lock is
// held for a push or a swap, never while calling out.
// Bound: none of its own. What fills it is bounded by what the shard asked for (pulls, publications, requests).
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace {

template <typename T>
class Mailbox {
  public:
    // `wake` is called after a put into an empty mailbox, outside the lock, from the putter's thread.
    explicit Mailbox(std::function<void()> wake = [] {}) : wake_(std::move(wake)) {}

    void put(T item) {
        bool was_empty = false;
        {
            const std::lock_guard lock(mutex_);
            was_empty = items_.empty();
            items_.push_back(std::move(item));
        }
        if (was_empty) wake_();
    }

    // Moves everything left so far to `out`, replacing what was there. Swaps, so both vectors keep their memory.
    void take(std::vector<T>& out) {
        out.clear();
        const std::lock_guard lock(mutex_);
        out.swap(items_);
    }

  private:
    std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<T> items_;
};

}  // namespace millrace
