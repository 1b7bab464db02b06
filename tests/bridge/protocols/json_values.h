// A tiny generator of random JSON values for property tests, as text.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace millrace::protocols {

class JsonValues {
  public:
    explicit JsonValues(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) { return random_() % bound; }

    std::string blanks() {
        std::string text;
        while (below(4) == 0) text += " \t\n\r"[below(4)];
        return text;
    }

    std::string value(unsigned depth = 4) {
        switch (below(depth == 0 ? 4 : 6)) {
            case 0:
                return number();
            case 1:
                return string();
            case 2:
                return below(2) == 0 ? "true" : "false";
            case 3:
                return "null";
            case 4:
                return many('[', ']', depth, false);
            default:
                return many('{', '}', depth, true);
        }
    }

    std::string number() {
        std::string text = below(3) == 0 ? "-" : "";
        text += below(5) == 0 ? "0" : std::to_string(random_() >> below(64));
        if (below(2) == 0) text += '.' + std::to_string(random_() >> below(64));
        if (below(4) == 0)
            text += std::string(below(2) == 0 ? "e" : "E") + (below(2) == 0 ? "-" : "") + std::to_string(below(300));
        return text;
    }

    std::string string() {
        static const char* const kPieces[] = {
            "a", "Results", " ",        "\\\"", "\\\\", "\\n", "\\u0041", "\\uD83D\\uDE00",
            "é", "日本",    "😀",       "[",    "]",    "{",   "}",       ",",
            ":", "NaN",     "Infinity", "\\/",  "0",    "-",   "'",       "\x7f"};
        std::string text = "\"";
        while (below(6) != 0) text += kPieces[below(std::size(kPieces))];
        return text + '"';
    }

  private:
    std::string many(char open, char close, unsigned depth, bool named) {
        std::string text(1, open);
        const std::size_t count = below(4);
        for (std::size_t i = 0; i < count; ++i) {
            if (i != 0) text += ',';
            text += blanks();
            if (named) text += string() + blanks() + ':' + blanks();
            text += value(depth - 1) + blanks();
        }
        if (count == 0) text += blanks();
        return text + close;
    }

    std::mt19937_64 random_;
};

}  // namespace millrace::protocols
