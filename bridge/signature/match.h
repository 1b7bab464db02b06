// Which input of a signature each feature of the pipeline is. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bridge/base/signature.h"

namespace millrace::signature {

struct Match {
    std::vector<SignatureField>
        columns;                       // one for each feature, in their order; empty when there is none to hold them to
    std::vector<std::string> missing;  // inputs the endpoint needs and no feature is
    std::vector<std::string> extra;    // features the endpoint has no input for; their column is `any`
    std::string problem;               // why rows of these features never fit; empty when they may

    bool operator==(const Match&) const = default;
};

// `features` are the names of the features' columns; none where rows are whole events, whose fields the columns then
// are. `by_name`: the request calls them so, otherwise names count only where all of them are found, and the order does
// where they are as many.
Match match(const Signature& signature, std::span<const std::string> features, bool by_name);

// "lacks the inputs a, b" and the like, for a person; empty when all is well.
std::string complaint(const Match& match);

}  // namespace millrace::signature
