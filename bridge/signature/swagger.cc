// A swagger says what a request's body is, and nowhere which part of it is the rows. By the servers' own habits that is
// the first array one comes to: {"data":[row,…]}, {"Inputs":{"WebServiceInput0":[row,…]},"GlobalParameters":{…}},
// [row,…]. Of a DataFrame in the form `split` it is `data`, not the `columns` before it.
#include <algorithm>

#include "bridge/signature/json.h"

namespace millrace::signature {
namespace {

constexpr std::size_t kDeepest = 16;
constexpr std::size_t kMostSteps = 20000;  // schemas can refer to one another in more ways than anybody has time for

constexpr std::array<TypeWord, 4> kFormats = {{
    {"int32", ElementType::int32},
    {"int64", ElementType::int64},
    {"float", ElementType::float32},
    {"double", ElementType::float64},
}};
constexpr std::array<TypeWord, 4> kTypes = {{
    {"integer", ElementType::int64},
    {"number", ElementType::float64},
    {"boolean", ElementType::boolean},
    {"string", ElementType::string},
}};

struct Found {
    std::string name;  // of the member that holds the rows
    dom::element row;  // the schema of one
};

class Swagger {
  public:
    explicit Swagger(dom::element root) : root_(root) {}

    std::optional<dom::element> body_of(dom::element call) {
        if (const auto body = member(call, "requestBody")) return content_of(resolve(*body));
        dom::array parameters;
        const auto list = member(call, "parameters");
        if (!list || list->get_array().get(parameters) != simdjson::SUCCESS) return std::nullopt;
        for (const dom::element parameter : parameters) {
            const dom::element named = resolve(parameter);
            if (text_at(named, "in") == "body") return member(named, "schema");
        }
        return std::nullopt;
    }

    std::optional<dom::element> answer_of(dom::element call) {
        const auto responses = member(call, "responses");
        const auto good = responses ? member(*responses, "200") : std::nullopt;
        if (!good) return std::nullopt;
        const dom::element named = resolve(*good);
        const auto schema = member(named, "schema");
        return schema ? schema : content_of(named);
    }

    std::vector<SignatureField> fields_of(dom::element schema) {
        const auto found = rows_in(schema, {}, 0);
        if (!found) return {};
        const dom::element row = resolve(found->row);
        dom::object columns;
        if (const auto properties = member(row, "properties");
            properties && properties->get_object().get(columns) == simdjson::SUCCESS)
            return columns_of(row, columns);
        return {scalar_or_list(found->name, row)};
    }

  private:
    // What a schema refers to, or itself.
    dom::element resolve(dom::element schema) {
        for (std::size_t hop = 0; hop < kDeepest; ++hop) {
            const std::string_view to = text_at(schema, "$ref");
            if (!to.starts_with("#/")) return schema;
            dom::element found;
            if (root_.at_pointer(to.substr(1)).get(found) != simdjson::SUCCESS) return schema;
            schema = found;
        }
        return schema;
    }

    static std::optional<dom::element> content_of(dom::element of) {
        const auto content = member(of, "content");
        const auto json = content ? member(*content, "application/json") : std::nullopt;
        return json ? member(*json, "schema") : std::nullopt;
    }

    std::optional<Found> rows_in(dom::element schema, std::string_view name, std::size_t depth) {
        if (depth > kDeepest || ++steps_ > kMostSteps) return std::nullopt;
        const dom::element here = resolve(schema);
        if (const auto items = member(here, "items")) return Found{std::string(name), *items};
        const auto properties = member(here, "properties");
        dom::object members;
        if (!properties || properties->get_object().get(members) != simdjson::SUCCESS) return std::nullopt;
        const bool split = member(*properties, "columns") && member(*properties, "data");
        std::optional<Found> deeper;
        for (const auto& [key, value] : members) {
            if (split && key != "data") continue;
            if (++steps_ > kMostSteps) return std::nullopt;
            if (const auto items = member(resolve(value), "items")) return Found{std::string(key), *items};
            if (!deeper) deeper = rows_in(value, key, depth + 1);
        }
        return deeper;
    }

