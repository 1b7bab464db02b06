// Payload: the bytes of one message, with their owner.
//
// Move-only. The bytes stay where the client library put them; whoever holds the Payload keeps them alive, and the
// engine moves it without copying. The release function runs once, on the thread that destroys the Payload.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

class Payload {
  public:
    using Release = void (*)(void* owner);

    Payload() = default;
    // Borrows `bytes` from `owner`; calls `release(owner)` when done.
    Payload(std::string_view bytes, void* owner, Release release) : bytes_(bytes), owner_(owner), release_(release) {}
    // Owns a copy.
    explicit Payload(std::string bytes) {
        auto* owned = new std::string(std::move(bytes));
        bytes_ = *owned;
        owner_ = owned;
        release_ = [](void* owner) { delete static_cast<std::string*>(owner); };
    }

    Payload(Payload&& other) noexcept { swap(other); }
    // What was held before is released at once, not when `other` goes.
    Payload& operator=(Payload&& other) noexcept {
        Payload(std::move(other)).swap(*this);
        return *this;
    }
    Payload(const Payload&) = delete;
    Payload& operator=(const Payload&) = delete;
    ~Payload() {
        if (release_ != nullptr) release_(owner_);
    }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  private:
    void swap(Payload& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(owner_, other.owner_);
        std::swap(release_, other.release_);
    }

    std::string_view bytes_;
    void* owner_ = nullptr;
    Release release_ = nullptr;
};

}  // namespace millrace
