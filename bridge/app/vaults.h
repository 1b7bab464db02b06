// Vaults: fetches the secrets that are in vaults, and watches for newer versions; the part of it that has a clock and a
// network. What to do when is auth/vault_watch's.
//
// First `turn` until everything is at hand, then `start`: from then on a thread of its own goes on. What it fetches
// goes to the shelf of the process (auth/secret_shelf.h), where it stays when this has gone.
//
// Thread: the caller's until `start`; `awaited` from any. The destructor ends the thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "auth/vault_watch.h"
#include "bridge/base/note.h"
#include "bridge/io/curl_endpoint.h"
#include "bridge/settings/settings.h"

namespace millrace::app {

class Vaults {
  public:
    struct Listener {
        std::function<void(const Note&)> told = [](const Note&) {};
        std::function<void(const std::string& reference, bool read)> looked = [](const std::string&, bool) {};
    };

    // `secrets` are those of the settings, or others in the same vaults.
    Vaults(const settings::Settings& settings, std::vector<settings::VaultSecret> secrets, Listener listener);
    ~Vaults();
    Vaults(const Vaults&) = delete;
    Vaults& operator=(const Vaults&) = delete;

    // Does what is due, and waits at most this long for something to happen.
    void turn(Duration patience);
    void start();

    struct Missing {
        std::string field;
        std::string why;       // keyvault://kv/name: HTTP 403, Forbidden
        bool passing = false;  // it may be over soon
    };
    // Which secrets have not come yet.
    [[nodiscard]] std::vector<Missing> missing() const;
    // The same for people, as of the last turn; empty when all are at hand.
    [[nodiscard]] std::string awaited() const;

  private:
    void send_due();
    void send(std::size_t watch, auth::VaultWatch::Request request);
    void take(const ports::HttpResponse& response);
    void tell();

    const std::vector<settings::VaultSecret> secrets_;
    const Listener listener_;
    std::vector<auth::VaultWatch> watches_;
    io::CurlEndpoint http_;
    mutable std::mutex mutex_;  // of awaited_
    std::string awaited_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

// For commands that do one thing and end: fetches all of the secrets, within seconds. What could not be had.
std::vector<Vaults::Missing> fetch_secrets(const settings::Settings& settings,
                                           const std::vector<settings::VaultSecret>& secrets);

}  // namespace millrace::app
