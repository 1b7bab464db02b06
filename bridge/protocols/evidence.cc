#include "bridge/protocols/evidence.h"

#include <array>

#include "bridge/base/header.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/status.h"

namespace millrace::protocols {
namespace {

using Kind = JsonReader::Kind;

constexpr std::size_t kMaxErrorBody = 64 << 10;

std::optional<std::string> quoted_text(std::string_view raw) {
    if (raw.size() < 3) return std::nullopt;  // no string, or an empty one
    return unescape(raw.substr(1, raw.size() - 2));
}

// The members that may hold the sentence, the most telling one first.
constexpr std::array<std::string_view, 3> kMembers = {"message", "error", "detail"};

// Reads a value: a string, or an object with one of kMembers, which may be another such object, `inner` levels deep.
std::optional<std::string> sentence(JsonReader& reader, unsigned inner) {
    const Kind kind = reader.peek();
    if (kind == Kind::string) return quoted_text(reader.skip());
    if (kind != Kind::object || inner == 0) return reader.skip(), std::nullopt;
    std::array<std::optional<std::string>, kMembers.size()> found;
    reader.enter();
    while (reader.more()) {
        const std::string_view name = reader.key();
        std::size_t which = 0;
        while (which < kMembers.size() && !is_name(name, kMembers[which])) ++which;
        if (which == kMembers.size()) {
            reader.skip();
        } else if (auto text = sentence(reader, inner - 1); text && !found[which]) {
            found[which] = std::move(text);
        }
    }
    for (auto& text : found) {
        if (text) return std::move(text);
    }
    return std::nullopt;
}

// Length of the character that `text` begins with; `text` is valid UTF-8.
std::size_t character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// C0 and C1 controls, DEL, and the two Unicode line ends.
bool is_printable(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character.front());
    if (lead < 0x20 || lead == 0x7F) return false;
    if (lead == 0xC2) return static_cast<unsigned char>(character[1]) >= 0xA0;
    return character != "\u2028" && character != "\u2029";
}

}  // namespace

std::string deployment_of(const Response& response) {
    return one_line(header_or_empty(response.headers, "azureml-model-deployment"), kMaxName);
}

std::string request_id_of(const Response& response) {
    for (const std::string_view name : {"x-request-id", "x-ms-request-id", "x-ms-client-request-id"}) {
        const std::string_view id = header_or_empty(response.headers, name);
        if (!id.empty()) return one_line(id, kMaxName);
    }
    return {};
}

std::string refusal(const Response& response) {
    std::string text = "HTTP " + std::to_string(response.status);
    const std::string_view inner = header_or_empty(response.headers, kModelStatusHeader);
    if (!inner.empty()) text += " (the model's own status: " + std::string(inner) + ')';
    if (const auto said = error_text(response.body)) {
        text += ": " + *said;
    } else if (const auto words = status_text(response.status); !words.empty()) {
        text += ' ' + std::string(words);
    }
    return one_line(text, kMaxReason);
}

std::optional<std::string> error_text(std::string_view body) {
    if (body.size() > kMaxErrorBody || !is_utf8(body)) return std::nullopt;
    JsonReader reader(body, true);
    auto text = sentence(reader, 2);
    return reader.finish() ? std::move(text) : std::nullopt;
}

std::string one_line(std::string_view text, std::size_t limit) {
    std::string ascii;
    if (!is_utf8(text)) {
        for (const char c : text.substr(0, limit)) ascii += static_cast<unsigned char>(c) < 0x80 ? c : '?';
        text = ascii;
    }
    std::string out;
    while (!text.empty()) {
        const std::string_view next = text.substr(0, character(text));
        if (out.size() + next.size() > limit) break;
        out += is_printable(next) ? next : " ";
        text.remove_prefix(next.size());
    }
    return out;
}

}  // namespace millrace::protocols
