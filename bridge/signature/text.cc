#include "bridge/signature/text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "bridge/base/text.h"
#include "bridge/signature/reader.h"

namespace millrace::signature {
namespace {

std::unexpected<Error> refuse(std::string_view type, std::string_view rule) {
    return fail(ErrorCode::invalid, '\'' + std::string(type) + "' " + std::string(rule));
}

// "[]" or "[3]" off the front of `rest`; nothing when it begins otherwise.
Result<std::int64_t> take_dimension(std::string_view& rest) {
    const std::size_t end = rest.find(']');
    if (rest.front() != '[' || end == std::string_view::npos) return fail(ErrorCode::invalid, "");
    const std::string_view digits = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (digits.empty()) return -1;
    std::int64_t size = 0;
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || at != digits.data() + digits.size() || size < 1) return fail(ErrorCode::invalid, "");
    return size;
}

std::string known_types() {
    std::string list;
    for (const std::string_view type : kElementTypeNames) list += (list.empty() ? "" : ", ") + std::string(type);
    return list;
}

// Every name in quotes: true, 12 and ~ would be read as something else.
std::string yaml_map(std::string_view key, const std::vector<SignatureField>& fields, std::string_view indent) {
    std::string text = std::string(indent) + "  " + std::string(key) + ":\n";
    for (const SignatureField& field : fields) {
        text.append(indent).append("    ");
        append_quoted(text, field.name);
        text.append(": ").append("\"" + type_text(field) + "\"\n");
    }
    return text;
}

}  // namespace

std::string type_text(const SignatureField& field) {
    std::string text(name(field.type));
    for (const std::int64_t size : field.shape) text += size < 0 ? "[]" : '[' + std::to_string(size) + ']';
    if (field.optional) text += '?';
    return text;
}

Result<SignatureField> parse_field(std::string name, std::string_view type) {
    SignatureField field;
    field.name = std::move(name);
    std::string_view rest = type;
    if (rest.ends_with('?')) {
        field.optional = true;
        rest.remove_suffix(1);
    }
    const std::string_view element = rest.substr(0, rest.find('['));
    rest.remove_prefix(element.size());
    const auto* const found = std::ranges::find(kElementTypeNames, element);
    if (found == kElementTypeNames.end()) return refuse(type, "is no type (one of " + known_types() + ")");
    field.type = static_cast<ElementType>(found - kElementTypeNames.begin());
    while (!rest.empty()) {
        const auto size = take_dimension(rest);
        if (!size || field.shape.size() == kMostDimensions)
            return refuse(type, "has no readable shape (write for example float64[3], or float64[] for any length)");
        field.shape.push_back(*size);
    }
    return field;
}

std::string one_line(const std::vector<SignatureField>& fields) {
    if (fields.empty()) return "nothing";
    std::string text;
    for (const SignatureField& field : fields) {
        if (!text.empty()) text += ", ";
        if (!field.name.empty()) text += field.name + ' ';
        text += type_text(field);
    }
    return text;
}

std::string table(const std::vector<SignatureField>& fields, std::string_view indent) {
    std::size_t width = 0;
    for (const SignatureField& field : fields) width = std::max(width, field.name.size());
    std::string text;
    for (const SignatureField& field : fields) {
        text.append(indent).append(field.name).append(width - field.name.size() + 2, ' ');
        text.append(type_text(field)).append("\n");
    }
    return text;
}

std::string yaml_block(const Signature& signature, std::string_view indent) {
    std::string text = std::string(indent) + "signature:\n" + yaml_map("inputs", signature.inputs, indent);
    if (!signature.outputs.empty()) text += yaml_map("outputs", signature.outputs, indent);
    return text;
}

}  // namespace millrace::signature
