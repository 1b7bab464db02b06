#include "auth/key_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace millrace::auth {

namespace {

// A folder of its own, gone at the end of the test.
class Folder {
  public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "millrace-key-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string path(std::string_view name) const { return path_ / name; }
    std::string write(std::string_view name, std::string_view content) const {
        std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
        return path(name);
    }

  private:
    std::filesystem::path path_;
};

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

}  // namespace millrace::auth
