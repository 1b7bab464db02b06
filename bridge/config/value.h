// A value of the document on its way into the settings: what it must be, and what to say when it is not.
//
// Each question returns nothing after a complaint, or when something was said about the value before.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/config/document.h"
#include "bridge/config/field.h"
#include "bridge/config/problem.h"

namespace millrace::config {

struct Value {
    const Field& field;
    const Node& node;
    const std::string& path;
    Target& target;
    Problems& problems;

    void refuse(std::string text) const { refuse(node, path, std::move(text)); }
    void refuse(const Node& at, std::string where, std::string text) const;
    // 'value', or only "the value" for a secret.
    [[nodiscard]] std::string shown(std::string_view value) const;

    // The scalar's text as it is written.
    [[nodiscard]] const std::string* scalar(const Node& from, const std::string& where, std::string_view wanted) const;
    // A scalar without quotes, as numbers and booleans are written.
    [[nodiscard]] const std::string* bare(std::string_view wanted) const;
    // A scalar that every reader of YAML takes for a text.
    [[nodiscard]] const std::string* text(const Node& from, const std::string& where, Rule rule) const;
    [[nodiscard]] bool is(Node::Kind kind, std::string_view wanted) const;
    // The texts of a list, each once.
    [[nodiscard]] std::vector<std::string> texts(Rule rule) const;
};

}  // namespace millrace::config
