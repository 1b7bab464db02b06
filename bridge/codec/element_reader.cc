// simdjson On-Demand is lazy: it indexes the structure, checks UTF-8 and control characters, and then believes whatever
// is skipped. Here nothing is skipped: every value is visited and its token checked by grammar, so `{"a":1,"b":tru}` is
// a fault though only "a" is wanted. A DOM parse in front of lazy look-ups would check as much at about the same cost
// (for a trip of 206 bytes 0.22 us for the DOM alone, 0.5 us for this walk with its five fields found), but it refuses
// numbers outside double and 64 bits, like 1E400 and 18446744073709551616, which have to pass through.
#include "bridge/codec/element_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "bridge/codec/json_text.h"

namespace millrace::codec {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view reason_text(simdjson::error_code error) {
    switch (error) {
        case simdjson::UTF8_ERROR:
            return "invalid UTF-8";
        case simdjson::UNCLOSED_STRING:
            return "a string without its closing quote";
        case simdjson::UNESCAPED_CHARS:
            return "a control character in a string";
        default:
            return "a comma, colon or bracket missing or misplaced";
    }
}

struct Key {
    std::string_view inside_quotes;
    bool escaped = false;
};

// The key whose opening quote stands before `from`. The index has seen the closing one; keys are short, and a plain
// loop beats memchr.
Key key_at(const char* from, const char* end) {
    bool escaped = false;
    for (const char* at = from; at < end; ++at) {
        if (*at == '"') return {{from, static_cast<std::size_t>(at - from)}, escaped};
        if (*at == '\\') {
            escaped = true;
            ++at;
        }
    }
    return {{}, escaped};
}

// One visit to every token of one element.
class Walk {
  public:
    Walk(ondemand::document& document, WantedFields& fields, std::string_view copy, std::string_view text)
        : document_(document), fields_(fields), copy_(copy), text_(text) {}

    bool object(simdjson::simdjson_result<ondemand::object> started, WantedFields::Node* wanted, std::size_t depth) {
        ondemand::object object;
        if (const auto error = std::move(started).get(object)) return broken(reason_text(error));
        if (depth > kMaxDepth) return broken("nested deeper than 64 levels");
        for (auto next : object) {
            ondemand::field field;
            if (const auto error = std::move(next).get(field)) return broken(reason_text(error));
            const auto [key, escaped] = key_at(field.key().raw(), copy_.data() + copy_.size());
            if (escaped && !has_good_escapes(key)) return broken("an unknown escape in a key", key.data());
            WantedFields::Node* child = nullptr;
            if (wanted != nullptr) child = escaped ? take_escaped(*wanted, field) : fields_.take(*wanted, key);
            if (!value(field.value(), child, depth)) return false;
        }
        return true;
    }

    bool array(simdjson::simdjson_result<ondemand::array> started, WantedFields::Node* wanted, std::size_t depth) {
        ondemand::array array;
        if (const auto error = std::move(started).get(array)) return broken(reason_text(error));
        if (depth > kMaxDepth) return broken("nested deeper than 64 levels");
        std::size_t index = 0;
        for (auto next : array) {
            ondemand::value element;
            if (const auto error = std::move(next).get(element)) return broken(reason_text(error));
            if (!value(element, wanted != nullptr ? fields_.take(*wanted, index) : nullptr, depth)) return false;
            ++index;
        }
        return true;
    }

    // Whether the walk used up the element.
    bool at_end() {
        const char* place = nullptr;
        if (document_.current_location().get(place) != simdjson::SUCCESS) return true;
        return broken("more text after the end of the value", place);
    }

    bool broken(std::string_view what) {
        const char* place = nullptr;
        if (document_.current_location().get(place) != simdjson::SUCCESS) place = copy_.data() + copy_.size();
        return broken(what, place);
    }

    bool broken(std::string_view what, const char* place) {
        detail_ = what;
        detail_ += " at byte ";
        detail_ += std::to_string(std::min(static_cast<std::size_t>(place - copy_.data()), copy_.size()));
        return false;
    }

    std::string& detail() { return detail_; }

  private:
    bool value(ondemand::value value, WantedFields::Node* wanted, std::size_t depth) {
        const auto token = value.raw_json_token();
        switch (token.front()) {
            case '{':
                if (!object(value.get_object(), wanted, depth + 1)) return false;
                return keep(wanted, Found::Kind::object, token.data());
            case '[':
                if (!array(value.get_array(), wanted, depth + 1)) return false;
                return keep(wanted, Found::Kind::array, token.data());
            default:
                return scalar(value, trim(token), wanted);
        }
    }

