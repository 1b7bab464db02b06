#include "auth/user_key.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/auth/seed.h"

namespace millrace::auth {
namespace {

// From the documentation of nkeys.
const std::string kSeed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const std::string kPublic = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
const std::string kBegin = "-----BEGIN USER NKEY SEED-----\n";
const std::string kEnd = "\n------END USER NKEY SEED------\n";

std::string complaint(const std::string& text) {
    const auto key = parse_user_key(text);
    return key ? "" : key.error().text;
}

}  // namespace

TEST_CASE("user key: as nk and nsc write it") {
    const std::string jwt =
        "-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QifQ.e30.c2ln\n------END NATS USER JWT------\n\n";
    for (const std::string& text : std::vector<std::string>{
             kSeed, kSeed + "\n", "  " + kSeed + "\t\n\n", kSeed + "\r\n", kSeed + "\n" + kPublic + "\n",
             "# the bridge's\n" + kSeed, kBegin + kSeed + kEnd, jwt + kBegin + "\n" + kSeed + "\n" + kEnd}) {
        CAPTURE(text);
        const auto key = parse_user_key(text);
        REQUIRE(key);
        CHECK(key->public_key() == kPublic);
    }
}

TEST_CASE("user key: what is none is told by its kind and never by its content") {
    const auto of = [](NkeyKind kind) { return seed_of(kind, 'x').reveal(); };
    CHECK(complaint(of(NkeyKind::account)) == "has the seed of an account in it, and users log in (SU…)");
    CHECK(complaint(of(NkeyKind::server)) == "has the seed of a server in it, and users log in (SU…)");
    CHECK(complaint(of(NkeyKind::curve)) == "has the seed of an xkey in it, and users log in (SU…)");
    CHECK(complaint(of(NkeyKind::user)) == "");
    CHECK(complaint(kSeed + "\n" + of(NkeyKind::user)) == "has more than one seed in it (keep the one to log in with)");
    for (std::size_t cut = 2; cut < kSeed.size(); ++cut)
        CHECK(complaint(kSeed.substr(0, cut)) ==
              "has a seed in it that is damaged (SU…, 58 characters; was it cut off?)");
    for (const std::string& text : std::vector<std::string>{"", "\n", kPublic, "S", "secret"})
        CHECK(complaint(text) == "has no seed in it (SU… on a line of its own, as nk -gen user writes it)");
    CHECK(complaint(kBegin + kSeed) == "is cut off (a line of END belongs behind the seed)");
    CHECK(complaint(kBegin) == "is cut off (a line of END belongs behind the seed)");
    CHECK(complaint(kBegin + "secret" + kEnd).contains("is damaged"));
}

TEST_CASE("user key: an error names the file") {
    const auto path = (std::filesystem::temp_directory_path() / ("millrace-nk-" + std::to_string(::getpid()))).string();
    const auto what = [&] {
        const auto key = read_user_key(path, "nats.nkey_file");
        return key ? key->public_key() : key.error().text;
    };
    CHECK(what() == "nats.nkey_file \"" + path + "\" cannot be read: No such file or directory");
    std::ofstream(path) << "";
    CHECK(what() == "nats.nkey_file \"" + path + "\" is empty");
    std::ofstream(path) << "secret";
    CHECK(what().starts_with("nats.nkey_file \"" + path + "\" has no seed in it"));
    std::ofstream(path) << kSeed;
    CHECK(what() == kPublic);
    std::remove(path.c_str());
}

}  // namespace millrace::auth
