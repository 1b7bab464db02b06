#include "bridge/protocols/json_runs.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace millrace::protocols;

namespace {

// Where the run ends, one byte at a time.
template <typename Ends>
std::size_t slowly(const std::string& text, Ends ends) {
    std::size_t at = 0;
    while (at < text.size() && !ends(static_cast<unsigned char>(text[at]))) ++at;
    return at;
}

void check_runs(const std::string& text) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    CAPTURE(text);
    REQUIRE(static_cast<std::size_t>(runs::digits(begin, end) - begin) ==
            slowly(text, [](unsigned char c) { return c < '0' || c > '9'; }));
    REQUIRE(static_cast<std::size_t>(runs::plain(begin, end) - begin) ==
            slowly(text, [](unsigned char c) { return c == '"' || c == '\\' || c < 0x20; }));
}

}  // namespace

TEST_CASE("json runs: each byte at each place ends a run exactly where it should") {
    for (const char filler : {'0', '9', 'a', '!', '\x7f', '\x80', '\xff'}) {
        for (unsigned byte = 0; byte < 256; ++byte) {
            for (std::size_t at = 0; at < 19; ++at) {
                std::string text(19, filler);
                text[at] = static_cast<char>(byte);
                check_runs(text);
            }
        }
    }
}

TEST_CASE("json runs: random bytes end runs exactly where they should") {
    std::mt19937_64 random(3);
    for (int round = 0; round < 200000; ++round) {
        std::string text(random() % 24, '5');
        for (char& c : text) {
            if (random() % 4 == 0) c = static_cast<char>(random());
        }
        check_runs(text);
    }
}
