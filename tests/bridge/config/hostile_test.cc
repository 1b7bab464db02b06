// Files that want to be read as something else, or to take the process down.
#include <doctest/doctest.h>

#include <string>

#include "sample.h"

using namespace millrace;
using namespace millrace::config;

TEST_CASE("hostile: an alias bomb is refused where it begins") {
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'j'; ++c) {
        bomb += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) bomb += (i == 0 ? "*" : ",*") + std::string(1, static_cast<char>(c - 1));
        bomb += "]\n";
    }
    const std::string said = complaints(bomb);
    CHECK(said.contains("t.yaml:1:4: a: an anchor is not allowed (write the value out where it is needed)\n"));
    CHECK(said.contains("t.yaml:2:8: b[0]: an alias is not allowed (write the value out)\n"));
}

TEST_CASE("hostile: a cyclic alias is refused") {
    CHECK(complaints("version: 1\npipelines: &x [*x]\n") ==
          "t.yaml:2:12: pipelines: an anchor is not allowed (write the value out where it is needed)\n"
          "t.yaml:2:16: pipelines[0]: an alias is not allowed (write the value out)\n");
    CHECK(complaints("a: *nowhere\n") == "t.yaml:1:4: this is not YAML: the referenced anchor is not defined\n");
}

TEST_CASE("hostile: an anchor alone is refused, and reading goes on behind it") {
    CHECK(complaints(sample_with("name: fares", "name: &n fa res")) ==
          "t.yaml:4:11: pipelines[0].name: an anchor is not allowed (write the value out where it is needed)\n"
          "t.yaml:4:11: pipelines[0].name: 'fa res' is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)\n");
}

TEST_CASE("hostile: duplicate keys are refused at every depth") {
    CHECK(complaints(std::string(kSample) + "version: 1\n") ==
          "t.yaml:14:1: version: key 'version' is there twice (remove one)\n");
    CHECK(complaints(sample_with("name: fares", "name: fares\n    \"name\": other")) ==
          "t.yaml:5:5: pipelines[0].name: key 'name' is there twice (remove one)\n");
    CHECK(complaints(sample_with("url: http://127.0.0.1:5001/score", "url: http://m\n      extras: {a: {b: 1, b: 2}}"))
              .starts_with("t.yaml:12:26: pipelines[0].endpoint.extras.a.b: key 'b' is there twice (remove one)\n"));
}

TEST_CASE("hostile: merge keys are refused") {
    CHECK(complaints(sample_with("name: fares", "name: fares\n    <<: {partitions: 4}")) ==
          "t.yaml:5:5: pipelines[0].'<<': a merge key is not allowed (write the values out)\n");
}

TEST_CASE("hostile: tags are refused") {
    for (const char* tagged :
         {"!!str fares", "!<tag:yaml.org,2002:str> fares", "!local fares", "! fares", "!!binary fares"}) {
        CAPTURE(tagged);
        CHECK(complaints(sample_with("name: fares", "name: " + std::string(tagged)))
                  .contains("pipelines[0].name: a tag is not allowed (remove it; quotes make a text)\n"));
    }
    CHECK(complaints(sample_with("features: [vendorid, distance]", "features: !!seq [vendorid]")) ==
          "t.yaml:9:17: pipelines[0].event.features: a tag is not allowed (remove it; quotes make a text)\n");
}

TEST_CASE("hostile: keys are plain texts") {
    CHECK(complaints(std::string(kSample) + "? [a]\n: 1\n").contains("a key must be a plain text\n"));
    CHECK(complaints(std::string(kSample) + "~: 1\n") == "t.yaml:14:1: '': a key must be a plain text\n");
    CHECK(complaints(std::string(kSample) + "? {a: 1}\n: {b: 2}\n").contains("a key must be a plain text\n"));
}

TEST_CASE("hostile: one document is read") {
    CHECK(complaints(std::string(kSample) + "---\nversion: 1\n") ==
          "t.yaml:14:1: only one document is read, and what starts here is outside it (remove it)\n");
    CHECK(complaints("- 1\nb: 2\n").contains("only one document is read"));
}

