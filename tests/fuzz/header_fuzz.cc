// Any bytes as a header block and as single headers. What is passed on can be written to the wire and read back;
// nothing that passes can end a line, and none of the names that are ours or the server's pass at all.
#include <strings.h>

#include <string>

#include "bridge/base/check.h"
#include "bridge/io/nats_answers.h"
#include "bridge/io/nats_wire.h"
#include "subjects/headers.h"
#include "tests/fuzz/tape.h"

using namespace millrace;

namespace {

bool begins_with(const std::string& name, const char* prefix) {
    return strncasecmp(name.c_str(), prefix, std::string_view(prefix).size()) == 0;
}

bool is_plain(std::string_view text) {
    return text.find_first_not_of(
               " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
               "abcdefghijklmnopqrstuvwxyz{|}~") == text.npos;
}

void check_header(const Header& header) {
    const bool passes = subjects::is_passed_on(header.first);
    MILLRACE_CHECK(!passes || (!begins_with(header.first, "Nats-") && !begins_with(header.first, "Millrace-")),
                   "nothing of ours and nothing of the server's is passed on");
    if (!subjects::is_safe_header(header)) return;
    MILLRACE_CHECK(is_plain(header.first) && is_plain(header.second), "a safe header is printable");
    MILLRACE_CHECK(io::is_wire_header(header), "a safe header may be written");
}

// Written as NATS writes headers, and read again.
void check_round_trip(const std::vector<Header>& headers) {
    std::string block = "NATS/1.0\r\n";
    std::vector<Header> written;
    for (const Header& header : headers) {
        // Blanks at the ends are not kept; whoever sends them does not need them.
        if (!io::is_wire_header(header) || header.second.starts_with(' ') || header.second.ends_with(' ')) continue;
        block += header.first + ": " + header.second + "\r\n";
        written.push_back(header);
    }
    block += "\r\n";
    MILLRACE_CHECK(io::parse_header_block(block) == written, "headers written are read alike");
    MILLRACE_CHECK(written.empty() || io::header_block_size(written) == block.size(), "and counted as the server does");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto headers = io::parse_header_block(text);
    for (const Header& header : headers) {
        MILLRACE_CHECK(header.first.find("\r\n") == std::string::npos && header.first.find(':') == std::string::npos,
                       "a name ends with its line and its colon");
        check_header(header);
    }
    check_round_trip(headers);
    fuzz::Tape tape(bytes, size);
    const std::string name(tape.line());
    const Header one{name, std::string(tape.rest())};
    check_header(one);
    check_round_trip({one});
    MILLRACE_CHECK(is_plain(subjects::printable(text)) && subjects::printable(text).size() <= 512, "printable is that");
    return 0;
}
