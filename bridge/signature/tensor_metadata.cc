#include <charconv>

#include "bridge/signature/datatype.h"
#include "bridge/signature/json.h"

namespace millrace::signature {
namespace {

// tensorflow/core/framework/types.proto
constexpr std::array<TypeWord, 13> kDtypes = {{
    {"DT_BOOL", ElementType::boolean},
    {"DT_INT8", ElementType::int8},
    {"DT_INT16", ElementType::int16},
    {"DT_INT32", ElementType::int32},
    {"DT_INT64", ElementType::int64},
    {"DT_UINT8", ElementType::uint8},
    {"DT_UINT16", ElementType::uint16},
    {"DT_UINT32", ElementType::uint32},
    {"DT_UINT64", ElementType::uint64},
    {"DT_HALF", ElementType::float16},
    {"DT_FLOAT", ElementType::float32},
    {"DT_DOUBLE", ElementType::float64},
    {"DT_STRING", ElementType::string},
}};

// The numbers of a list, as JSON numbers or, in TensorFlow's protobuf JSON, as texts; others count as any length.
std::int64_t size_of(dom::element element) {
    std::int64_t size = -1;
    if (element.get_int64().get(size) == simdjson::SUCCESS) return size;
    const std::string_view text = text_of(element);
    std::from_chars(text.data(), text.data() + text.size(), size);
    return size;
}

std::vector<SignatureField> tensors(dom::element root, std::string_view key) {
    std::vector<SignatureField> fields;
    dom::array list;
    const auto found = member(root, key);
    if (!found || found->get_array().get(list) != simdjson::SUCCESS) return fields;
    for (const dom::element tensor : list) {
        if (fields.size() == kMostFields) break;
        SignatureField field;
        field.name = text_at(tensor, "name");
        const Datatype* const datatype = find_datatype(text_at(tensor, "datatype"));
        field.type = datatype == nullptr ? ElementType::any : datatype->type;
        std::vector<std::int64_t> shape;
        dom::array sizes;
        if (const auto dims = member(tensor, "shape"); dims && dims->get_array().get(sizes) == simdjson::SUCCESS) {
            for (const dom::element size : sizes) shape.push_back(size_of(size));
        }
        field.shape = row_shape(std::move(shape));
        fields.push_back(std::move(field));
    }
    return fields;
}

std::vector<SignatureField> tensor_infos(dom::element signature, std::string_view key) {
    std::vector<SignatureField> fields;
    dom::object infos;
    const auto found = member(signature, key);
    if (!found || found->get_object().get(infos) != simdjson::SUCCESS) return fields;
    for (const auto& [name, info] : infos) {
        if (fields.size() == kMostFields) break;
        SignatureField field;
        field.name = name;
        field.type = type_of(text_at(info, "dtype"), kDtypes);
        std::vector<std::int64_t> shape;
        dom::array sizes;
        const auto tensor_shape = member(info, "tensor_shape");
        const auto dims = tensor_shape ? member(*tensor_shape, "dim") : std::nullopt;
        if (dims && dims->get_array().get(sizes) == simdjson::SUCCESS) {
            for (const dom::element dim : sizes) {
                const auto size = member(dim, "size");
                shape.push_back(size ? size_of(*size) : -1);
            }
        }
        field.shape = row_shape(std::move(shape));
        fields.push_back(std::move(field));
    }
    return fields;
}

}  // namespace

Result<Signature> read_open_inference(std::string_view document, std::string_view) {
    Document parsed;
    const auto root = parsed.parse(document);
    if (!root || !root->is_object()) return no_json();
    Signature signature{tensors(*root, "inputs"), tensors(*root, "outputs")};
    if (signature.inputs.empty())
        return fail(ErrorCode::not_found,
                    "the model's metadata name no inputs (declare them in the server's settings)");
    return signature;
}

Result<Signature> read_tensorflow_serving(std::string_view document, std::string_view which) {
    Document parsed;
    const auto root = parsed.parse(document);
    if (!root || !root->is_object()) return no_json();
    const std::string_view name = which.empty() ? "serving_default" : which;
    std::optional<dom::element> at = root;
    for (const std::string_view key :
         {std::string_view("metadata"), std::string_view("signature_def"), std::string_view("signature_def"), name}) {
        at = at ? member(*at, key) : std::nullopt;
    }
    if (!at) return fail(ErrorCode::not_found, "the model's metadata have no signature " + std::string(name));
    Signature signature{tensor_infos(*at, "inputs"), tensor_infos(*at, "outputs")};
    if (signature.inputs.empty()) return fail(ErrorCode::not_found, "the model's signature names no inputs");
    return signature;
}

}  // namespace millrace::signature
