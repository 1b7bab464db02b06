// Any bytes as a message: the decoder does not crash, texts lie in the payload in order, and every row is as long as
// allowed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bridge/codec/event_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const millrace::settings::Pipeline pipeline = [] {
        millrace::settings::Pipeline p;
        p.event.features = {{"a", std::nullopt}, {"/b/0/c", "null"}, {"d", "\"x\""}};
        p.results.include = millrace::settings::Include::fields;
        p.results.include_fields = {"a", "e"};
        p.endpoint.max_batch_bytes = 4096;
        return p;
    }();
    static millrace::codec::EventDecoder decoder(pipeline);
    millrace::Delivery delivery;
    delivery.payload = millrace::Payload(std::string(reinterpret_cast<const char*>(bytes), size));
    decoder.decode(delivery);
    const char* at = delivery.payload.bytes().data();
    const char* end = at + size;
    for (const millrace::Event& event : delivery.events) {
        const char* begin = event.text.data();
        if (begin < at || begin + event.text.size() > end) std::abort();
        at = begin + event.text.size();
        if (!event.fault && (event.row.empty() || event.row.size() > 4096)) std::abort();
    }
    return 0;
}
