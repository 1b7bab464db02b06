// libnats objects with owners, as the bench's programs use them. Nothing here is part of Millrace.
#pragma once

#include <nats/nats.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace millrace::bench {

struct Destroy {
    void operator()(natsConnection* nc) const { natsConnection_Destroy(nc); }
    void operator()(natsSubscription* sub) const { natsSubscription_Destroy(sub); }
    void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
    void operator()(natsMsg* msg) const { natsMsg_Destroy(msg); }
    void operator()(natsInbox* inbox) const { natsInbox_Destroy(inbox); }
};
using Connection = std::unique_ptr<natsConnection, Destroy>;
using Subscription = std::unique_ptr<natsSubscription, Destroy>;
using Options = std::unique_ptr<natsOptions, Destroy>;
using Message = std::unique_ptr<natsMsg, Destroy>;

[[noreturn]] inline void give_up(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::_Exit(1);  // from any thread, and there is nothing to put away
}

inline void must(natsStatus status, const char* what) {
    if (status != NATS_OK) give_up(std::string(what) + ": " + natsStatus_GetText(status));
}

inline std::string new_inbox() {
    natsInbox* inbox = nullptr;
    must(natsInbox_Create(&inbox), "inbox");
    const std::unique_ptr<natsInbox, Destroy> owner(inbox);
    return reinterpret_cast<const char*>(inbox);
}

}  // namespace millrace::bench
