// Secret: bytes that must not be printed. There is no stream operator and no formatter; `reveal` names the places where
// the bytes leave (a header, a connect option) and is meant to be searched for.
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace millrace {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    Secret& operator=(const Secret&) = default;
    Secret& operator=(Secret&&) = default;
    ~Secret() { explicit_bzero(value_.data(), value_.size()); }

    [[nodiscard]] bool empty() const { return value_.empty(); }
    [[nodiscard]] const std::string& reveal() const { return value_; }

  private:
    std::string value_;
};

}  // namespace millrace
