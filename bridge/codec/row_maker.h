// An element's wanted fields, and what is computed of them → its row for the request and the members its result carries
// along, as raw JSON text.
//
// Value-like; holds no element. `pipeline` and `fields` outlive it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/event.h"
#include "bridge/base/signature.h"
#include "bridge/codec/formula.h"
#include "bridge/codec/wanted_fields.h"
#include "bridge/settings/settings.h"

namespace millrace::codec {

class RowMaker {
  public:
    // Adds the features and included fields to `fields`.
    RowMaker(const settings::Pipeline& pipeline, WantedFields& fields);

    // From now on rows are of these columns, one for each feature, or of any where there are none. Where rows are whole
    // events, these are fields of theirs.
    void expect(std::vector<SignatureField> columns);

    // Sets event.row and event.included from event.text and what the fields found in it, or gives the fault.
    [[nodiscard]] std::optional<Verdict> fill(Event& event) const;
    // event.included alone.
    void fill_included(Event& event) const;

  private:
    struct Column {
        const settings::Feature* feature;
        std::size_t slot = 0;
        std::unique_ptr<Formula> formula;  // of a computed one, which has no slot
        std::string key;                   // `"name":` where rows are records, else empty
    };
    struct Member {
        std::size_t slot;
        std::string key;
    };

    [[nodiscard]] std::optional<Verdict> fill_row(Event& event) const;
    // The event as it stands, but for values that the endpoint takes in another form.
    [[nodiscard]] std::optional<Verdict> fill_whole(Event& event) const;
    // Adds the column's value to `row`, or says why it has none.
    [[nodiscard]] std::optional<Verdict> fill_column(std::size_t index, std::string& row) const;

    const settings::Pipeline& pipeline_;
    WantedFields& fields_;
    std::vector<Column> columns_;
    std::vector<SignatureField> expected_;
    std::vector<std::size_t> expected_at_;  // their slots, where rows are whole events
    std::vector<Member> members_;
};

}  // namespace millrace::codec
