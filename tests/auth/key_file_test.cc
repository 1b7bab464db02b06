#include "auth/key_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "tests/auth/folder.h"

namespace millrace::auth {

namespace {

using testing::Folder;

constexpr std::string_view kCanary = "s3cr3t-canary";

// Loads a file that must be refused; the error names the file and holds nothing of it.
Error refused(const Folder& folder, std::string_view content) {
    const auto path = folder.write("bad.key", content);
    const auto loaded = KeyFile::load(path);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().text.find('"' + path + '"') != std::string::npos);
    CHECK(loaded.error().text.find(kCanary) == std::string::npos);
    return loaded.error();
}

bool says(const Error& error, std::string_view part) { return error.text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("key file: the line in it is the key, without its line end") {
    const Folder folder;
    for (const std::string_view content : {"abc.DEF-123_~+/==", "abc.DEF-123_~+/==\n", "abc.DEF-123_~+/==\r\n"}) {
        CAPTURE(content);
        const auto loaded = KeyFile::load(folder.write("key", content));
        REQUIRE(loaded);
        CHECK(loaded->key().reveal() == "abc.DEF-123_~+/==");
    }
    CHECK(KeyFile::load(folder.write("key", "two words\n"))->key().reveal() == "two words");
}

TEST_CASE("key file: no path, no key") {
    auto loaded = KeyFile::load("");
    REQUIRE(loaded);
    CHECK(loaded->key().empty());
    CHECK(loaded->refresh());
}

TEST_CASE("key file: an empty file is refused") {
    const Folder folder;
    for (const std::string_view content : {"", "\n", "\r\n"}) CHECK(says(refused(folder, content), "is empty"));
}

TEST_CASE("key file: what would break out of a header is refused and not quoted") {
    const Folder folder;
    const std::string canary(kCanary);
    for (const auto& content : {canary + "\n\n", canary + "\nX-Evil: 1", canary + "\r\nX-Evil: 1\r\n", "\n" + canary,
                                canary + "\r\r\n", canary + '\0', canary + "\tx", "\x1b[31m" + canary, canary + "\x7f",
                                canary + "\xc3\xa9", "\xef\xbb\xbf" + canary}) {
        CAPTURE(content);
        const auto error = refused(folder, content);
        CHECK(error.code == ErrorCode::invalid);
        CHECK(says(error, "control"));
    }
    CHECK(says(refused(folder, " " + canary), "space"));
    CHECK(says(refused(folder, canary + " \n"), "space"));
}

TEST_CASE("key file: 16 KiB are read, one byte more is too large") {
    const Folder folder;
    CHECK(KeyFile::load(folder.write("key", std::string(16 * 1024, 'k')))->key().reveal().size() == 16 * 1024);
    CHECK(says(refused(folder, std::string(16 * 1024 + 1, 'k')), "16 KiB"));
    CHECK(says(refused(folder, std::string(5 << 20, 'k')), "16 KiB"));
}

TEST_CASE("key file: a missing file, a folder and a pipe are told apart and never waited for") {
    const Folder folder;
    const auto missing = KeyFile::load(folder.path("missing"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::not_found);
    const auto directory = KeyFile::load(folder.path(""));
    REQUIRE_FALSE(directory);
    CHECK(says(directory.error(), "not a regular file"));
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    CHECK(says(KeyFile::load(folder.path("pipe")).error(), "not a regular file"));
}

TEST_CASE("key file: refresh reads a rotated key, also behind a link that was moved") {
    const Folder folder;
    std::filesystem::create_symlink(folder.write("one", "first\n"), folder.path("key"));
    auto loaded = KeyFile::load(folder.path("key"));
    REQUIRE(loaded);
    std::filesystem::create_symlink(folder.write("two", "second\n"), folder.path("next"));
    std::filesystem::rename(folder.path("next"), folder.path("key"));
    CHECK(loaded->key().reveal() == "first");
    REQUIRE(loaded->refresh());
    CHECK(loaded->key().reveal() == "second");
}

TEST_CASE("key file: a failed refresh keeps the old key") {
    const Folder folder;
    const auto path = folder.write("key", "first");
    auto loaded = KeyFile::load(path);
    REQUIRE(loaded);
    std::filesystem::remove(path);
    CHECK_FALSE(loaded->refresh());
    CHECK(loaded->key().reveal() == "first");
    folder.write("key", "");
    CHECK_FALSE(loaded->refresh());
    CHECK(loaded->key().reveal() == "first");
    folder.write("key", "third");
    REQUIRE(loaded->refresh());
    CHECK(loaded->key().reveal() == "third");
}

namespace {

// Writes, in such a way that the file's own dates tell.
void rewrite(const Folder& folder, std::string_view name, std::string_view content) {
    std::filesystem::rename(folder.write("next", content), folder.path(name));
}

using std::chrono::seconds;

}  // namespace

TEST_CASE("keys: the key in use is kept as long as it is taken, and a refusal gives the other one its turn") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), folder.write("b", "second"));
    REQUIRE(keys);
    CHECK(keys->key().reveal() == "first");
    const auto version = keys->version();
    REQUIRE(keys->refused());
    CHECK(keys->key().reveal() == "second");
    CHECK(keys->version() > version);
    REQUIRE(keys->refused());
    CHECK(keys->key().reveal() == "first");
}

