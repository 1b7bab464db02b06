// Credentials of NATS as text: what nsc writes, and what is missing.
#include "auth/credentials_text.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/auth/seed.h"

using namespace millrace;
using namespace millrace::auth;

namespace {

const std::string kBegin = "-----BEGIN NATS USER JWT-----\n";
const std::string kMiddle =
    "\n------END NATS USER JWT------\n\n************************* IMPORTANT *************************\nNKEY Seed "
    "printed "
    "below can be used to sign and prove identity.\n\n-----BEGIN USER NKEY SEED-----\n";
const std::string kEnd =
    "\n------END USER NKEY SEED------\n\n*************************************************************\n";

}  // namespace

TEST_CASE("credentials: a JWT and the key of its user") {
    const std::string seed = seed_of(NkeyKind::user, 7).reveal();
    for (const std::string& text :
         {kBegin + "eyJ.x.y" + kMiddle + seed + kEnd, kBegin + "eyJ.x.y\r" + kMiddle + seed + "\r" + kEnd}) {
        const auto found = parse_credentials(text);
        REQUIRE(found);
        CHECK(found->jwt.reveal() == "eyJ.x.y");
        CHECK(found->key.public_key() == SigningKey::parse(NkeyKind::user, Secret(seed))->public_key());
    }
}

TEST_CASE("credentials: what is missing is told, and nothing of what is there") {
    const std::string seed = seed_of(NkeyKind::user, 7).reveal();
    const auto wrong = [](const std::string& text) {
        const auto found = parse_credentials(text);
        CHECK_FALSE(found);
        if (found) return std::string();
        CHECK_FALSE(found.error().text.contains("c4nary"));
        return found.error().text;
    };
    CHECK(wrong("").contains("BEGIN NATS USER JWT"));
    CHECK(wrong("c4nary").contains("BEGIN NATS USER JWT"));
    CHECK(wrong(kBegin + "c4nary").contains("BEGIN NATS USER JWT"));
    CHECK(wrong(kBegin + kMiddle + seed + kEnd).contains("BEGIN NATS USER JWT"));
    CHECK(wrong(kBegin + "c4nary c4nary" + kMiddle + seed + kEnd).contains("BEGIN NATS USER JWT"));
    CHECK(wrong(kBegin + "c4nary" + kMiddle + seed).contains("BEGIN USER NKEY SEED"));
    CHECK(wrong(kBegin + "c4nary" + kMiddle + "SUc4nary" + kEnd).contains("none of a user's"));
    CHECK(wrong(kBegin + "c4nary" + kMiddle + seed_of(NkeyKind::account, 7).reveal() + kEnd)
              .contains("none of a user's"));
}
