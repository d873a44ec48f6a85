// The words of the text form for the values of an exit. Switches, so that the compiler says where a
// new enumerator lacks its word; empty for what is no enumerator.
#pragma once

#include "exits/exit_table.h"

#include <string_view>

namespace pyston::lir {

inline std::string_view name(exits::Reason reason) {
    switch (reason) {
    case exits::Reason::kGuard:
        return "guard";
    case exits::Reason::kError:
        return "error";
    case exits::Reason::kTracing:
        return "tracing";
    case exits::Reason::kDeopt:
        return "deopt";
    case exits::Reason::kForced:
        return "forced";
    case exits::Reason::kObserved:
        return "observed";
    case exits::Reason::kRecursion:
        return "recursion";
    case exits::Reason::kFrameObject:
        return "frame";
    case exits::Reason::kProbe:
        return "probe";
    }
    return {};
}

inline std::string_view name(exits::Repr repr) {
    switch (repr) {
    case exits::Repr::kObject:
        return "object";
    case exits::Repr::kInt64:
        return "int64";
    case exits::Repr::kDouble:
        return "double";
    case exits::Repr::kBool:
        return "bool";
    case exits::Repr::kOptionalInt64:
        return "optional_int64";
    case exits::Repr::kOptionalDouble:
        return "optional_double";
    }
    return {};
}

} // namespace pyston::lir
