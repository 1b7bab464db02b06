#include "bridge/protocols/columns.h"

#include <cstddef>

#include "bridge/base/check.h"
#include "bridge/base/text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/settings/field_path.h"

namespace millrace::protocols {

Columns::Columns(const std::vector<settings::Feature>& features) {
    for (const settings::Feature& feature : features) {
        append_quoted(names_.emplace_back(), settings::key_of(feature.field));
    }
}

std::string Columns::split(std::span<const std::string_view> rows) const {
    std::string text = "{\"columns\":[";
    for (const std::string& name : names_) text += name + ',';
    text.back() = ']';
    text += ",\"index\":[";
    for (std::size_t i = 0; i < rows.size(); ++i) text += std::to_string(i) + ',';
    text.back() = ']';
    text += ",\"data\":[";
    for (const std::string_view row : rows) (text += row) += ',';
    text.back() = ']';
    return text + '}';
}

std::vector<std::string> Columns::values(std::span<const std::string_view> rows) const {
    std::vector<std::string> columns(names_.size());
    for (const std::string_view row : rows) {
        std::size_t at = 0;
        JsonReader reader(row);
        reader.enter();
        for (; reader.more(); ++at) {
            MILLRACE_CHECK(at < columns.size(), "a row has one value per feature");
            std::string& column = columns[at];
            if (!column.empty()) column += ',';
            column += reader.skip();
        }
        MILLRACE_CHECK(at == columns.size() && reader.finish(), "a row is an array with one value per feature");
    }
    return columns;
}

std::string Columns::object(std::span<const std::string_view> rows) const {
    const std::vector<std::string> columns = values(rows);
    std::string text = "{";
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i != 0) text += ',';
        text += names_[i] + ":[" + columns[i] + ']';
    }
    return text + '}';
}

}  // namespace millrace::protocols
