// Tape: the fuzzer's bytes, read front to back as small choices. At its end every choice is the first one and every
// text is empty, so any prefix of an input is an input too.
//
// A target is one function, LLVMFuzzerTestOneInput, in a file of its own. libFuzzer drives it in the fuzz preset, and
// replay.cc runs the kept corpus through it in every other build. What must hold is a MILLRACE_CHECK.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace millrace::fuzz {

class Tape {
  public:
    Tape(const std::uint8_t* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

    [[nodiscard]] bool over() const { return rest_.empty(); }
    // 0 … bound - 1. Requires: 0 < bound <= 256.
    std::size_t below(std::size_t bound) {
        if (rest_.empty()) return 0;
        return static_cast<unsigned char>(take(1).front()) % bound;
    }
    bool flag() { return below(2) == 1; }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | below(256);
        return value;
    }
    template <typename Container>
    const auto& pick(const Container& from) {
        return from[below(std::size(from))];
    }
    // As many bytes as the next one says, or what is left.
    std::string_view text() {
        const std::size_t size = below(256);
        return take(std::min(size, rest_.size()));
    }
    // Up to a line feed, which is left out; so that a corpus of several texts can be read by a person.
    std::string_view line() {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        const std::string_view found = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return found;
    }
    std::string_view rest() { return std::exchange(rest_, {}); }

  private:
    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

}  // namespace millrace::fuzz
