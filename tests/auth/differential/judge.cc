// Reads tokens, one a line in hexadecimal digits, and says of each `accepted` or why not. For differential_test.py.
//
//     judge KEY_SET_FILE ISSUER AUDIENCE NOW LEEWAY
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "auth/jwt.h"

using namespace millrace;

namespace {

std::string from_hex(const std::string& digits) {
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        int byte = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
        out += static_cast<char>(byte);
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    std::ifstream file(argv[1]);
    const auto keys = auth::KeySet::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!keys) {
        std::cerr << keys.error().text << "\n";
        return 1;
    }
    const auth::Expectation expected{argv[2], {argv[3]}, std::chrono::seconds(std::atoll(argv[5]))};
    const ServerTime now{std::chrono::seconds(std::atoll(argv[4]))};
    for (std::string line; std::getline(std::cin, line);) {
        const auto token = auth::verify(from_hex(line), *keys, expected, now);
        std::cout << (token ? "accepted" : auth::word(token.error())) << "\n";
    }
    return 0;
}
