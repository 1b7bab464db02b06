#include "bridge/config/describe.h"

#include <span>
#include <string_view>

#include "bridge/config/scalars.h"

namespace millrace::config {
namespace {

std::string one_of(std::span<const std::string_view> names) {
    std::string text = "one of ";
    for (const std::string_view name : names) text += (text.ends_with(' ') ? "`" : ", `") + std::string(name) + "`";
    return text;
}

struct Describer {
    const Field& field;

    std::string operator()(const Section&) const { return "map of fields"; }
    std::string operator()(const Sections&) const { return "list of maps, at least one"; }
    std::string operator()(const Text&) const { return "text"; }
    std::string operator()(const File& shape) const {
        return shape.holds == Holds::what_all_may_see ? "path of a file"
                                                      : "path of a file, or `keyvault://VAULT/SECRET`";
    }
    std::string operator()(const TextList&) const { return "list of texts, at least one"; }
    std::string operator()(const TextMap&) const { return "map of names to texts"; }
    std::string operator()(const Registered& shape) const { return one_of(shape.names()); }
    std::string operator()(const Choice& shape) const { return one_of(shape.names); }
    std::string operator()(const Whole& shape) const {
        const std::string least = std::to_string(shape.least);
        const std::string range = shape.least == shape.most ? least : least + " to " + std::to_string(shape.most);
        return "whole number, " + range + (field.unit.empty() ? "" : " " + std::string(field.unit));
    }
    std::string operator()(const Number& shape) const {
        return "number, " + number_text(shape.least) + " to " + number_text(shape.most);
    }
    std::string operator()(const Size& shape) const {
        return "size, " + size_text(shape.least) + " to " + size_text(shape.most);
    }
    std::string operator()(const Wait& shape) const {
        return "duration, " + duration_text(shape.least) + " to " + duration_text(shape.most);
    }
    std::string operator()(const WaitOrNone& shape) const {
        return "duration, " + duration_text(shape.least) + " to " + duration_text(shape.most) + ", or `unlimited`";
    }
    std::string operator()(const Flag&) const { return "`true` or `false`"; }
    std::string operator()(const Json& shape) const { return shape.map_only ? "map of any values" : "any value"; }
    std::string operator()(const StartPoint&) const { return "`all`, `new`, a time or a sequence"; }
    std::string operator()(const FeatureList&) const { return "list of fields, each a text or a map"; }
    std::string operator()(const ExpressionText&) const { return "[expression](expressions.md)"; }
    std::string operator()(const BypassChoice&) const { return "`results`, or a map with `subject`"; }
    std::string operator()(const IncludeChoice&) const { return "`none`, `all` or a list of fields"; }
    std::string operator()(const SignatureChoice&) const {
        return "`endpoint`, `none`, or a map of `file`, or of `inputs` and `outputs`";
    }
    std::string operator()(const WindowChoice&) const { return "map of a kind of window to its durations"; }
    std::string operator()(const SelectMap&) const { return "map of names to functions, at least one"; }
    std::string operator()(const HavingList&) const { return "condition, or list of conditions"; }
};

}  // namespace

std::string describe(const Field& field) { return std::visit(Describer{field}, field.shape); }

}  // namespace millrace::config
