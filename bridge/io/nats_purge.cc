#include "bridge/io/nats_purge.h"

#include "bridge/io/nats_wire.h"

namespace millrace::io {

bool purges_no_more_than_asked(const StreamFound& stream) { return stream.server_now.has_value(); }

std::string purge_body(std::string_view filter, std::uint64_t below) {
    return "{\"filter\":" + json_string(filter) + ",\"seq\":" + std::to_string(below) + "}";
}

Result<bool> delete_below(const NatsAdmin& admin, const std::string& stream, std::string_view filter,
                          std::uint64_t below, const std::function<bool()>& stopped) {
    for (std::uint64_t from = 1; !stopped();) {
        const auto found = admin.next_message(stream, from, filter);
        if (!found && found.error().code == ErrorCode::not_found) return true;
        if (!found) return std::unexpected(found.error());
        if (found->sequence >= below) return true;
        const auto deleted = admin.delete_message(stream, found->sequence);
        // Another replica removes the same.
        if (!deleted && deleted.error().code != ErrorCode::not_found) return std::unexpected(deleted.error());
        from = found->sequence + 1;
    }
    return false;
}

}  // namespace millrace::io
