// Names somebody could try as a tenant to reach another tenant's subjects, the server's, or the wire protocol itself.
#pragma once

#include <string>
#include <vector>

namespace millrace::subjects {

inline const std::vector<std::string>& hostile_tenants() {
    using namespace std::string_literals;
    static const std::vector<std::string> names = {
        // another shape of subject
        "",
        ".",
        "..",
        "a.b",
        ".a",
        "a.",
        "a..b",
        "acme.trip-fares",
        "a.b.c.d.e",
        "../acme",
        "a/b",
        "a\\b",
        // wildcards and the server's own spaces
        "*",
        ">",
        "**",
        ">>",
        "a*",
        "*a",
        "a>",
        ">a",
        "$SYS",
        "$JS",
        "$KV",
        "$",
        "$G",
        "_INBOX.x",
        "$JS.API.STREAM.DELETE.EVENTS",
        // white space ends a subject on the wire
        " ",
        "a b",
        " a",
        "a ",
        "\t",
        "a\tb",
        "\v",
        "\f",
        "a\nb",
        "a\rb",
        "\r\n",
        "a\r\n",
        "\na",
        "a\xc2\xa0"s,
        // a forged command behind a line end
        "a\r\nPUB results.globex.trip-fares 5\r\n99.99\r\n",
        "a 0\r\n\r\nPUB results.globex.x 1\r\n1\r\n",
        "acme\r\nSUB > 1\r\n",
        "acme\nPING\n",
        "x\r\nCONNECT {}\r\n",
        // NUL and other control characters
        "\0"s,
        "a\0b"s,
        "\0acme"s,
        "acme\0"s,
        "\x01"s,
        "\x1b[2J"s,
        "\x7f"s,
        "a\bb"s,
        // beyond ASCII: look-alikes, invisible characters, broken UTF-8
        "\xd0\xb0"s
        "cme",
        "caf\xc3\xa9"s,
        "\xe2\x80\x8b"s
        "acme",
        "acme\xe2\x80\xae"s,
        "\xef\xbc\x8a"s,
        "\xef\xbb\xbf"s
        "acme",
        "\xf0\x9f\x92\xa5"s,
        "\xff"s,
        "\xc0\xae"s,
        "\xe2\x80\xa8"s,
        // markup of other places
        "{tenant}",
        "{partition}",
        "%2e",
        "a%00b",
        "'",
        "\"",
        "a;b",
        "a,b",
        "a:b",
        "a=b",
        "a@b",
        "a#b",
        "a+b",
        "(a)",
        "[a]",
        "a|b",
        "a&b",
        "a?b",
        "a!b",
        "a~b",
        "`a`",
        "a^b",
        // length
        std::string(65, 'a'),
        std::string(300, 'a'),
        std::string(5000, 'a'),
    };
    return names;
}

}  // namespace millrace::subjects