    std::vector<SignatureField> columns_of(dom::element row, dom::object columns) {
        std::vector<std::string_view> required;
        dom::array names;
        const auto list = member(row, "required");
        const bool says = list && list->get_array().get(names) == simdjson::SUCCESS;
        if (says) {
            for (const dom::element each : names) required.push_back(text_of(each));
        }
        std::vector<SignatureField> fields;
        for (const auto& [key, value] : columns) {
            if (fields.size() == kMostFields) break;
            SignatureField field = scalar_or_list(std::string(key), resolve(value));
            field.optional = field.optional || (says && std::ranges::find(required, key) == required.end());
            fields.push_back(std::move(field));
        }
        return fields;
    }

    SignatureField scalar_or_list(std::string name, dom::element schema) {
        SignatureField field;
        field.name = std::move(name);
        for (auto items = member(schema, "items"); items && field.shape.size() < kDeepest;
             items = member(schema, "items")) {
            field.shape.push_back(-1);
            schema = resolve(*items);
        }
        bool nullable = is_true(member(schema, "nullable")) || is_true(member(schema, "x-nullable"));
        field.type = type_in(schema, nullable);
        field.optional = nullable;
        return field;
    }

    // `type` may be a list in OpenAPI 3.1: ["number", "null"].
    static ElementType type_in(dom::element schema, bool& nullable) {
        std::string_view word = text_at(schema, "type");
        dom::array words;
        const auto list = member(schema, "type");
        if (list && list->get_array().get(words) == simdjson::SUCCESS) {
            for (const dom::element each : words) {
                const std::string_view one = text_of(each);
                if (one == "null") {
                    nullable = true;
                } else if (!word.empty()) {
                    return ElementType::any;  // several
                } else {
                    word = one;
                }
            }
        }
        const std::string_view format = text_at(schema, "format");
        const ElementType type = type_of(word, kTypes);
        // A date, a duration or bytes as text: what of it the endpoint reads is its own business.
        if (type == ElementType::string && !format.empty()) return ElementType::any;
        const bool is_number = type == ElementType::int64 || type == ElementType::float64;
        const ElementType exact = is_number ? type_of(format, kFormats) : ElementType::any;
        return exact == ElementType::any ? type : exact;
    }

    dom::element root_;
    std::size_t steps_ = 0;
};

// The POST of the path that is the call's, or the only one there is.
std::optional<dom::element> call_in(dom::element root, std::string_view path) {
    const auto paths = member(root, "paths");
    dom::object all;
    if (!paths || paths->get_object().get(all) != simdjson::SUCCESS) return std::nullopt;
    std::optional<dom::element> only;
    std::optional<dom::element> best;
    std::size_t longest = 0;
    std::size_t posts = 0;
    for (const auto& [key, value] : all) {
        const auto post = member(value, "post");
        if (!post) continue;
        ++posts;
        only = post;
        // The document may leave out what stands before its paths (basePath, servers).
        if (path.ends_with(key) && key.size() >= longest) {
            longest = key.size();
            best = post;
        }
    }
    return best ? best : posts == 1 ? only : std::nullopt;
}

}  // namespace

Result<Signature> read_swagger(std::string_view document, std::string_view which) {
    Document parsed;
    const auto root = parsed.parse(document);
    if (!root) return no_json();
    if (!member(*root, "swagger") && !member(*root, "openapi"))
        return fail(ErrorCode::invalid, "it is neither Swagger 2.0 nor OpenAPI 3");
    const auto call = call_in(*root, which);
    if (!call) return fail(ErrorCode::not_found, "it has no POST of " + std::string(which));
    Swagger swagger(*root);
    Signature signature;
    if (const auto body = swagger.body_of(*call)) signature.inputs = swagger.fields_of(*body);
    if (signature.inputs.empty())
        return fail(ErrorCode::not_found,
                    "it says nothing of the input (is the scoring script's run() decorated with input_schema?)");
    if (const auto answer = swagger.answer_of(*call)) signature.outputs = swagger.fields_of(*answer);
    return signature;
}

}  // namespace millrace::signature
