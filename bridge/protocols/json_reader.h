// JsonReader: reads JSON text front to back, checks all of it, and hands out raw slices.
//
// Results pass through as the text they came as, so nothing here turns a number into a double or builds a tree. It is
// no lazy reader either: what it skips it has checked against RFC 8259 (numbers of any length are fine), because a
// slice goes into a message of its own and must be a whole JSON value there. Strings are checked for their escapes;
// that the text is UTF-8 is checked once for all of it with `is_utf8`.
//
// An error sticks: the reader stands at the end, `more` is false, slices are empty, `failed` tells.
// Bound: 64 levels of nesting, no recursion, no memory. The text outlives the reader and its slices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::protocols {

class JsonReader {
  public:
    static constexpr unsigned kMaxDepth = 64;
    enum class Kind { object, array, string, number, literal, non_finite, nothing };

    // `accept_non_finite`: a bare NaN, Infinity or -Infinity counts as a value.
    explicit JsonReader(std::string_view text, bool accept_non_finite = false)
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), accept_non_finite_(accept_non_finite) {}

    // What the next value begins like; nothing is consumed but blanks.
    [[nodiscard]] Kind peek();
    // Reads a whole value; the slice has no blanks around it.
    std::string_view skip();
    // Steps into the object or array that `peek` announced.
    void enter();
    // Whether another member or element follows in the container entered last; when none does, it has been left.
    [[nodiscard]] bool more();
    // Reads a member's name and its colon; raw text without the quotes.
    std::string_view key();
    // True when the text was whole and nothing but blanks follows.
    [[nodiscard]] bool finish();

    [[nodiscard]] bool failed() const { return why_ != nullptr; }
    // What is wrong and where, for a person; only after an error.
    [[nodiscard]] std::string complaint() const;
    // Whether a NaN or Infinity was read since this was asked last.
    [[nodiscard]] bool take_non_finite();

  private:
    void blanks();
    void fail(const char* why);
    void push(bool object);
    void pop() { --depth_; }
    [[nodiscard]] bool in_object() const { return ((objects_ >> (depth_ - 1)) & 1u) != 0; }
    bool close_or_comma();
    void string();
    void number();
    void word(std::string_view expected);
    void non_finite(std::string_view expected);
    // Reads a scalar, or steps into a container; false when a value inside it comes next.
    bool value_or_open();

    const char* begin_;
    const char* at_;
    const char* end_;
    bool accept_non_finite_;
    bool saw_non_finite_ = false;
    bool fresh_ = false;  // just entered a container, no member read yet
    unsigned depth_ = 0;
    std::uint64_t objects_ = 0;  // bit d: the container at depth d + 1 is an object
    const char* why_ = nullptr;
    std::size_t where_ = 0;
};

[[nodiscard]] bool is_utf8(std::string_view text);
// The text a checked raw string (without its quotes) stands for; nothing when it has an unpaired surrogate.
[[nodiscard]] std::optional<std::string> unescape(std::string_view raw);
// Whether a checked raw name (without its quotes) stands for `name`.
[[nodiscard]] bool is_name(std::string_view raw, std::string_view name);

}  // namespace millrace::protocols
