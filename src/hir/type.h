// The type of an HIR value: how it is represented in a register, and what is known of the object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pyston::hir {

// How a value is held. Only Object and Nullable are reference counted.
enum class Rep : uint8_t {
    kVoid,     // no value
    kObject,   // PyObject*, never NULL
    kNullable, // PyObject*, may be NULL (an unbound local, an exhausted iterator)
    kInt64,    // unboxed int64
    kDouble,   // unboxed double
    kBool,     // unboxed truth value, 0 or 1
    kPointer,  // raw address that is not reference counted
};

// Exact builtin classes that the compiler knows. kUnknown: nothing is known.
// See diesQuietly() for those whose death nobody notices.
enum class ExactClass : uint8_t {
    kUnknown,
    kNoneType,
    kBool,
    kInt,
    kFloat,
    kStr,
    kBytes,
    kRange,
    kTuple,
    kList,
    kDict,
    kSet,
    kSlice,
    kFunction,
    kCell,
    kType,
    kRangeIterator, // of C longs
    kListIterator,
    kTupleIterator,
    kByteArray,
    // array.array by its type code, which an instance keeps.
    kArrayD,
    kArrayI32, // i
    kArrayU32, // I
    kArrayL,
    kArrayQ,
    kArrayU8, // B
};
inline constexpr size_t kNumExactClasses = static_cast<size_t>(ExactClass::kArrayU8) + 1;

constexpr bool isArray(ExactClass c) {
    return c >= ExactClass::kArrayD && c <= ExactClass::kArrayU8;
}
// Sequences of unboxed numbers: what ArrayGet reads.
constexpr bool holdsRawNumbers(ExactClass c) {
    return isArray(c) || c == ExactClass::kByteArray || c == ExactClass::kBytes;
}

struct Type {
    Rep rep = Rep::kVoid;
    ExactClass exact = ExactClass::kUnknown;

    constexpr bool operator==(const Type&) const = default;

    // True for values that hold a reference to an object.
    constexpr bool isCounted() const { return rep == Rep::kObject || rep == Rep::kNullable; }
    constexpr bool isObject() const { return rep == Rep::kObject; }
    constexpr bool isFloatRegister() const { return rep == Rep::kDouble; }
    constexpr bool is(ExactClass c) const { return isCounted() && exact == c; }

    // True when releasing the last reference cannot run Python code nor free another object.
    constexpr bool diesQuietly() const {
        switch (exact) {
        case ExactClass::kNoneType:
        case ExactClass::kBool:
        case ExactClass::kInt:
        case ExactClass::kFloat:
        case ExactClass::kStr:
        case ExactClass::kBytes:
        case ExactClass::kRange:
        case ExactClass::kRangeIterator:
            return true;
        default:
            return !isCounted();
        }
    }
};

inline constexpr Type kVoid{};
inline constexpr Type kObject{Rep::kObject, ExactClass::kUnknown};
inline constexpr Type kNullable{Rep::kNullable, ExactClass::kUnknown};
inline constexpr Type kInt64{Rep::kInt64, ExactClass::kUnknown};
inline constexpr Type kDouble{Rep::kDouble, ExactClass::kUnknown};
inline constexpr Type kBool{Rep::kBool, ExactClass::kUnknown};
inline constexpr Type kPointer{Rep::kPointer, ExactClass::kUnknown};

constexpr Type exactObject(ExactClass c) {
    return {Rep::kObject, c};
}

// Least upper bound; representations must agree (Object joins Nullable as Nullable).
Type join(Type a, Type b);

// True when every value of type `from` is one of type `to`.
constexpr bool isSubtype(Type from, Type to) {
    bool rep = from.rep == to.rep || (from.rep == Rep::kObject && to.rep == Rep::kNullable);
    return rep && (to.exact == ExactClass::kUnknown || from.exact == to.exact);
}

// Text form: "void", "obj", "obj?", "obj:int", "obj?:str", "i64", "f64", "bool", "ptr".
std::string toString(Type type);
// Returns false when `text` is not a type.
bool parseType(std::string_view text, Type* out);
std::string_view name(ExactClass c); // "int", "float", "NoneType", ..., "object" for kUnknown
bool parseClass(std::string_view text, ExactClass* out);

} // namespace pyston::hir
