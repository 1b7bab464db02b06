// ListReader: an answer of the form {"NAME":[…],…}: an object of which one list is wanted. Keeps the first thing that
// is wrong with it, for a person; what is not JSON is the JsonReader's to say.
//
// Thread: one shard's. `text` outlives it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bridge/protocols/json_reader.h"

namespace millrace::protocols {

class ListReader {
  protected:
    ListReader(std::string_view text, bool accept_non_finite) : reader_(text, accept_non_finite) {}

    // Calls `element` where each element of the list begins; it reads the element. `what` is the list, in words.
    template <typename Element>
    void read_list(std::string_view name, std::string_view what, const Element& element) {
        bool found = false;
        if (!enter(JsonReader::Kind::object, "an object")) return;
        while (reader_.more()) {
            if (!is_name(reader_.key(), name)) {
                reader_.skip();
            } else if (std::exchange(found, true)) {
                complain("found \"" + std::string(name) + "\" more than once");
                reader_.skip();
            } else if (enter(JsonReader::Kind::array, what)) {
                while (reader_.more()) element();
            }
        }
        if (!found) complain("found an object without \"" + std::string(name) + '"');
    }

    // Into what `what` describes; anything else is passed over.
    bool enter(JsonReader::Kind kind, std::string_view what) {
        if (reader_.peek() == kind) return reader_.enter(), true;
        complain("found something else where " + std::string(what) + " belongs");
        reader_.skip();
        return false;
    }

    void complain(std::string text) {
        if (problem_.empty()) problem_ = std::move(text);
    }

    JsonReader reader_;
    std::string problem_;
};

}  // namespace millrace::protocols
