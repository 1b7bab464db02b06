// Secret: bytes that must not be printed. There is no stream operator and no formatter; `reveal` names the places where
// the bytes leave (a header, a connect option) and is meant to be searched for.
//
// The bytes are overwritten when they are dropped, replaced or moved on, so that none stay behind in memory that
// somebody else gets. Copies made from `reveal` are the caller's.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace millrace {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) { wipe(value); }
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
    Secret& operator=(const Secret& other) { return *this = Secret(other); }
    Secret& operator=(Secret&& other) noexcept {
        if (this == &other) return *this;
        wipe(value_);
        value_ = std::move(other.value_);
        wipe(other.value_);
        return *this;
    }
    ~Secret() { wipe(value_); }

    [[nodiscard]] bool empty() const { return value_.empty(); }
    [[nodiscard]] const std::string& reveal() const { return value_; }

  private:
    // A string keeps bytes behind its end when it gets shorter or is moved from: all it has room for is overwritten.
    static void wipe(std::string& text) noexcept {
        text.resize(text.capacity());
        explicit_bzero(text.data(), text.size());
        text.clear();
    }

    std::string value_;
};

}  // namespace millrace