    bool scalar(ondemand::value& value, std::string_view token, WantedFields::Node* wanted) {
        if (!is_scalar(token)) return broken("not a JSON value", token.data());
        // A string left to be skipped would be taken for a key where a colon follows it, and hide what comes then.
        if (token.front() == '"' && value.get_raw_json_string().error() != simdjson::SUCCESS) {
            return broken("not a JSON value", token.data());
        }
        if (wanted != nullptr && wanted->slot) {
            fields_.at(*wanted->slot) = {token.front() == 'n' ? Found::Kind::null : Found::Kind::scalar,
                                         in_text(token)};
        }
        return true;
    }

    // An object or array that was walked to its end: its text runs to before the next token.
    bool keep(WantedFields::Node* wanted, Found::Kind kind, const char* first) {
        if (wanted == nullptr || !wanted->slot) return true;
        const char* behind = nullptr;
        if (document_.current_location().get(behind) != simdjson::SUCCESS) behind = copy_.data() + copy_.size();
        fields_.at(*wanted->slot) = {kind, in_text(trim({first, static_cast<std::size_t>(behind - first)}))};
        return true;
    }

    // An escaped key is compared as what it stands for; one with a lone surrogate stands for no text and matches none.
    WantedFields::Node* take_escaped(WantedFields::Node& wanted, ondemand::field& field) {
        std::string_view key;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return nullptr;
        return fields_.take(wanted, key);
    }

    [[nodiscard]] std::string_view in_text(std::string_view in_copy) const {
        return text_.substr(static_cast<std::size_t>(in_copy.data() - copy_.data()), in_copy.size());
    }

    ondemand::document& document_;
    WantedFields& fields_;
    std::string_view copy_;  // what the parser reads
    std::string_view text_;  // the same bytes in the message
    std::string detail_;
};

}  // namespace

struct ElementReader::State {
    explicit State(WantedFields& wanted) : fields(wanted) {}

    WantedFields& fields;
    ondemand::parser parser;
    std::string padded;

    // The parser reads a little beyond the end, so the element is copied to where that is allowed.
    std::string_view copy(std::string_view text) {
        const auto needed = text.size() + simdjson::SIMDJSON_PADDING;
        if (padded.size() < needed) padded.resize(std::bit_ceil(needed));
        std::memcpy(padded.data(), text.data(), text.size());
        std::memset(padded.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
        return {padded.data(), text.size()};
    }

    std::optional<Verdict> read(std::string_view text) {
        fields.begin_element();
        const auto source = copy(text);
        // Grown in steps: the parser by itself allocates anew for each longer element.
        if (parser.capacity() < text.size() &&
            parser.allocate(std::bit_ceil(std::max<std::size_t>(text.size(), 4096))) != simdjson::SUCCESS) {
            return Verdict{Reason::event_too_large, "no memory to parse it", 0, {}};
        }
        ondemand::document document;
        if (const auto error = parser.iterate(source.data(), source.size(), padded.size()).get(document)) {
            return Verdict{Reason::not_json, std::string(reason_text(error)), 0, {}};
        }
        Walk walk(document, fields, source, text);
        const bool is_object = source.front() == '{';
        if (!whole(document, walk, source)) return Verdict{Reason::not_json, std::move(walk.detail()), 0, {}};
        if (!is_object) return Verdict{Reason::not_an_object, "an array, string, number, true, false or null", 0, {}};
        return std::nullopt;
    }

    bool whole(ondemand::document& document, Walk& walk, std::string_view source) const {
        if (source.front() == '{') return walk.object(document.get_object(), fields.root(), 1) && walk.at_end();
        if (source.front() == '[') return walk.array(document.get_array(), nullptr, 1) && walk.at_end();
        std::string_view token;
        if (document.raw_json_token().get(token) != simdjson::SUCCESS || trim(token) != source || !is_scalar(source)) {
            return walk.broken("not a JSON value", source.data());
        }
        return true;
    }
};

ElementReader::ElementReader(WantedFields& fields) : state_(new State(fields)) {}
ElementReader::~ElementReader() = default;
ElementReader::ElementReader(ElementReader&&) noexcept = default;

std::optional<Verdict> ElementReader::read(std::string_view text) {
    if (text.empty()) return Verdict{Reason::not_json, "empty", 0, {}};
    auto verdict = state_->read(text);
    if (text.size() > kKeepBytes) {
        state_->parser = ondemand::parser();
        state_->padded = std::string();
    }
    return verdict;
}

}  // namespace millrace::codec
