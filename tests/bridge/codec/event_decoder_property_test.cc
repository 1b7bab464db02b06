// Seeded random messages against a second, slow opinion of what JSON is. A failure prints the seed and the message.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/codec/event_decoder.h"

using namespace millrace;

namespace {

// A recursive-descent checker that shares nothing with the decoder. ASCII only: that is all the generators make.
class Checker {
  public:
    explicit Checker(std::string_view text) : text_(text) {}

    bool is_object() {
        blanks();
        const bool braces = peek() == '{';
        return braces && whole();
    }
    bool whole() { return value(1) && (blanks(), at_ == text_.size()); }

  private:
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) { return peek() == c && at_ < text_.size() && (++at_, true); }
    void blanks() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    bool word(std::string_view word) { return text_.substr(at_).starts_with(word) && (at_ += word.size(), true); }
    bool digits() {
        const auto from = at_;
        while (std::isdigit(static_cast<unsigned char>(peek())) != 0) ++at_;
        return at_ > from;
    }
    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }
    bool string() {
        if (!take('"')) return false;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') continue;
            if (take('u')) {
                for (int i = 0; i < 4; ++i) {
                    if (std::isxdigit(static_cast<unsigned char>(peek())) == 0) return false;
                    ++at_;
                }
            } else if (peek() == '\0' || std::string_view("\"\\/bfnrt").find(text_[at_++]) == std::string_view::npos) {
                return false;
            }
        }
        return false;
    }
    bool member(int depth) { return (blanks(), string()) && (blanks(), take(':')) && value(depth); }
    template <typename Item>
    bool list(char close, Item item) {
        blanks();
        if (take(close)) return true;
        do {
            if (!item()) return false;
            blanks();
        } while (take(','));
        return take(close);
    }
    bool value(int depth) {
        blanks();
        if (depth > 65) return false;
        if (take('{')) return depth <= 64 && list('}', [&] { return member(depth + 1); });
        if (take('[')) return depth <= 64 && list(']', [&] { return value(depth + 1); });
        if (peek() == '"') return string();
        return word("true") || word("false") || word("null") || number();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class Dice {
  public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
    template <typename T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }

  private:
    std::mt19937 engine_;
};

const std::vector<std::string> kPieces = {"{",     "}",      "[",  "]",       ",",         ":",      "\"",  "\\",
                                          "\"a\"", "\"b\":", "\n", " ",       "1",         "-0.5",   "1e9", "tr",
                                          "true",  "nul",    "x",  "{}",      "[]",        "\r\n",   "\t",  "\x01",
                                          "\\u00", "null",   "\f", "\"a\":1", "{\"a\":1}", "\"\\n\""};

std::string any_bytes(Dice& dice) {
    std::string text;
    for (auto n = dice.below(24); n > 0; --n) text += dice.pick(kPieces);
    return text;
}

std::string value(Dice& dice, int depth);

std::string object(Dice& dice, int depth) {
    std::string text = "{";
    for (auto n = dice.below(4); n > 0; --n) {
        text += dice.pick<std::string>({"\"a\"", "\"b\"", "\"\"", "\"\\u0061\"", "\"{[\""});
        text += dice.pick<std::string>({":", " : "}) + value(dice, depth + 1) + dice.pick<std::string>({",", ", "});
    }
    if (text.size() > 1) text.resize(text.rfind(','));
    return text + "}";
}

std::string value(Dice& dice, int depth) {
    if (depth < 4 && dice.below(4) == 0) return object(dice, depth);
    if (depth < 4 && dice.below(4) == 0) return "[" + value(dice, depth + 1) + " , " + value(dice, depth + 1) + "]";
    return dice.pick<std::string>({"1", "-2.50", "18446744073709551616", "1E400", "true", "false", "null", "\"\"",
                                   "\"text\"", "\"],}{[\"", "\"\\\"\\\\\"", "\"\\ud800\""});
}

std::vector<Event> decode(Delivery& delivery, const std::string& payload) {
    static const settings::Pipeline pipeline;
    static codec::EventDecoder decoder(pipeline);
    delivery.payload = Payload(payload);
    decoder.decode(delivery);
    return delivery.events;
}

// An event is sound exactly when its text is an object, but for what stands around a broken array.
void check_verdict(const Event& event) {
    const auto* const around_array = event.fault ? event.fault->detail.c_str() : "";
    if (around_array == std::string_view("the array has no end")) return;
    if (around_array == std::string_view("more text after the array")) return;
    REQUIRE(!event.fault == Checker(event.text).is_object());
    if (event.fault && event.fault->reason == Reason::not_an_object) REQUIRE(Checker(event.text).whole());
}