TEST_CASE("keys: a key that was rotated in its file goes before the other one") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), folder.write("b", "second"));
    rewrite(folder, "a", "third");
    REQUIRE(keys->refused());
    CHECK(keys->key().reveal() == "third");
}

TEST_CASE("keys: without another one a refusal changes nothing") {
    const Folder folder;
    for (auto keys :
         {Keys::load(folder.write("a", "first"), ""), Keys::load(folder.path("a"), folder.write("b", "first"))}) {
        REQUIRE(keys);
        const auto version = keys->version();
        REQUIRE(keys->refused());
        CHECK(keys->version() == version);
        CHECK(keys->key().reveal() == "first");
    }
    CHECK(Keys::load("", "")->key().empty());
}

TEST_CASE("keys: files are looked at once a second, and what has changed is read") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), folder.write("b", "second"));
    Time now{seconds(100)};
    CHECK(*keys->look(now) == false);
    const auto version = keys->version();
    rewrite(folder, "a", "third");
    CHECK(*keys->look(now + std::chrono::milliseconds(999)) == false);
    CHECK(*keys->look(now + seconds(1)) == true);
    CHECK(keys->key().reveal() == "third");
    CHECK(keys->version() > version);
    CHECK(*keys->look(now + seconds(2)) == false);
    rewrite(folder, "b", "fourth");  // not in use
    const auto same = keys->version();
    CHECK(*keys->look(now + seconds(3)) == true);
    CHECK(keys->version() == same);
}

TEST_CASE("keys: where both are refused, the one that changes is tried") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), folder.write("b", "second"));
    REQUIRE(keys->refused());
    REQUIRE(keys->refused());
    CHECK(keys->key().reveal() == "first");
    rewrite(folder, "b", "third");
    CHECK(*keys->look(Time{seconds(100)}) == true);
    CHECK(keys->key().reveal() == "third");
    REQUIRE(keys->refused());
    CHECK(keys->key().reveal() == "first");  // refused long ago: may be well again
    rewrite(folder, "a", "fourth");
    CHECK(*keys->look(Time{seconds(200)}) == true);
    CHECK(keys->key().reveal() == "fourth");
}

TEST_CASE("keys: one that works is kept when the other changes") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), folder.write("b", "second"));
    REQUIRE(keys->refused());
    REQUIRE(keys->refused());
    keys->accepted(keys->version());
    rewrite(folder, "b", "third");
    CHECK(*keys->look(Time{seconds(100)}) == true);
    CHECK(keys->key().reveal() == "first");
}

TEST_CASE("keys: a file that goes away is told once, and its key stays") {
    const Folder folder;
    auto keys = Keys::load(folder.write("a", "first"), "");
    Time now{seconds(100)};
    std::filesystem::remove(folder.path("a"));
    CHECK_FALSE(keys->look(now));
    CHECK(*keys->look(now + seconds(1)) == false);
    CHECK(keys->key().reveal() == "first");
    rewrite(folder, "a", "second");
    CHECK(*keys->look(now + seconds(2)) == true);
    CHECK(keys->key().reveal() == "second");
}

}  // namespace millrace::auth
