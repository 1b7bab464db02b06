// Contract: what the endpoint says it takes, read before the first event and again when there is reason to.
//
// Until it has been read nothing is pulled, so that every row is made by it; an endpoint that publishes none, or keeps
// failing to tell, is asked as if there were none. Rows in hand are of the contract they were made by: another one
// holds the traffic, with what was expected and what was found, and the same one again resumes it. It is read again now
// and then, when another deployment answers, when it was away, and when answers begin to be refusals; until that
// reading is back nothing is sent.
//
// Thread: one engine's. Time: told. Bound: one reading at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/base/outcome.h"
#include "bridge/base/signature.h"
#include "bridge/base/time.h"
#include "bridge/engine/effect.h"
#include "bridge/engine/input.h"

namespace millrace::engine {

class Contract {
  public:
    // `reads`: the endpoint is to be asked; otherwise nothing ever happens here.
    explicit Contract(bool reads) : reads_(reads) {}

    void pump(Time now, Effects& out);
    void read(SignatureRead&& in, Time now, Effects& out);
    // An answer to a request for scores.
    void answered(const Answer& answer, Time now);

    // Nothing is pulled or judged.
    [[nodiscard]] bool holds() const { return reads_ && (!settled_ || !trouble_.empty()); }
    // Nothing is sent.
    [[nodiscard]] bool pauses() const { return holds() || doubted_; }
    // Why, in words; empty when it does not hold, or has just begun to ask.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] Time next_due() const { return reads_ && !asking_ ? due_ : kNever; }

  private:
    void found(SignatureRead&& in, Effects& out);
    void unread(const SignatureRead& in, Effects& out);
    void hold(std::string why, Effects& out);
    void go_on(Effects& out);

    const bool reads_;
    bool settled_ = false;  // it is known, or known that there is none
    bool asking_ = false;
    bool was_away_ = false;  // since it was read
    bool doubted_ = false;   // the reading under way may change everything
    std::optional<Signature> in_force_;
    std::string trouble_;
    std::string deployment_;      // that answered last
    std::uint32_t failures_ = 0;  // in a row
    Time asked_at_{};
    Time due_{};
};

}  // namespace millrace::engine
