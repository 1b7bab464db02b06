// Any text as an expression, over any event: the first line is the one, the rest the other. What is written from an
// expression is the same expression; a condition and its negation select apart, and both leave out what is not known; a
// computed feature is JSON, or says by name why it is none.
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/check.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/expression/expression.h"

using namespace millrace;

namespace {

// What is left of a message of one event.
struct Seen {
    std::size_t events = 0;
    Selection selection{};
    std::optional<Reason> fault;
    std::string row;
    bool operator==(const Seen&) const = default;
};

Seen decode(const settings::Pipeline& pipeline, std::string_view event) {
    Delivery delivery;
    delivery.payload = Payload(std::string(event));
    codec::EventDecoder(pipeline).decode(delivery);
    if (delivery.events.size() != 1) return {delivery.events.size(), {}, {}, {}};
    const Event& one = delivery.events.front();
    MILLRACE_CHECK(!one.fault || one.row.empty(), "a fault has no row");
    return {1, one.selection, one.fault ? std::optional(one.fault->reason) : std::nullopt, one.row};
}

Seen where(const std::string& condition, std::string_view event) {
    settings::Pipeline pipeline;
    pipeline.where = condition;
    return decode(pipeline, event);
}

Seen feature(const std::string& expression, std::string_view event) {
    settings::Pipeline pipeline;
    pipeline.event.features = {{"x", {}, expression}};
    return decode(pipeline, event);
}

// All parts of a condition are small enough to be joined.
bool parses(const std::string& text) { return expression::Expression::parse(text).has_value(); }

void check_condition(const std::string& text, std::string_view event) {
    const std::string negation = "NOT (" + text + ")";
    const std::string either = "(" + text + ") OR NOT (" + text + ")";
    const Seen is = where(text, event);
    if (!parses(negation) || !parses(either) || is.events != 1) return;
    const Seen is_not = where(negation, event);
    MILLRACE_CHECK(is.fault == is_not.fault || !is.fault == !is_not.fault, "a negation fails where its condition does");
    if (is.fault) return;
    const bool yes = is.selection == Selection::selected;
    const bool no = is_not.selection == Selection::selected;
    MILLRACE_CHECK(!yes || !no, "no event is both");
    MILLRACE_CHECK((where(either, event).selection == Selection::selected) == (yes || no), "what is known is either");
}

void check_feature(const std::string& text, std::string_view event) {
    const Seen made = feature(text, event);
    if (made.events != 1) return;
    if (made.fault) {
        const Reason reason = *made.fault;
        MILLRACE_CHECK(reason == Reason::not_json || reason == Reason::not_an_object || reason == Reason::field_null ||
                           reason == Reason::field_wrong_type || reason == Reason::expression_failed ||
                           reason == Reason::event_too_large,
                       "why a computed feature is none");
        return;
    }
    // A row is read as it would be sent.
    settings::Pipeline plain;
    plain.event.features = {{"/x/0", {}}};
    const Seen read = decode(plain, "{\"x\":" + made.row + "}");
    MILLRACE_CHECK(read.events == 1 && !read.fault && read.row == made.row, "a computed feature is JSON");
    // What is computed once more from it is it: the value of a field is the field.
    settings::Pipeline again;
    again.event.features = {{"y", {}, "x[0]"}};
    MILLRACE_CHECK(decode(again, "{\"x\":" + made.row + "}").row == made.row, "a field comes through as it is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(bytes), size);
    const std::size_t line = std::min(all.find('\n'), all.size());
    const std::string_view event = all.substr(std::min(line + 1, all.size()));
    const auto parsed = expression::Expression::parse(all.substr(0, line));
    if (!parsed) {
        MILLRACE_CHECK(parsed.error().at <= line && !parsed.error().text.empty(), "a mistake has a place in the text");
        return 0;
    }
    const std::string text = parsed->text();
    const auto again = expression::Expression::parse(text);
    if (!again) {
        MILLRACE_CHECK(text.size() > expression::kLongest || again.error().text.contains("nested deeper"),
                       "what is written parses again, as far as it is not too long or deep");
        return 0;
    }
    MILLRACE_CHECK(again->text() == text, "there is one way to write it");
    MILLRACE_CHECK(again->may_be_condition() == parsed->may_be_condition(), "the same may be a condition");
    if (parsed->may_be_condition()) check_condition(text, event);
    check_feature(text, event);
    return 0;
}
