// Any bytes as a file with the key of a NATS user: what is taken stands in it, on a line of its own; of what is not
// taken nothing is said.
#include <algorithm>
#include <set>
#include <string>

#include "auth/user_key.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto key = parse_user_key(text);
    if (!key) {
        static std::set<std::string> said;
        said.insert(key.error().text);
        MILLRACE_CHECK(said.size() <= 9, "an error says nothing of it");
        return 0;
    }
    bool found = false;
    fuzz::Tape lines(bytes, size);
    while (!lines.over()) {
        std::string line(lines.line());
        while (!line.empty() && std::string_view(" \t\r").contains(line.back())) line.pop_back();
        const auto begin = std::min(line.find_first_not_of(" \t\r"), line.size());
        const auto alone = SigningKey::parse(NkeyKind::user, Secret(line.substr(begin)));
        found = found || (alone && alone->public_key() == key->public_key());
    }
    MILLRACE_CHECK(found, "a seed on a line of its own");
    MILLRACE_CHECK(parse_user_key("# a key\r\n" + text), "what stands before it is no matter");
    return 0;
}
