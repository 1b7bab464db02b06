#include "bridge/settings/field_path.h"

#include <doctest/doctest.h>

using namespace millrace::settings;

TEST_CASE("field path: a field is a name, or a pointer when it begins with a slash") {
    using Path = std::vector<std::string>;
    CHECK(field_path("a/b") == Path{"a/b"});
    CHECK(field_path("/a/b/0") == Path{"a", "b", "0"});
    CHECK(field_path("/") == Path{""});
    CHECK(field_path("/a//b/") == Path{"a", "", "b", ""});
    CHECK(field_path("/a~1b/m~0n/~01") == Path{"a/b", "m~n", "~1"});
}

TEST_CASE("field path: a field is called by its last key") {
    CHECK(key_of("distance") == "distance");
    CHECK(key_of("/trip/dist~1km") == "dist/km");
}
