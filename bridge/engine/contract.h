// Contract: what an address of the endpoint says it takes, read before the first event and again when there is reason
// to.
//
// Until one has been read nothing is pulled, so that every row is made by it; an address that publishes none, or keeps
// failing to tell, is asked as if there were none. Rows in hand are of the contract they were made by: an address with
// another one gets none, with what was expected and what was found, until it has the same one again. It is read again
// now and then, when another deployment answers, when it was away, and when answers begin to be refusals; until that
// reading is back nothing is sent to it. Where no address fits, that holds the traffic.
//
// The first one in the list that tells is the one that all are held against.
//
// Thread: one engine's. Time: told. Bound: one reading at a time of each address.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/outcome.h"
#include "bridge/base/signature.h"
#include "bridge/base/time.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"
#include "bridge/settings/addresses.h"

namespace millrace::engine {

class Contract {
  public:
    // `reads`: the address is to be asked; otherwise nothing ever happens here. `whose`: begins what is said of it.
    Contract(bool reads, std::size_t address, std::string whose)
        : reads_(reads), address_(address), whose_(std::move(whose)) {}

    void pump(Time now, Effects& out);
    // `in_force`: what all rows are made by; set by the first that tells. `others`: some address goes on.
    void read(SignatureRead&& in, std::optional<Signature>& in_force, bool others, Time now, Effects& out);
    // An answer to a request for scores.
    void answered(const Answer& answer, Time now);

    // No row is for it, and what it says of rows does not count.
    [[nodiscard]] bool holds() const { return reads_ && (!settled_ || !trouble_.empty()); }
    // Nothing is sent to it.
    [[nodiscard]] bool pauses() const { return holds() || doubted_; }
    // It has told, or failed to.
    [[nodiscard]] bool was_heard() const { return heard_; }
    // Why, in words; empty when it does not hold, or has just begun to ask.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] Time next_due() const { return reads_ && !asking_ ? due_ : kNever; }

  private:
    void found(SignatureRead&& in, std::optional<Signature>& in_force, bool others, Effects& out);
    void unread(const SignatureRead& in, bool known, bool others, Effects& out);
    void hold(std::string why, bool others, Effects& out);
    void go_on(bool others, Effects& out);

    bool reads_;
    std::size_t address_;
    std::string whose_;
    bool settled_ = false;  // it is known, or known that there is none
    bool agreed_ = false;   // it was once as expected
    bool heard_ = false;
    bool asking_ = false;
    bool was_away_ = false;  // since it was read
    bool doubted_ = false;   // the reading under way may change everything
    std::string trouble_;
    std::string deployment_;      // that answered last
    std::uint32_t failures_ = 0;  // in a row
    Time asked_at_{};
    Time due_{};
};

// Of the addresses of the pipeline's own route.
class Contracts {
  public:
    Contracts(bool reads, const settings::Routes& routes);

    void pump(Time now, Effects& out);
    void read(SignatureRead&& in, Time now, Effects& out);
    void answered(std::size_t address, const Answer& answer, Time now);

    [[nodiscard]] const Contract& of(std::size_t address) const { return all_[address]; }
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    // Nothing is pulled or judged.
    [[nodiscard]] bool holds() const { return std::ranges::all_of(all_, &Contract::holds); }
    // Nothing is sent.
    [[nodiscard]] bool pauses() const { return std::ranges::all_of(all_, &Contract::pauses); }
    // Why nothing is pulled.
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] Time next_due() const;

  private:
    std::vector<Contract> all_;
    std::optional<Signature> in_force_;
};

}  // namespace millrace::engine
