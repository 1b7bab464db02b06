#include "bridge/base/text.h"

#include <doctest/doctest.h>

namespace millrace {
namespace {

TEST_CASE("base64: the examples of RFC 4648") {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"},
                                                            {"\xfb\xff\xfe", "+//+"}};
    for (const auto& [bytes, text] : examples) {
        CHECK(base64(bytes) == text);
        CHECK(from_base64(text) == bytes);
    }
}

TEST_CASE("base64: any bytes come back, and reading ends at what is no base64") {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) {
        CHECK(from_base64(base64(bytes)) == bytes);
        bytes += static_cast<char>(i * 7);
    }
    CHECK(from_base64("Zm9v*Zm9v") == "foo");
}

TEST_CASE("base64: strictly read, only what is written") {
    CHECK(exact_base64("Zm9v") == "foo");
    CHECK(exact_base64("Zg==") == "f");
    for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9v\n", " Zm9v", "Zm9v*", "Zm-_", "=", "Z"}) {
        CAPTURE(text);
        CHECK_FALSE(exact_base64(text));
    }
}

TEST_CASE("base64url: as tokens are written, and strictly read") {
    CHECK(base64url("\xfb\xff\xfe") == "-__-");
    CHECK(base64url("f") == "Zg");
    CHECK(exact_base64url("-__-") == "\xfb\xff\xfe");
    CHECK(exact_base64url("Zg") == "f");
    CHECK(exact_base64url("") == "");
    for (const char* text : {"Zg==", "Zh", "Zg=", "+//+", "Zm9v\n", " Zm9v", "Zm9v.", "Z", "Zm9vZ"}) {
        CAPTURE(text);
        CHECK_FALSE(exact_base64url(text));
    }
}

}  // namespace
}  // namespace millrace
