#include "bridge/protocols/tensors.h"

#include <charconv>
#include <optional>
#include <utility>

#include "bridge/protocols/answer_text.h"
#include "bridge/protocols/json_reader.h"
#include "bridge/protocols/list_reader.h"
#include "bridge/protocols/non_finite.h"
#include "bridge/protocols/raw_element.h"
#include "bridge/protocols/slicer.h"

namespace millrace::protocols {
namespace {

using settings::NonFinite;
using Kind = JsonReader::Kind;

constexpr std::size_t kMaxOutputs = 256;
constexpr std::size_t kMaxDimensions = 16;
constexpr std::size_t kLeastText = 4;  // bytes of one of BYTES: its length

struct Output {
    std::string_view raw_name = {};
    std::string_view shape = {};
    std::string_view data = {};
    std::string_view datatype = {};
    std::string_view parameters = {};
    std::optional<std::size_t> raw_bytes = {};  // of its elements, behind the JSON; in place of data
};

std::optional<std::size_t> whole_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// Everything of the body is read; a problem is the first one met.
class Outputs : ListReader {
  public:
    Outputs(std::string_view body, NonFinite policy) : ListReader(body, policy != NonFinite::error) {
        read_list("outputs", "the list of outputs", [this] { element(); });
        if (outputs_.empty()) complain("found no outputs");
    }

    // What is wrong with the body, or nothing.
    std::string complaint() {
        if (!reader_.finish()) return "the body is no JSON: " + reader_.complaint();
        return problem_;
    }
    const std::vector<Output>& all() const { return outputs_; }

  private:
    void element() {
        if (outputs_.size() == kMaxOutputs) {
            complain("found more than 256 outputs");
            reader_.skip();
        } else if (enter(Kind::object, "an output")) {
            output();
        }
    }

    void output() {
        Output out;
        while (reader_.more()) {
            const std::string_view key = reader_.key();
            std::string_view* const wanted = is_name(key, "name")         ? &out.raw_name
                                             : is_name(key, "shape")      ? &out.shape
                                             : is_name(key, "data")       ? &out.data
                                             : is_name(key, "datatype")   ? &out.datatype
                                             : is_name(key, "parameters") ? &out.parameters
                                                                          : nullptr;
            const bool text = reader_.peek() == Kind::string;
            const std::string_view value = reader_.skip();
            if (wanted == nullptr) continue;
            if (!wanted->empty()) complain("found an output with \"" + std::string(key) + "\" more than once");
            if (wanted == &out.raw_name ? !text : text && (wanted == &out.shape || wanted == &out.data))
                complain("found an output whose \"" + std::string(key) + "\" is of the wrong type");
            *wanted = value;
        }
        if (reader_.failed()) return;
        read_raw_bytes(out);
        if (out.raw_name.empty() || out.shape.empty() || (out.data.empty() && !out.raw_bytes)) {
            return complain("found an output without name, shape or data");
        }
        for (const Output& other : outputs_) {
            if (other.raw_name == out.raw_name) return complain("found two outputs " + std::string(out.raw_name));
        }
        outputs_.push_back(out);
    }

    // parameters.binary_data_size; parameters are whole JSON.
    void read_raw_bytes(Output& out) {
        JsonReader parameters(out.parameters, true);
        if (parameters.peek() != Kind::object) return;
        parameters.enter();
        while (parameters.more()) {
            const bool is_size = is_name(parameters.key(), "binary_data_size");
            const std::string_view value = parameters.skip();
            if (!is_size) continue;
            const auto bytes = whole_number(value);
            if (!bytes || out.raw_bytes || !out.data.empty()) complain("found a binary_data_size that cannot be");
            out.raw_bytes = bytes;
        }
    }

    std::vector<Output> outputs_;
};

// The dimensions, or nothing for a text that is no list of whole numbers.
std::optional<std::vector<std::size_t>> dimensions(std::string_view shape) {
    std::vector<std::size_t> sizes;
    JsonReader reader(shape);
    if (reader.peek() != Kind::array) return std::nullopt;
    reader.enter();
    while (reader.more()) {
        const auto size = whole_number(reader.skip());
        if (!size || sizes.size() == kMaxDimensions) return std::nullopt;
        sizes.push_back(*size);
    }
    return sizes;
}

// Null for none that is known.
const signature::Datatype* datatype_of(const Output& output) {
    if (output.datatype.size() < 2) return nullptr;
    return signature::find_datatype(output.datatype.substr(1, output.datatype.size() - 2));
}

// One output's elements from JSON, flat or nested as its shape says.
class JsonElements {
  public:
    JsonElements(const std::vector<std::size_t>& shape, Slicer& slicer, NonFinite policy)
        : shape_(shape), slicer_(slicer), policy_(policy) {}

    // False for data that is not of its shape.
    bool read(std::string_view data) {
        if (!slicer_.begin(data.size())) return false;  // a value takes a byte at least
        JsonReader reader(data, policy_ != NonFinite::error);
        if (reader.peek() != Kind::array) return false;
        JsonReader first = reader;
        first.enter();
        const bool nested = first.more() && first.peek() == Kind::array;
        return (nested ? read_nested(reader, 0) : read_flat(reader)) && slicer_.full();
    }

