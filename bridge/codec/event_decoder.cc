// What a message is, is not said anywhere in it. The three forms are told apart by trying the cheapest first:
//
//   begins with `[`      an array; if some of it is not JSON and it has several lines, it is read as lines too, and the
//                        reading that saves more objects wins
//   has one line         one object
//   first line whole     objects one a line
//   anything else        one object over several lines; failing that lines, and if no line is an object, one fault
//
// Whatever the reading, every byte but blanks and the separators is in exactly one event.
#include "bridge/codec/event_decoder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "bridge/codec/element_reader.h"
#include "bridge/codec/formula.h"
#include "bridge/codec/json_text.h"
#include "bridge/codec/row_maker.h"
#include "bridge/codec/window_fields.h"

namespace millrace::codec {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_object(const Event& event) {
    return !event.fault || (event.fault->reason != Reason::not_json && event.fault->reason != Reason::not_an_object);
}

bool is_broken(const Event& event) { return event.fault && event.fault->reason == Reason::not_json; }

auto objects_in(const std::vector<Event>& events) { return std::ranges::count_if(events, is_object); }

Event faulty(std::string_view text, Reason reason, std::string detail) {
    Event event;
    event.text = text;
    event.fault = Verdict{reason, std::move(detail), 0, {}};
    return event;
}

Event over_the_cap(std::string_view rest) {
    return faulty(rest, Reason::event_too_large,
                  "more than " + std::to_string(kMaxElements) + " elements in a message");
}

// Takes the first line off `rest`.
std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == kNone ? std::string_view() : rest.substr(end + 1);
    return trim(line);
}

void refuse_whole(Delivery& delivery, Reason reason, std::string_view why) {
    delivery.events.clear();
    delivery.events.push_back(faulty(delivery.payload.bytes(), reason, std::string(why)));
}

}  // namespace

struct EventDecoder::State {
    WantedFields fields;
    std::optional<RowMaker> rows;  // nothing where nothing is scored
    WindowFields windows;
    std::optional<Formula> where;
    Selection passed_over = Selection::filtered;  // what becomes of those `where` does not select
    bool copies_results = false;                  // these make results too
    ElementReader reader;

    explicit State(const settings::Pipeline& pipeline) : windows(pipeline, fields), reader(fields) {
        if (settings::has_endpoint(pipeline) || !settings::is_owned(pipeline)) rows.emplace(pipeline, fields);
        if (!pipeline.where.empty()) where.emplace(pipeline.where, fields);
        if (pipeline.bypass.to != settings::Bypass::To::nowhere) passed_over = Selection::bypassed;
        copies_results = pipeline.bypass.to == settings::Bypass::To::results;
    }

    Event element(std::string_view text) {
        Event event;
        event.text = text;
        event.fault = reader.read(text);
        if (!event.fault) look_into(event);
        return event;
    }

    // The time comes first, because an event moves the clock whatever becomes of it; whether it has one matters only
    // where it is selected.
    void look_into(Event& event) {
        auto mistimed = windows.set_time(event);
        if (where && !select(event)) return;
        event.fault = std::move(mistimed);
        if (event.fault) return;
        windows.add_values(event);
        if (rows) event.fault = rows->fill(event);
    }

    bool select(Event& event) {
        const expression::Cell met = where->value();
        if (met.type == expression::Type::bit && met.truth) return true;
        if (met.type == expression::Type::fault) {
            event.fault = expression_failed("where", met);
            return false;
        }
        event.selection = passed_over;
        if (copies_results && rows) rows->fill_included(event);
        return false;
    }

    void lines(std::string_view rest, std::vector<Event>& events) {
        while (!rest.empty()) {
            const auto from_here = trim(rest);
            const auto line = take_line(rest);
            if (line.empty()) continue;
            if (events.size() == kMaxElements) return events.push_back(over_the_cap(from_here));
            events.push_back(element(line));
        }
    }

    void object_or_lines(std::string_view message, std::vector<Event>& events) {
        auto rest = message;
        events.push_back(element(take_line(rest)));
        if (rest.empty() || is_object(events.front())) return lines(rest, events);
        auto whole = element(message);
        if (!is_object(whole)) {
            lines(rest, events);
            if (events.size() > kMaxElements || objects_in(events) > 0) return;
        }
        events.clear();
        events.push_back(std::move(whole));
    }

    void array(std::string_view message, std::vector<Event>& events) {
        const bool is_empty = trim(message.substr(1)).starts_with(']');
        const auto end = is_empty ? message.find(']') + 1 : elements(message, events);
        if (end == kNone) return;
        const auto behind = trim(message.substr(end));
        if (!behind.empty()) events.push_back(faulty(behind, Reason::not_json, "more text after the array"));
    }

    // The elements of an array that is not empty → the index behind its closing bracket, or kNone when the rest became
    // one event. An empty element has no text of its own; the separator before it stands for it.
    std::size_t elements(std::string_view message, std::vector<Event>& events) {
        for (std::size_t at = 1;;) {
            const auto rest = trim(message.substr(at));
            if (events.size() == kMaxElements) {
                events.push_back(over_the_cap(rest.empty() ? message.substr(at - 1, 1) : rest));
                return kNone;
            }
            const auto end = element_end(message, at);
            if (end == kNone) {
                const auto text = rest.empty() ? message.substr(at - 1, 1) : rest;
                events.push_back(faulty(text, Reason::not_json, "the array has no end"));
                return kNone;
            }
            const auto text = trim(message.substr(at, end - at));
            events.push_back(text.empty() ? faulty(message.substr(at - 1, 1), Reason::not_json, "an empty element")
                                          : element(text));
            at = end + 1;
            if (message[end] == ']') return at;
        }
    }

    void array_or_lines(std::string_view message, std::vector<Event>& events) {
        array(message, events);
        if (message.find('\n') == kNone || !std::ranges::any_of(events, is_broken)) return;
        std::vector<Event> as_lines;
        lines(message, as_lines);
        if (objects_in(as_lines) > objects_in(events)) events = std::move(as_lines);
    }
};

void set_unroutable(Delivery& delivery) {
    constexpr std::string_view kWhy = "the subject has no tenant token of 1 to 64 characters A-Z a-z 0-9 _ -";
    refuse_whole(delivery, Reason::unroutable_tenant, kWhy);
}

void set_not_allowed(Delivery& delivery) {
    refuse_whole(delivery, Reason::tenant_not_allowed, "the tenant is not among tenants.allowed");
}

EventDecoder::EventDecoder(const settings::Pipeline& pipeline) : state_(std::make_unique<State>(pipeline)) {}
EventDecoder::~EventDecoder() = default;
EventDecoder::EventDecoder(EventDecoder&&) noexcept = default;

void EventDecoder::expect(std::vector<SignatureField> columns) {
    if (state_->rows) state_->rows->expect(std::move(columns));
}

void EventDecoder::decode(Delivery& delivery) {
    auto& events = delivery.events;
    events.clear();
    const auto message = trim(delivery.payload.bytes());
    if (message.empty()) return;
    if (message.front() == '[') {
        state_->array_or_lines(message, events);
    } else {
        state_->object_or_lines(message, events);
    }
    for (std::size_t i = 0; i < events.size(); ++i) events[i].element = static_cast<std::uint32_t>(i);
}

}  // namespace millrace::codec