// Found by fuzzing: yaml-cpp gave empty documents for ever.
TEST_CASE("hostile: documents without end are refused at the second one") {
    const std::string said = complaints(",a0 &versa0 &versi1o: v\nnenuoneratietos!stp 1:");
    CHECK(said.contains("only one document is read"));
}

TEST_CASE("hostile: deep nesting is refused, at any length") {
    const std::string open(40, '[');
    CHECK(complaints(open + std::string(40, ']')) == "t.yaml:1:33: more than 32 levels of nesting are not allowed\n");
    CHECK(complaints(std::string(100000, '[')).contains("more than 32 levels of nesting are not allowed"));
    std::string maps;
    for (int i = 0; i < 40; ++i) maps += "{a: ";
    CHECK(complaints(maps).contains("more than 32 levels of nesting are not allowed"));
    std::string dashes;
    for (int i = 0; i < 40; ++i) dashes += "- ";
    CHECK(complaints(dashes + "x").contains("more than 32 levels of nesting are not allowed"));
}

TEST_CASE("hostile: bytes that are no text are refused") {
    CHECK(complaints(std::string("version: 1\nshards\0: 1", 21)) ==
          "t.yaml:2:7: a NUL byte is not allowed (save the file as UTF-8 text)\n");
    CHECK(complaints("version: 1 # \x1b[2J") == "t.yaml:1:14: a control character is not allowed (remove it)\n");
    for (const char* bytes : {"\x80", "\xC3(", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                              "\xF8\x88\x80\x80\x80", "\xE2\x82"}) {
        CHECK(complaints(std::string("# ") + bytes) ==
              "t.yaml:1:3: this byte is not valid UTF-8 (save the file as UTF-8 text)\n");
    }
    CHECK(complaints(std::string("\xFF\xFEv\0e\0", 6)) ==
          "t.yaml:1:1: this byte is not valid UTF-8 (save the file as UTF-8 text)\n");
    CHECK(complaints(std::string(kSample) + "# größe, 大きさ, 🚕\n") == "");
}

TEST_CASE("hostile: a tab is no indentation") {
    CHECK(complaints("version: 1\nnats:\n\turls: []\n") ==
          "t.yaml:3:1: a tab is not allowed as indentation (use spaces)\n");
    CHECK(complaints("version: 1\nnats:\n  \turls: []\n") ==
          "t.yaml:3:3: a tab is not allowed as indentation (use spaces)\n");
    CHECK(complaints(sample_with("version: 1", "version: 1\t# a tab before a comment")) == "");
}

TEST_CASE("hostile: a file over 1 MiB is refused unread") {
    CHECK(complaints(std::string(kSample) + "#" + std::string(1u << 20, 'x')) ==
          "t.yaml: the file is longer than 1048576 bytes (split it into one file per process)\n");
}

TEST_CASE("hostile: bad syntax gives a place") {
    CHECK(complaints("version: 1\nnats: {urls: [\n").starts_with("t.yaml:3:1: this is not YAML: "));
    CHECK(complaints("version: 1: 2\n").starts_with("t.yaml:1:11: this is not YAML: "));
    CHECK(complaints("a: \"\\q\"\n").starts_with("t.yaml:1:"));
    CHECK(complaints("a: 'open\n").starts_with("t.yaml:"));
    CHECK(complaints("@b: 1\n").starts_with("t.yaml:1:1: this is not YAML: "));
}

TEST_CASE("hostile: a large file of nothing is read to the end") {
    CHECK(complaints("[" + std::string(1000000, ',') + "]") != "");
    std::string keys;
    for (int i = 0; i < 60000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
    CHECK(complaints(keys) != "");
}

TEST_CASE("hostile: what is quoted cannot write to the terminal") {
    CHECK(complaints(sample_with("name: fares", "name: \"a\\e[31mb\\x7f\"")) ==
          "t.yaml:4:11: pipelines[0].name: 'a?[31mb?' is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(complaints(sample_with("name: fares", "name: " + std::string(5000, 'x'))) ==
          "t.yaml:4:11: pipelines[0].name: '" + std::string(80, 'x') +
              "…' is no pipeline name (1 to 64 of A-Z a-z 0-9 _ -)\n");
    CHECK(complaints(sample_with("name: fares", "name: fares\n    \"a\\e[2J\": 1")).contains("\x1b") == false);
}
