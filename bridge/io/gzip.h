// gzip (RFC 1952): packing a request's body, and unpacking an answer as it arrives.
//
// Thread: one. Bound: Gunzip gives no more than it is allowed, whatever a few bytes claim to become.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace millrace::io {

std::string gzip(std::string_view text);

class Gunzip {
  public:
    // More than so many times the packed bytes is a bomb, once it is more than kHarmless: what is alike row by row
    // packs very well.
    static constexpr std::uint64_t kMostRatio = 200;
    static constexpr std::uint64_t kHarmless = 1 << 20;

    enum class Fed { well, too_much, broken };

    Gunzip();
    ~Gunzip();
    Gunzip(const Gunzip&) = delete;
    Gunzip& operator=(const Gunzip&) = delete;

    // Appends what the next part becomes to `out`, which holds at most `most` bytes.
    Fed feed(std::string_view part, std::string& out, std::uint64_t most);
    // Everything fed so far is whole.
    [[nodiscard]] bool is_whole() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::io
