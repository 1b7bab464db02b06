// Any bytes as a NATS key: what is accepted is written in one way; of a seed nothing is said.
#include <string>

#include "auth/nkey.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    int kinds = 0;
    for (const NkeyKind kind : {NkeyKind::account, NkeyKind::server, NkeyKind::user, NkeyKind::curve}) {
        if (const auto raw = decode_public(kind, text)) {
            MILLRACE_CHECK(raw->size() == 32 && encode_public(kind, *raw) == text, "one way to write it");
            ++kinds;
        }
        const auto seed = decode_seed(kind, text);
        MILLRACE_CHECK(seed || seed.error().text == decode_seed(kind, "").error().text, "an error says nothing of it");
        MILLRACE_CHECK(!seed || seed->reveal().size() == 32, "a seed is 32 bytes");
        if (size >= 32) {
            const std::string part = text.substr(0, 32);
            MILLRACE_CHECK(decode_public(kind, encode_public(kind, part)) == part, "what is written is read");
        }
    }
    MILLRACE_CHECK(kinds <= 1, "a key is of one kind");
    return 0;
}
