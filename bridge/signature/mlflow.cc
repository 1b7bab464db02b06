#include "bridge/signature/json.h"

namespace millrace::signature {
namespace {

// mlflow.types.DataType; a datetime is read from several forms, bytes from base64.
constexpr std::array<TypeWord, 6> kColumnTypes = {{
    {"boolean", ElementType::boolean},
    {"integer", ElementType::int32},
    {"long", ElementType::int64},
    {"float", ElementType::float32},
    {"double", ElementType::float64},
    {"string", ElementType::string},
}};

// Names of numpy's types.
constexpr std::array<TypeWord, 14> kDtypes = {{
    {"bool", ElementType::boolean},
    {"int8", ElementType::int8},
    {"int16", ElementType::int16},
    {"int32", ElementType::int32},
    {"int64", ElementType::int64},
    {"uint8", ElementType::uint8},
    {"uint16", ElementType::uint16},
    {"uint32", ElementType::uint32},
    {"uint64", ElementType::uint64},
    {"float16", ElementType::float16},
    {"float32", ElementType::float32},
    {"float64", ElementType::float64},
    {"str", ElementType::string},
    {"object", ElementType::any},
}};

Result<std::vector<SignatureField>> fields_in(std::string_view text) {
    Document parsed;
    dom::array list;
    const auto root = parsed.parse(text);
    if (!root || root->get_array().get(list) != simdjson::SUCCESS)
        return fail(ErrorCode::invalid, "it is no list in JSON, as MLflow writes signatures");
    std::vector<SignatureField> fields;
    for (const dom::element column : list) {
        if (fields.size() == kMostFields) break;
        SignatureField field;
        field.name = text_at(column, "name");
        field.type = type_of(text_at(column, "type"), kColumnTypes);
        field.optional = member(column, "required") && !is_true(member(column, "required"));
        if (const auto tensor = member(column, "tensor-spec")) {
            field.type = type_of(text_at(*tensor, "dtype"), kDtypes);
            std::vector<std::int64_t> shape;
            dom::array sizes;
            if (const auto dims = member(*tensor, "shape"); dims && dims->get_array().get(sizes) == simdjson::SUCCESS) {
                for (const dom::element size : sizes) {
                    std::int64_t value = -1;
                    if (size.get_int64().get(value) != simdjson::SUCCESS) value = -1;
                    shape.push_back(value);
                }
            }
            field.shape = row_shape(std::move(shape));
        }
        fields.push_back(std::move(field));
    }
    return fields;
}

}  // namespace

Result<Signature> read_mlflow(std::string_view inputs, std::string_view outputs) {
    auto in = fields_in(inputs);
    if (!in) return std::unexpected(in.error());
    if (in->empty()) return fail(ErrorCode::not_found, "the model's signature names no inputs");
    Signature signature{std::move(*in), {}};
    if (outputs.empty()) return signature;
    auto out = fields_in(outputs);
    if (!out) return std::unexpected(out.error());
    signature.outputs = std::move(*out);
    return signature;
}

}  // namespace millrace::signature
