// Any document, to every reader of signatures: reading is total and ends, what is found has inputs, is bounded, and
// comes out of its text as it went in; matching and fitting are total as well, and a fitted value is one that fits
// again.
#include <array>

#include "bridge/base/check.h"
#include "bridge/signature/fit.h"
#include "bridge/signature/match.h"
#include "bridge/signature/reader.h"
#include "bridge/signature/text.h"
#include "tests/fuzz/tape.h"

using namespace millrace;
using namespace millrace::signature;

namespace {

void check(const Signature& signature) {
    MILLRACE_CHECK(!signature.inputs.empty(), "a signature has inputs");
    MILLRACE_CHECK(signature.inputs.size() <= kMostFields && signature.outputs.size() <= kMostFields, "it is bounded");
    std::vector<std::string> names;
    for (const SignatureField& field : signature.inputs) {
        const auto again = parse_field(field.name, type_text(field));
        MILLRACE_CHECK(again && *again == field, "a type's text is the type");
        names.push_back(field.name);
    }
    yaml_block(signature, "  ");
    table(signature.outputs, "");
    for (const bool by_name : {false, true}) {
        const Match found = match(signature, names, by_name);
        MILLRACE_CHECK(found.columns.empty() || found.columns.size() == names.size(), "one column a feature");
        complaint(found);
    }
}

void check_fit(std::string_view raw) {
    for (std::size_t i = 0; i < kElementTypeNames.size(); ++i) {
        const auto type = static_cast<ElementType>(i);
        std::string out;
        if (!append_fitted(out, raw, type)) {
            MILLRACE_CHECK(out.empty() && !found_instead(raw, type).empty(), "what does not fit leaves nothing");
            continue;
        }
        std::string again;
        MILLRACE_CHECK(append_fitted(again, out, type) && again == out, "what was fitted fits");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    for (const auto& read : {read_swagger(text, "/score"), read_open_inference(text, ""),
                             read_tensorflow_serving(text, ""), read_mlflow(text, text)}) {
        if (read) check(*read);
    }
    parse_field("x", text);
    // As the decoder hands it on: a scalar.
    if (!text.empty() && text.find_first_of("{}[]\n ") == std::string_view::npos &&
        (text.front() != '"' || (size > 1 && text.find('"', 1) == size - 1)))
        check_fit(text);
    return 0;
}
