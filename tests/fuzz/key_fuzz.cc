// Any bytes as a key file: what is accepted is one line of printable ASCII and the file's own content but for its line
// end; an error names the file and never quotes it.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "auth/key_file.h"
#include "bridge/base/check.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

// A file that is in memory only.
struct File {
    int number = ::memfd_create("key", MFD_CLOEXEC);
    std::string path = "/proc/self/fd/" + std::to_string(number);

    explicit File(std::string_view content) {
        MILLRACE_CHECK(number >= 0, "memfd_create");
        holds(content);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { ::close(number); }

    void holds(std::string_view content) const {
        const bool done = ::ftruncate(number, 0) == 0 &&
                          ::pwrite(number, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size());
        MILLRACE_CHECK(done, "writing to memory");
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view content(reinterpret_cast<const char*>(bytes), size);
    const File file(content);
    const auto loaded = auth::KeyFile::load(file.path);
    if (!loaded) {
        const std::string text = loaded.error().text;
        MILLRACE_CHECK(text.find(file.path) != std::string::npos, "an error names the file");
        bool known = false;
        for (const std::string& other :
             {std::string(), std::string("\x01"), std::string(" a"), std::string(17000, 'a')}) {
            file.holds(other);
            known = known || text == auth::KeyFile::load(file.path).error().text;
        }
        MILLRACE_CHECK(known, "and says of its content what it says of another's");
        return 0;
    }
    const std::string& key = loaded->key().reveal();
    MILLRACE_CHECK(!key.empty() && key.front() != ' ' && key.back() != ' ', "a key has no blanks around it");
    for (const char c : key) MILLRACE_CHECK(c >= ' ' && c <= '~', "a key is printable");
    MILLRACE_CHECK(content == key || content == key + "\n" || content == key + "\r" || content == key + "\r\n",
                   "a key is what the file holds");
    return 0;
}
