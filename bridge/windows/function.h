// What an aggregate function is to the rest of windows/: an accumulator behind a row of plain functions, so that all
// accumulators of a pane lie in one piece of memory.
//
// An accumulator is a small struct, copyable, made from its Select, with
//     void add(const Input&);              // never null
//     void merge(const T&);
//     void write(ByteWriter&) const;       // equal content, equal bytes
//     bool read(ByteReader&);              // into a fresh one; false: the bytes are damaged
//     Outcome outcome(const Select&) const;
//     std::size_t held() const;            // bytes it holds besides its own size, about; cheap
//     static constexpr bool kGrows;        // holds values: more than a few numbers
// What it holds is a function of the set of inputs it was given, whatever the order and however they were merged.
#pragma once

#include <cstddef>
#include <new>

#include "bridge/base/aggregate.h"
#include "bridge/base/bytes.h"
#include "bridge/windows/sample.h"
#include "bridge/windows/values.h"

namespace millrace::windows {

struct Input {
    const Value& value;  // in its plain form
    bool real;           // it came as a double: sums tell 2.0 from 2
    EventTime at;
    Place place;
};

// What a function comes to. An array is RawJson.
struct Outcome {
    Value value;
    bool approximate = false;
    bool truncated = false;
    bool overflow = false;
};

struct Kind {
    std::size_t size;
    std::size_t align;
    bool grows;
    void (*make)(void*, const Select&);
    void (*copy)(void*, const void*);
    void (*destroy)(void*);
    void (*add)(void*, const Input&);
    void (*merge)(void*, const void*);
    void (*write)(const void*, ByteWriter&);
    bool (*read)(void*, ByteReader&);
    Outcome (*outcome)(const void*, const Select&);
    std::size_t (*held)(const void*);
};

template <typename T>
constexpr Kind kind_of() {
    return {
        sizeof(T),
        alignof(T),
        T::kGrows,
        [](void* at, const Select& select) { new (at) T(select); },
        [](void* at, const void* from) { new (at) T(*static_cast<const T*>(from)); },
        [](void* at) { static_cast<T*>(at)->~T(); },
        [](void* at, const Input& input) { static_cast<T*>(at)->add(input); },
        [](void* at, const void* other) { static_cast<T*>(at)->merge(*static_cast<const T*>(other)); },
        [](const void* at, ByteWriter& out) { static_cast<const T*>(at)->write(out); },
        [](void* at, ByteReader& in) { return static_cast<T*>(at)->read(in); },
        [](const void* at, const Select& select) { return static_cast<const T*>(at)->outcome(select); },
        [](const void* at) { return static_cast<const T*>(at)->held(); },
    };
}

// The registry. Requires: `function` is one of the enumeration's.
const Kind& kind(Function function);

}  // namespace millrace::windows
