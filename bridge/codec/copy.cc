#include "bridge/codec/copy.h"

#include <string>

#include "bridge/codec/fit.h"
#include "bridge/codec/lineage.h"

namespace millrace::codec {

Result<Rendered> with_copy(Rendered made, std::string_view what, const settings::Pipeline& pipeline,
                           const Delivery& delivery, const Event& event, std::size_t max_bytes) {
    const std::size_t ours = made.headers.size();
    add_passed_on(delivery, made.headers);
    if (!misfit(made.headers, event.text.size(), max_bytes).empty()) made.headers.resize(ours);
    made.payload = event.text;
    if (!misfit(made.headers, made.payload.size(), max_bytes).empty()) {
        made.payload = stand_in(pipeline.input.stream, delivery, event);
    }
    const auto trouble = misfit(made.headers, made.payload.size(), max_bytes);
    if (trouble.empty()) return made;
    return fail(ErrorCode::too_large, std::string(what) + ": " + trouble + ", with nothing left to shed");
}

}  // namespace millrace::codec
