#include "hir/type.h"

#include <array>
#include <cassert>

namespace pyston::hir {
namespace {

constexpr std::array<std::string_view, 7> kRepNames = {"void", "obj",  "obj?", "i64",
                                                       "f64",  "bool", "ptr"};
constexpr std::array<std::string_view, kNumExactClasses> kClassNames = {
    "object",         "NoneType",  "bool",    "int",     "float",          "str",
    "bytes",          "range",     "tuple",   "list",    "dict",           "set",
    "slice",          "function",  "cell",    "type",    "range_iterator", "list_iterator",
    "tuple_iterator", "bytearray", "array_d", "array_i", "array_I",        "array_l",
    "array_q",        "array_B"};

} // namespace

Type join(Type a, Type b) {
    if (a == b) {
        return a;
    }
    assert((a.isCounted() && b.isCounted()) || a.rep == b.rep);
    Type result = a;
    if (a.rep != b.rep) {
        result.rep = Rep::kNullable;
    }
    if (a.exact != b.exact) {
        result.exact = ExactClass::kUnknown;
    }
    return result;
}

std::string_view name(ExactClass c) {
    return kClassNames[static_cast<size_t>(c)];
}

std::string toString(Type type) {
    std::string text(kRepNames[static_cast<size_t>(type.rep)]);
    if (type.exact != ExactClass::kUnknown) {
        text += ':';
        text += name(type.exact);
    }
    return text;
}

bool parseClass(std::string_view text, ExactClass* out) {
    for (size_t i = 0; i < kClassNames.size(); i++) {
        if (kClassNames[i] == text) {
            *out = static_cast<ExactClass>(i);
            return true;
        }
    }
    return false;
}

bool parseType(std::string_view text, Type* out) {
    Type result;
    size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        if (!parseClass(text.substr(colon + 1), &result.exact) ||
            result.exact == ExactClass::kUnknown) {
            return false;
        }
        text = text.substr(0, colon);
    }
    for (size_t i = 0; i < kRepNames.size(); i++) {
        if (kRepNames[i] == text) {
            result.rep = static_cast<Rep>(i);
            *out = result;
            return result.isCounted() || result.exact == ExactClass::kUnknown;
        }
    }
    return false;
}

} // namespace pyston::hir