// Texts lie in the payload in order, do not overlap, and leave out nothing but blanks and separators.
void check_cover(const std::string& payload, const Delivery& delivery) {
    const auto bytes = delivery.payload.bytes();
    const char* at = bytes.data();
    const auto is_left_out = [](const char* from, const char* to) {
        return std::all_of(from, to,
                           [](char c) { return std::string_view(" \t\r\n,[]").find(c) != std::string_view::npos; });
    };
    for (const auto& event : delivery.events) {
        REQUIRE(event.text.data() >= at);
        REQUIRE_FALSE(event.text.empty());
        REQUIRE(is_left_out(at, event.text.data()));
        at = event.text.data() + event.text.size();
        REQUIRE(at <= bytes.data() + bytes.size());
    }
    REQUIRE(is_left_out(at, bytes.data() + bytes.size()));
    REQUIRE(bytes == payload);
}

}  // namespace

TEST_CASE("decoder property: of any bytes, each event is sound exactly when it is an object, and none is lost") {
    std::size_t sound = 0;
    for (std::uint32_t seed = 1; seed <= 20000; ++seed) {
        Dice dice(seed);
        const auto payload = any_bytes(dice);
        CAPTURE(seed);
        CAPTURE(payload);
        Delivery delivery;
        for (const auto& event : decode(delivery, payload)) {
            check_verdict(event);
            sound += event.fault ? 0 : 1;
        }
        check_cover(payload, delivery);
    }
    CHECK(sound > 150);  // the generator makes objects at all
}

TEST_CASE("decoder property: a valid object with one byte changed is never taken for what it is not") {
    std::size_t broken = 0;
    for (std::uint32_t seed = 1; seed <= 20000; ++seed) {
        Dice dice(seed);
        auto payload = object(dice, 0);
        const auto place = dice.below(payload.size());
        switch (dice.below(3)) {
            case 0:
                payload.erase(place, 1);
                break;
            case 1:
                payload.insert(place, dice.pick(kPieces));
                break;
            default:
                payload[place] = dice.pick(kPieces)[0];
        }
        CAPTURE(seed);
        CAPTURE(payload);
        Delivery delivery;
        for (const auto& event : decode(delivery, payload)) {
            check_verdict(event);
            broken += event.fault ? 1 : 0;
        }
        check_cover(payload, delivery);
    }
    CHECK(broken > 1000);
}

TEST_CASE("decoder property: every valid line among broken ones is decoded") {
    for (std::uint32_t seed = 1; seed <= 10000; ++seed) {
        Dice dice(seed);
        std::vector<std::string> valid;
        std::string payload;
        for (auto n = 1 + dice.below(8); n > 0; --n) {
            std::string line;
            if (dice.below(2) == 0) {
                valid.push_back(line = object(dice, 0));
            } else {
                line = dice.pick<std::string>({"", "x", "[oops", "{", "]", "{\"a\":tru}", "{\"a\":\"open}", "{} {}",
                                               "7", "[{\"a\":1", "\"", "[", "\xff", "[]"});
            }
            payload += line + dice.pick<std::string>({"\n", "\r\n", " \n", "\n\n"});
        }
        CAPTURE(seed);
        CAPTURE(payload);
        Delivery delivery;
        std::vector<std::string> decoded;
        for (const auto& event : decode(delivery, payload)) {
            if (!event.fault) decoded.emplace_back(event.text);
        }
        check_cover(payload, delivery);
        REQUIRE(decoded == valid);
    }
}

TEST_CASE("decoder property: every valid element of an array is decoded, whatever delimited rubbish is between") {
    for (std::uint32_t seed = 1; seed <= 10000; ++seed) {
        Dice dice(seed);
        std::vector<std::string> valid;
        std::string payload = "[";
        for (auto n = 1 + dice.below(8); n > 0; --n) {
            std::string element;
            if (dice.below(2) == 0) {
                valid.push_back(element = object(dice, 0));
            } else {
                element = dice.pick<std::string>(
                    {"", "x", "{\"a\":tru}", "{\"a\" 1}", "{} {}", "7", "[1]", "[1}{]", "\"a\"b"});
            }
            payload += dice.pick<std::string>({"", " ", "\n"}) + element + (n > 1 ? "," : "");
        }
        payload += "]";
        CAPTURE(seed);
        CAPTURE(payload);
        Delivery delivery;
        std::vector<std::string> decoded;
        for (const auto& event : decode(delivery, payload)) {
            if (!event.fault) decoded.emplace_back(event.text);
        }
        check_cover(payload, delivery);
        REQUIRE(decoded == valid);
    }
}