  private:
    bool read_flat(JsonReader& reader) {
        reader.enter();
        while (reader.more()) {
            if (!element(reader)) return false;
        }
        return true;
    }

    bool read_nested(JsonReader& reader, std::size_t level) {
        if (level == shape_.size()) return element(reader);
        if (reader.peek() != Kind::array) return false;
        std::size_t found = 0;
        reader.enter();
        while (reader.more()) {
            if (++found > shape_[level] || !read_nested(reader, level + 1)) return false;
        }
        return found == shape_[level];
    }

    bool element(JsonReader& reader) {
        const Kind kind = reader.peek();
        if (kind == Kind::array || kind == Kind::object || slicer_.full()) return false;
        std::string& text = slicer_.next();
        const std::string_view value = reader.skip();
        text += kind == Kind::non_finite ? finite(value, policy_) : value;
        slicer_.added();
        return true;
    }

    const std::vector<std::size_t>& shape_;
    Slicer& slicer_;
    NonFinite policy_;
};

// The same from raw bytes, which are all there is of them.
bool read_raw(Slicer& slicer, std::string_view bytes, const signature::Datatype& datatype, NonFinite policy) {
    const std::size_t least = datatype.bytes == 0 ? kLeastText : datatype.bytes;
    if (!slicer.begin(bytes.size() / least)) return false;
    while (!slicer.full()) {
        if (!take_element(slicer.next(), bytes, datatype, policy)) return false;
        slicer.added();
    }
    return bytes.empty();
}

// The part of `raw` that is each output's, empty where its data is in the JSON; or what is wrong with their sizes.
Result<std::vector<std::string_view>> parts_of(std::string_view raw, const std::vector<Output>& outputs) {
    std::vector<std::string_view> parts;
    const std::size_t all = raw.size();
    for (const Output& output : outputs) {
        const std::size_t size = output.raw_bytes.value_or(0);
        if (size > raw.size()) {
            return fail(ErrorCode::invalid, "found " + std::to_string(all) + " bytes behind the JSON, too few for " +
                                                std::string(output.raw_name));
        }
        parts.push_back(raw.substr(0, size));
        raw.remove_prefix(size);
    }
    if (raw.empty()) return parts;
    return fail(ErrorCode::invalid,
                "found " + std::to_string(raw.size()) + " bytes behind the JSON that are no output's");
}

}  // namespace

namespace {

// All but its data.
std::string tensor_head(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns) {
    std::string text = "{\"name\":";
    text.append(name).append(",\"shape\":[").append(std::to_string(rows)).append(",").append(std::to_string(columns));
    return text.append("],\"datatype\":\"").append(datatype).append("\",");
}

}  // namespace

std::string tensor(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns,
                   std::string_view data) {
    return tensor_head(name, datatype, rows, columns).append("\"data\":[").append(data).append("]}");
}

std::string raw_tensor(std::string_view name, std::string_view datatype, std::size_t rows, std::size_t columns,
                       std::size_t bytes) {
    return tensor_head(name, datatype, rows, columns)
        .append("\"parameters\":{\"binary_data_size\":")
        .append(std::to_string(bytes))
        .append("}}");
}

Results read_tensors(std::string_view json, std::string_view raw, std::size_t rows, NonFinite policy) {
    if (!is_utf8(json)) return fail(ErrorCode::invalid, "the body is not UTF-8");
    const auto broken = [rows](const std::string& text) {
        return fail(ErrorCode::invalid, text.starts_with("the body") ? text : expected(rows) + ", " + text);
    };
    Outputs outputs(json, policy);
    if (const std::string problem = outputs.complaint(); !problem.empty()) return broken(problem);
    const auto parts = parts_of(raw, outputs.all());
    if (!parts) return broken(parts.error().text);
    const bool several = outputs.all().size() > 1;
    std::vector<std::vector<std::size_t>> shapes;
    for (const Output& output : outputs.all()) {
        auto shape = dimensions(output.shape);
        const std::string where = " in " + std::string(output.raw_name);
        if (!shape || shape->empty()) return broken("found an unreadable shape" + where);
        if (shape->front() != rows) return broken("found " + std::to_string(shape->front()) + where);
        shapes.push_back(std::move(*shape));
    }
    std::vector<std::string> texts(rows);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        const Output& output = outputs.all()[i];
        if (several) {
            for (std::string& text : texts) text.append(i == 0 ? "{" : ",").append(output.raw_name).append(":");
        }
        Slicer slicer(shapes[i], texts);
        bool good = false;
        if (output.raw_bytes) {
            const signature::Datatype* const datatype = datatype_of(output);
            if (datatype == nullptr)
                return broken("found binary data of an unknown datatype in " + std::string(output.raw_name));
            good = read_raw(slicer, (*parts)[i], *datatype, policy);
        } else {
            good = JsonElements(shapes[i], slicer, policy).read(output.data);
        }
        if (!good) return broken("found data that is not of its shape or datatype in " + std::string(output.raw_name));
    }
    if (several) {
        for (std::string& text : texts) text += '}';
    }
    return texts;
}

}  // namespace millrace::protocols
