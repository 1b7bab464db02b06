// Any status and body as an answer: decode is total, and "scored" means one result per row.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "bridge/protocols/registry.h"

using namespace millrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 3) return 0;
    static settings::Endpoint azureml;
    static settings::Endpoint json = [] {
        settings::Endpoint e;
        e.protocol = "json";
        e.results_pointer = "/out";
        e.non_finite = settings::NonFinite::string;
        return e;
    }();
    static const auto one = protocols::make(azureml);
    static const auto other = protocols::make(json);
    protocols::Protocol& protocol = bytes[0] % 2 == 0 ? *one : *other;
    const std::size_t rows = 1 + bytes[0] / 2 % 8;
    const int status = bytes[1] < 128 ? 200 : 300 + bytes[1];
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 3, size - 3);
    const std::size_t cut = bytes[2] % 32;
    const std::vector<Header> headers = {{"retry-after", std::string(text.substr(0, cut))},
                                         {"ms-azureml-model-error-statuscode", std::string(text.substr(0, cut / 8))},
                                         {"date", "Sun, 06 Nov 1994 08:49:37 GMT"}};
    const Answer answer = protocol.decode({status, headers, text, {}}, rows);
    if ((answer.outcome == Outcome::scored) != (answer.scores.size() == rows)) std::abort();
    if (answer.retry_after && (*answer.retry_after < Duration::zero() || *answer.retry_after > std::chrono::minutes(5)))
        std::abort();
    return 0;
}
