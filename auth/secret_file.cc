#include "auth/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "auth/secret_shelf.h"
#include "auth/vault_reference.h"

namespace millrace::auth {

namespace {

// Closes the file and forgets the bytes, whichever way reading ends.
struct Reading {
    int file = -1;
    std::vector<char> bytes;
    std::size_t size = 0;

    explicit Reading(std::size_t most) : bytes(most + 1) {}  // one more than allowed, to notice a file that is larger
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        explicit_bzero(bytes.data(), bytes.size());
        if (file >= 0) ::close(file);
    }
};

struct Named {
    const std::string& path;
    std::string_view what;

    [[nodiscard]] std::string text() const { return std::string(what) + " \"" + path + "\" "; }
    [[nodiscard]] std::unexpected<Error> refused(std::string_view rule) const {
        return fail(ErrorCode::invalid, text() + std::string(rule));
    }
    [[nodiscard]] std::unexpected<Error> unreadable(int number) const {
        return fail(number == ENOENT ? ErrorCode::not_found : ErrorCode::misconfigured,
                    text() + "cannot be read: " + std::system_category().message(number));
    }
};

// Reads the whole file, or as much as shows that it is too large. Nothing but a regular file: a pipe would wait for
// ever.
Result<void> read_into(Reading& reading, const Named& named) {
    reading.file = ::open(named.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status{};
    if (reading.file < 0 || ::fstat(reading.file, &status) != 0) return named.unreadable(errno);
    if (!S_ISREG(status.st_mode)) return named.refused("is not a regular file");
    while (reading.size < reading.bytes.size()) {
        const auto got = ::read(reading.file, reading.bytes.data() + reading.size, reading.bytes.size() - reading.size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return named.unreadable(errno);
        if (got == 0) break;
        reading.size += static_cast<std::size_t>(got);
    }
    return {};
}

// An editor's or `echo`'s line end is no part of the secret; a second one is a mistake worth telling.
std::string_view without_line_end(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

// Whatever is there, as long as it is not too much.
Result<Secret> read_all(const Named& named, std::size_t most) {
    if (is_vault_reference(named.path)) {
        auto found = SecretShelf::of_process().find(named.path);
        if (!found) return fail(found.error().code, named.text() + "is not at hand: " + found.error().text);
        if (found->reveal().size() > most)
            return named.refused("is larger than " + std::to_string(most / 1024) + " KiB");
        return found;
    }
    Reading reading(most);
    if (auto read = read_into(reading, named); !read) return std::unexpected(std::move(read.error()));
    if (reading.size > most) return named.refused("is larger than " + std::to_string(most / 1024) + " KiB");
    return Secret(std::string(reading.bytes.data(), reading.size));
}

}  // namespace

Result<Secret> read_secret(const std::string& source, std::string_view what) {
    const Named named{source, what};
    auto all = read_all(named, kLongestSecret);
    if (!all) return all;
    const auto line = without_line_end(all->reveal());
    if (line.empty()) return named.refused("is empty (write the secret into it, on one line)");
    // It becomes part of a header: a line end inside would add headers of its own.
    if (!std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; })) {
        return named.refused("has a line end, a control or a non-ASCII character in it (write one line of ASCII)");
    }
    if (line.front() == ' ' || line.back() == ' ')
        return named.refused("has a space before or after the secret (remove it)");
    return Secret(std::string(line));
}

Result<Secret> read_secret_bytes(const std::string& source, std::string_view what, std::size_t most) {
    const Named named{source, what};
    auto all = read_all(named, most);
    if (all && all->empty()) return named.refused("is empty");
    return all;
}

FileStamp secret_stamp(const std::string& source) {
    if (!is_vault_reference(source)) return stamp_of(source);
    return {static_cast<std::int64_t>(SecretShelf::of_process().version(source))};
}

FileStamps secret_stamps(const std::vector<std::string>& sources) {
    FileStamps stamps;
    stamps.reserve(sources.size());
    for (const auto& source : sources) stamps.push_back(secret_stamp(source));
    return stamps;
}

void doubt_secret(const std::string& source) {
    if (is_vault_reference(source)) SecretShelf::of_process().want(source);
}

}  // namespace millrace::auth
