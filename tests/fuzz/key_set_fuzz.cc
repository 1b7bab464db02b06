// Any bytes as a provider's keys: what is accepted is within its bounds, and no key verifies what was never signed.
#include "auth/jwks.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto keys = KeySet::parse(text);
    if (!keys) {
        MILLRACE_CHECK(keys.error().text.starts_with("key set "), "an error says what it is about");
        return 0;
    }
    MILLRACE_CHECK(size <= kMostKeySetBytes && keys->size() >= 1 && keys->size() <= kMostKeys, "within bounds");
    for (const char* kid : {"rs", "es", "ed", "k", ""}) {
        const std::string name = kid;
        for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::ps256, Algorithm::es256, Algorithm::eddsa}) {
            const PublicKey* key = keys->find(&name, algorithm);
            if (key == nullptr) continue;
            MILLRACE_CHECK(key->is_for(algorithm) && key->kid() == name, "the key that was asked for");
            for (const std::size_t length : {0u, 64u, 256u, 512u})
                MILLRACE_CHECK(!key->verifies(algorithm, text, std::string(length, '\x01')), "nothing was signed");
        }
    }
    return 0;
}
