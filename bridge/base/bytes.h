// Bytes of the state Millrace stores: what is written with ByteWriter is read back with ByteReader, and equal values
// give equal bytes.
//
// Numbers are varints of seven bits a byte, low first (signed ones zigzag), doubles their eight bytes low first, text
// its length and its bytes. A reader never reads past its end: from the first value that does not fit on it is `bad`,
// and gives zeros and empty text.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

class ByteWriter {
  public:
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
        out_.push_back(static_cast<char>(value));
    }
    void signed_number(std::int64_t value) {
        number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
    }
    void real(double value) {
        auto bits = std::bit_cast<std::uint64_t>(value);
        for (int i = 0; i < 8; ++i, bits >>= 8) out_.push_back(static_cast<char>(bits));
    }
    void text(std::string_view value) {
        number(value.size());
        out_.append(value);
    }
    void raw(std::string_view bytes) { out_.append(bytes); }

    [[nodiscard]] std::size_t size() const { return out_.size(); }
    [[nodiscard]] const std::string& bytes() const { return out_; }
    [[nodiscard]] std::string take() { return std::exchange(out_, {}); }
    // Keeps the memory for what is written next.
    void clear() { out_.clear(); }

  private:
    std::string out_;
};

class ByteReader {
  public:
    // `bytes` outlive the reader and what it gives as text.
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (left_.empty()) return fail();
            const auto byte = static_cast<std::uint8_t>(left_.front());
            left_.remove_prefix(1);
            const std::uint64_t bits = byte & 0x7f;
            if (bits << shift >> shift != bits) return fail();
            value |= bits << shift;
            if (byte < 0x80) return value;
        }
        return fail();
    }
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
    }
    double real() {
        if (left_.size() < 8) return static_cast<double>(fail());
        std::uint64_t bits = 0;
        for (int i = 7; i >= 0; --i) bits = bits << 8 | static_cast<std::uint8_t>(left_[static_cast<std::size_t>(i)]);
        left_.remove_prefix(8);
        return std::bit_cast<double>(bits);
    }
    std::string_view text() {
        const std::uint64_t size = number();
        if (size > left_.size()) {
            fail();
            return {};
        }
        const std::string_view value = left_.substr(0, size);
        left_.remove_prefix(size);
        return value;
    }

    // Something did not fit: nothing that was read counts.
    [[nodiscard]] bool bad() const { return bad_; }
    // Whether everything was read, and fitted.
    [[nodiscard]] bool whole() const { return !bad_ && left_.empty(); }
    [[nodiscard]] bool empty() const { return left_.empty(); }

  private:
    std::uint64_t fail() {
        bad_ = true;
        left_ = {};
        return 0;
    }

    std::string_view left_;
    bool bad_ = false;
};

}  // namespace millrace
