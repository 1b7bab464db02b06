// The tokens of a subject, one after the other, without copying. Private to subjects/.
#pragma once

#include <optional>
#include <string_view>

namespace millrace::subjects {

class Tokens {
  public:
    // "a.b" gives a and b; "a." gives a and an empty token; "" gives none.
    explicit Tokens(std::string_view subject) : rest_(subject), done_(subject.empty()) {}

    std::optional<std::string_view> next() {
        if (done_) return std::nullopt;
        const auto dot = rest_.find('.');
        const auto token = rest_.substr(0, dot);
        done_ = dot == std::string_view::npos;
        rest_.remove_prefix(done_ ? rest_.size() : dot + 1);
        return token;
    }

  private:
    std::string_view rest_;
    bool done_;
};

}  // namespace millrace::subjects
