// Any bytes as a document of state: what is accepted is written in one way, and read again from that. And any bytes as
// what a document holds: it is read as it was written.
#include <string>

#include "bridge/base/check.h"
#include "bridge/state/document.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::state;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    if (const auto read = read_document(text)) {
        const std::string again = write(*read);
        const auto second = read_document(again);
        MILLRACE_CHECK(second && write(*second) == again, "what is accepted is written in one way");
    }
    fuzz::Tape tape(bytes, size);
    Head head;
    head.epoch = tape.number();
    head.floor = tape.number();
    head.content = tape.text();
    head.content_size = head.content.size();
    head.content_digest = digest(head.content);
    const std::string written = write(Document{{{"p", "", {{static_cast<Partition>(tape.number()), head}}}}});
    const auto read = read_document(written);
    MILLRACE_CHECK(read && write(*read) == written, "what is written is read");
    MILLRACE_CHECK(read->pipelines[0].partitions[0].head.content == head.content, "as it was");
    return 0;
}
