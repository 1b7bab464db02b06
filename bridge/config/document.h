// YAML text → a tree that can mean one thing only.
//
// Reads the parser's events, never its nodes: an alias is refused when it appears and is not followed, so a file of a
// few hundred bytes cannot grow into millions of nodes, and nothing is decided about a scalar's type here. Refused:
// anchors, aliases, tags, merge keys, duplicate keys, keys that are no scalars, several documents, over 1 MiB, over 32
// levels, NUL and other control characters, invalid UTF-8, tabs as indentation.
//
// Everything found goes to `problems`; a part that was refused becomes an `invalid` node, about which nothing more is
// to be said. Only a file that cannot be read on (bad syntax) gives no tree.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/problem.h"

namespace millrace::config {

inline constexpr std::size_t kLongestFile = 1u << 20;
inline constexpr std::size_t kDeepest = 32;

struct Entry;

// A part of a scalar's text that stands in the file as it is.
struct Stretch {
    std::size_t from = 0;  // where it begins in the text
    Place place;
};

struct Node {
    enum class Kind { absent, null, scalar, list, map, invalid };  // absent: a key with nothing behind it

    Kind kind = Kind::absent;
    bool in_quotes = false;  // a scalar in quotes or a block: text, whatever it looks like
    std::string text;        // scalar
    std::vector<Stretch> stretches;
    std::vector<Node> items;
    std::vector<Entry> entries;
    Place place;
};

struct Entry {
    std::string key;
    Place place;  // of the key
    Node value;
};

// Where a byte of the scalar's text stands in the file.
Place place_in(const Node& scalar, std::size_t at);

std::optional<Node> parse_document(std::string_view yaml, Problems& problems);

// A key as a part of a path: quoted when it is no plain name.
std::string join(std::string_view path, std::string_view key);
std::string join(std::string_view path, std::size_t index);

}  // namespace millrace::config
