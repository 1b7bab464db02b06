// The fields a pipeline wants of an element, as a tree of keys, and what was found of them in the last one.
//
// A reader walks the element once and asks at each key whether anything below it is wanted. Each node answers once per
// element, so of duplicate keys the first wins, on every level.
//
// Bound: as many nodes as the configuration names keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::codec {

struct Found {
    enum class Kind : std::uint8_t { missing, null, scalar, object, array };
    Kind kind = Kind::missing;
    std::string_view raw;  // inside the element's text
};

class WantedFields {
  public:
    struct Node {
        std::string key;
        std::optional<std::size_t> index;  // the key as an array index, where it is one
        std::optional<std::size_t> slot;   // where to put the value, if this one is wanted itself
        std::vector<Node> children;
        std::size_t next_child = 0;  // where the search begins: publishers seldom change the order of fields
        std::uint64_t taken_in = 0;
    };

    // A name or JSON Pointer → the slot its value will be found in. The same field gives the same slot.
    std::size_t add(std::string_view field);
    // The same by the keys on the way to it.
    std::size_t add(std::vector<std::string> keys);

    // Forgets what was found; to be called before each element.
    void begin_element();
    Node* root() { return &root_; }
    // The child wanted under this key or index, or null. At most once per element and child.
    Node* take(Node& parent, std::string_view key) const;
    Node* take(Node& parent, std::size_t index) const;

    Found& at(std::size_t slot) { return found_[slot]; }
    [[nodiscard]] const Found& at(std::size_t slot) const { return found_[slot]; }

  private:
    Node root_;
    std::vector<Found> found_;
    std::uint64_t element_ = 0;
};

}  // namespace millrace::codec
