#include "auth/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace millrace::auth {

namespace {

constexpr std::size_t kMaxBytes = 16 * 1024;

// Closes the file and forgets the bytes, whichever way reading ends.
struct Reading {
    int file = -1;
    std::array<char, kMaxBytes + 1> bytes;  // one more than allowed, to notice a file that is larger
    std::size_t size = 0;

    Reading() = default;
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        explicit_bzero(bytes.data(), bytes.size());
        if (file >= 0) ::close(file);
    }
};

std::unexpected<Error> refused(const std::string& path, std::string_view rule) {
    return fail(ErrorCode::invalid, "key file \"" + path + "\" " + std::string(rule));
}

std::unexpected<Error> unreadable(const std::string& path, int number) {
    return fail(number == ENOENT ? ErrorCode::not_found : ErrorCode::misconfigured,
                "key file \"" + path + "\" cannot be read: " + std::system_category().message(number));
}

// Reads the whole file, or as much as shows that it is too large. Nothing but a regular file: a pipe would wait for
// ever.
Result<void> read_into(Reading& reading, const std::string& path) {
    reading.file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    if (reading.file < 0 || ::fstat(reading.file, &status) != 0) return unreadable(path, errno);
    if (!S_ISREG(status.st_mode)) return refused(path, "is not a regular file");
    while (reading.size < reading.bytes.size()) {
        const auto got = ::read(reading.file, reading.bytes.data() + reading.size, reading.bytes.size() - reading.size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(path, errno);
        if (got == 0) break;
        reading.size += static_cast<std::size_t>(got);
    }
    return {};
}

// An editor's or `echo`'s line end is no part of the key; a second one is a mistake worth telling.
std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

Result<Secret> read_key(const std::string& path) {
    Reading reading;
    if (auto read = read_into(reading, path); !read) return std::unexpected(std::move(read.error()));
    if (reading.size > kMaxBytes) return refused(path, "is larger than 16 KiB (a key is one short line)");
    const auto key = without_line_end({reading.bytes.data(), reading.size});
    if (key.empty()) return refused(path, "is empty (write the key into it, on one line)");
    // The key becomes part of a header: a line end inside would add headers of its own.
    if (!std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; })) {
        return refused(path, "has a line end, a control or a non-ASCII character in the key (write one line of ASCII)");
    }
    if (key.front() == ' ' || key.back() == ' ')
        return refused(path, "has a space before or after the key (remove it)");
    return Secret(std::string(key));
}

}  // namespace

Result<KeyFile> KeyFile::load(std::string path) {
    KeyFile made;
    made.path_ = std::move(path);
    if (auto read = made.refresh(); !read) return std::unexpected(std::move(read.error()));
    return made;
}

Result<void> KeyFile::refresh() {
    if (path_.empty()) return {};
    auto key = read_key(path_);
    if (!key) return std::unexpected(std::move(key.error()));
    key_ = std::move(*key);
    return {};
}

}  // namespace millrace::auth
