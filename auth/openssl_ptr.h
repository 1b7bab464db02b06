// Owners of what OpenSSL makes. Private to auth/; for .cc files, which name OpenSSL's headers themselves.
#pragma once

#include <memory>

namespace millrace::auth {

template <auto release>
struct Release {
    template <typename T>
    void operator()(T* made) const {
        release(made);
    }
};

template <typename T, auto release>
using OpensslPtr = std::unique_ptr<T, Release<release>>;

}  // namespace millrace::auth
