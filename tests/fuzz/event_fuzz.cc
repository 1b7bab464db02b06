// Any bytes as a message. The decoder loses nothing and invents nothing: the events' texts lie in the payload in order,
// rows and included members are JSON, and what is and is not an object is told as by another reader of JSON, the one
// that answers are read with.
#include "bridge/base/check.h"
#include "bridge/codec/event_decoder.h"
#include "bridge/protocols/json_reader.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using protocols::JsonReader;

namespace {

struct Read {
    bool whole = false;
    bool object = false;
};

// The second opinion.
Read read(std::string_view text) {
    JsonReader reader(text);
    const bool object = reader.peek() == JsonReader::Kind::object;
    reader.skip();
    return {protocols::is_utf8(text) && reader.finish(), object};
}

void check_event(const Event& event, settings::RowShape rows, std::uint64_t limit) {
    const Read second = read(event.text);
    if (!event.fault) {
        MILLRACE_CHECK(second.whole && second.object, "an event without a fault is a JSON object");
        MILLRACE_CHECK(event.row.size() <= limit && read(event.row).whole, "a row is JSON of allowed size");
        MILLRACE_CHECK(event.row.front() == (rows == settings::RowShape::arrays ? '[' : '{'), "a row has its shape");
        MILLRACE_CHECK(read('{' + event.included + '}').whole, "included fields are members");
    } else if (event.fault->reason == Reason::not_json) {
        const std::string_view why = event.fault->detail;
        // An array or a message may be broken around a good element.
        const bool around = why.starts_with("the array has no end") || why.starts_with("more text after the array");
        MILLRACE_CHECK(around || !second.whole, "what is called no JSON is none");
    } else if (event.fault->reason == Reason::not_an_object) {
        MILLRACE_CHECK(second.whole && !second.object, "what is called no object is other JSON");
    }
}

void check_value(const Value& value) {
    if (const auto* const text = std::get_if<std::string>(&value))
        MILLRACE_CHECK(protocols::is_utf8(*text), "a string is text");
    if (const auto* const raw = std::get_if<RawJson>(&value))
        MILLRACE_CHECK(read(raw->text).whole, "what stays raw is JSON");
}

settings::Pipeline pipeline(settings::RowShape rows, settings::Include include) {
    settings::Pipeline p;
    p.event.features = {{"a", {}}, {"/b/0/c", "null"}, {"d", "\"x\""}};
    p.results.include = include;
    p.results.include_fields = {"a", "e", "/b/0"};
    p.endpoint.url = "http://model/score";
    p.endpoint.rows = rows;
    p.endpoint.max_batch_bytes = 4096;
    return p;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const settings::Pipeline arrays = pipeline(settings::RowShape::arrays, settings::Include::fields);
    static const settings::Pipeline records = [] {
        auto made = pipeline(settings::RowShape::records, settings::Include::everything);
        made.aggregates.resize(1);
        made.aggregates[0].group_by = {"a", "/b/0"};
        return made;
    }();
    for (const auto* p : {&arrays, &records}) {
        codec::EventDecoder decoder(*p);
        Delivery delivery;
        delivery.payload = Payload(std::string(reinterpret_cast<const char*>(bytes), size));
        decoder.decode(delivery);
        const char* at = delivery.payload.bytes().data();
        for (const Event& event : delivery.events) {
            const std::string_view between(at, static_cast<std::size_t>(event.text.data() - at));
            MILLRACE_CHECK(event.text.data() >= at && between.find_first_not_of(" \t\r\n[],") == between.npos,
                           "only blanks and separators lie between two events");
            at = event.text.data() + event.text.size();
            check_event(event, p->endpoint.rows, p->endpoint.max_batch_bytes);
            for (const Value& value : event.values) check_value(value);
            if (!event.fault) MILLRACE_CHECK(event.values.size() == 2 * p->aggregates.size(), "windows get values");
        }
        const char* const end = delivery.payload.bytes().data() + size;
        MILLRACE_CHECK(
            at <= end && std::string_view(at, static_cast<std::size_t>(end - at)).find_first_not_of(" \t\r\n[],") ==
                             std::string_view::npos,
            "nothing is left behind the last event");
    }
    return 0;
}
