#include "bridge/codec/value_maker.h"

#include <simdjson.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace millrace::codec {
namespace {

Value number(std::string_view raw) {
    const char* const end = raw.data() + raw.size();
    if (raw.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t whole = 0;
        if (std::from_chars(raw.data(), end, whole).ec == std::errc{}) return whole;
    }
    double real = 0;
    if (std::from_chars(raw.data(), end, real).ec == std::errc{}) return real;
    return std::strtod(std::string(raw).c_str(), nullptr);  // out of range, and this tells on which side
}

}  // namespace

struct ValueMaker::State {
    simdjson::dom::parser parser;

    Value string(std::string_view raw) {
        if (raw.find('\\') == std::string_view::npos) return std::string(raw.substr(1, raw.size() - 2));
        std::string_view text;
        if (parser.parse(raw.data(), raw.size()).get_string().get(text) != simdjson::SUCCESS) {
            return RawJson{std::string(raw)};
        }
        return std::string(text);
    }
};

ValueMaker::ValueMaker() : state_(std::make_unique<State>()) {}
ValueMaker::~ValueMaker() = default;
ValueMaker::ValueMaker(ValueMaker&&) noexcept = default;

Value ValueMaker::make(const Found& found) {
    switch (found.kind) {
        case Found::Kind::missing:
        case Found::Kind::null:
            return Null{};
        case Found::Kind::object:
        case Found::Kind::array:
            return RawJson{std::string(found.raw)};
        case Found::Kind::scalar:
            break;
    }
    switch (found.raw.front()) {
        case '"':
            return state_->string(found.raw);
        case 't':
            return true;
        case 'f':
            return false;
        default:
            return number(found.raw);
    }
}

}  // namespace millrace::codec
