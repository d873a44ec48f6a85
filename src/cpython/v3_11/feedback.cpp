#include "cpython/v3_11/feedback.h"

#include "cpython/v3_11/live_types.h"

namespace pyston::host {
namespace {

using build::Feedback;
using Kind = Feedback::Kind;

template<class Cache> Cache* cacheOf(const _Py_CODEUNIT* unit) {
    return reinterpret_cast<Cache*>(const_cast<_Py_CODEUNIT*>(unit + 1));
}

Feedback simple(Kind kind) {
    Feedback feedback;
    feedback.kind = kind;
    return feedback;
}

Feedback attribute(Kind kind, const _Py_CODEUNIT* unit) {
    auto* cache = cacheOf<_PyAttrCache>(unit);
    Feedback feedback = simple(kind);
    if (kind == Kind::kModule)
        feedback.keysVersion = read_u32(cache->version);
    else
        feedback.typeVersion = read_u32(cache->version);
    feedback.index = cache->index;
    return feedback;
}

Feedback method(Kind kind, const _Py_CODEUNIT* unit) {
    auto* cache = cacheOf<_PyLoadMethodCache>(unit);
    // The method went with its class.
    if (!isLiveTypeVersion(read_u32(cache->type_version)))
        return simple(Kind::kGeneric);
    Feedback feedback = simple(kind);
    feedback.typeVersion = read_u32(cache->type_version);
    if (kind == Kind::kMethodWithValues || kind == Kind::kMethodWithDict)
        feedback.keysVersion = read_u32(cache->keys_version);
    if (kind == Kind::kMethodWithDict)
        feedback.index = static_cast<int16_t>(cache->dict_offset);
    feedback.object = read_obj(cache->descr);
    return feedback;
}

Feedback global(Kind kind, const _Py_CODEUNIT* unit) {
    auto* cache = cacheOf<_PyLoadGlobalCache>(unit);
    Feedback feedback = simple(kind);
    feedback.keysVersion = read_u32(cache->module_keys_version);
    if (kind == Kind::kGlobalBuiltin)
        feedback.keysVersion2 = cache->builtin_keys_version;
    feedback.index = cache->index;
    return feedback;
}

Feedback getItem(const _Py_CODEUNIT* unit) {
    auto* cache = cacheOf<_PyBinarySubscrCache>(unit);
    Feedback feedback = simple(Kind::kGetItemFunction);
    feedback.typeVersion = read_u32(cache->type_version);
    feedback.index = cache->func_version;
    return feedback;
}

// An adaptive form whose counter moved has run and could not be specialized (for long).
Feedback adaptive(const _Py_CODEUNIT* unit) {
    return simple(unit[1] == 0 ? Kind::kNeverRan : Kind::kGeneric);
}

Kind precallKind(int opcode) {
    switch (opcode) {
    case PRECALL_BOUND_METHOD:
        return Kind::kBoundMethod;
    case PRECALL_PYFUNC:
        return Kind::kPyFunction;
    case PRECALL_BUILTIN_CLASS:
        return Kind::kBuiltinClass;
    case PRECALL_NO_KW_BUILTIN_O:
        return Kind::kBuiltinO;
    case PRECALL_NO_KW_BUILTIN_FAST:
        return Kind::kBuiltinFast;
    case PRECALL_BUILTIN_FAST_WITH_KEYWORDS:
        return Kind::kBuiltinFastKeywords;
    case PRECALL_NO_KW_LEN:
        return Kind::kLen;
    case PRECALL_NO_KW_ISINSTANCE:
        return Kind::kIsInstance;
    case PRECALL_NO_KW_LIST_APPEND:
        return Kind::kListAppend;
    case PRECALL_NO_KW_METHOD_DESCRIPTOR_O:
        return Kind::kMethodDescrO;
    case PRECALL_NO_KW_METHOD_DESCRIPTOR_NOARGS:
        return Kind::kMethodDescrNoArgs;
    case PRECALL_NO_KW_METHOD_DESCRIPTOR_FAST:
        return Kind::kMethodDescrFast;
    case PRECALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS:
        return Kind::kMethodDescrFastKeywords;
    case PRECALL_NO_KW_TYPE_1:
        return Kind::kType1;
    case PRECALL_NO_KW_STR_1:
        return Kind::kStr1;
    case PRECALL_NO_KW_TUPLE_1:
        return Kind::kTuple1;
    default:
        return Kind::kGeneric;
    }
}

} // namespace

Feedback readFeedback(const _Py_CODEUNIT* unit, int opcode, bool quickened) {
    switch (opcode) {
    case BINARY_OP_ADD_INT:
    case BINARY_OP_MULTIPLY_INT:
    case BINARY_OP_SUBTRACT_INT:
    case COMPARE_OP_INT_JUMP:
        return simple(Kind::kIntInt);
    case BINARY_OP_ADD_FLOAT:
    case BINARY_OP_MULTIPLY_FLOAT:
    case BINARY_OP_SUBTRACT_FLOAT:
    case COMPARE_OP_FLOAT_JUMP:
        return simple(Kind::kFloatFloat);
    case BINARY_OP_ADD_UNICODE:
    case BINARY_OP_INPLACE_ADD_UNICODE:
    case COMPARE_OP_STR_JUMP:
        return simple(Kind::kStrStr);
    case BINARY_SUBSCR_LIST_INT:
    case STORE_SUBSCR_LIST_INT:
        return simple(Kind::kListInt);
    case BINARY_SUBSCR_TUPLE_INT:
        return simple(Kind::kTupleInt);
    case BINARY_SUBSCR_DICT:
    case STORE_SUBSCR_DICT:
        return simple(Kind::kDict);
    case BINARY_SUBSCR_GETITEM:
        return getItem(unit);
    case LOAD_ATTR_INSTANCE_VALUE:
    case STORE_ATTR_INSTANCE_VALUE:
        return attribute(Kind::kInstanceValue, unit);
    case LOAD_ATTR_SLOT:
    case STORE_ATTR_SLOT:
        return attribute(Kind::kSlot, unit);
    case LOAD_ATTR_WITH_HINT:
    case STORE_ATTR_WITH_HINT:
        return attribute(Kind::kWithHint, unit);
    case LOAD_ATTR_MODULE:
    case LOAD_METHOD_MODULE:
        return attribute(Kind::kModule, unit);
    case LOAD_METHOD_WITH_VALUES:
        return method(Kind::kMethodWithValues, unit);
    case LOAD_METHOD_NO_DICT:
        return method(Kind::kMethodNoDict, unit);
    case LOAD_METHOD_WITH_DICT:
        return method(Kind::kMethodWithDict, unit);
    case LOAD_METHOD_CLASS:
        return method(Kind::kMethodClass, unit);
    case LOAD_GLOBAL_MODULE:
        return global(Kind::kGlobalModule, unit);
    case LOAD_GLOBAL_BUILTIN:
        return global(Kind::kGlobalBuiltin, unit);
    case UNPACK_SEQUENCE_TWO_TUPLE:
        return simple(Kind::kTwoTuple);
    case UNPACK_SEQUENCE_TUPLE:
        return simple(Kind::kTuple);
    case UNPACK_SEQUENCE_LIST:
        return simple(Kind::kList);
    case BINARY_OP_ADAPTIVE:
    case BINARY_SUBSCR_ADAPTIVE:
    case COMPARE_OP_ADAPTIVE:
    case LOAD_ATTR_ADAPTIVE:
    case LOAD_GLOBAL_ADAPTIVE:
    case LOAD_METHOD_ADAPTIVE:
    case STORE_ATTR_ADAPTIVE:
    case STORE_SUBSCR_ADAPTIVE:
    case UNPACK_SEQUENCE_ADAPTIVE:
        return adaptive(unit);
    // A plain form in quickened code is one that the interpreter gave up at the first try.
    case BINARY_OP:
    case COMPARE_OP:
    case BINARY_SUBSCR:
    case STORE_SUBSCR:
    case LOAD_ATTR:
    case STORE_ATTR:
    case LOAD_METHOD:
    case LOAD_GLOBAL:
    case UNPACK_SEQUENCE:
        return simple(quickened ? Kind::kGeneric : Kind::kNone);
    default:
        return {};
    }
}

Feedback readCallFeedback(const _Py_CODEUNIT* precall, const _Py_CODEUNIT* call, bool quickened) {
    int opcode = _Py_OPCODE(*precall);
    if (opcode == PRECALL)
        return simple(quickened ? Kind::kGeneric : Kind::kNone);
    if (opcode == PRECALL_ADAPTIVE)
        return adaptive(precall);
    Feedback feedback = simple(precallKind(opcode));
    if (feedback.kind != Kind::kPyFunction && feedback.kind != Kind::kBoundMethod)
        return feedback;
    // The frame evaluation hook makes CALL_PY_* miss all the time, so CALL is often adaptive again;
    // its cache still holds the function's version.
    feedback.index = read_u32(cacheOf<_PyCallCache>(call)->func_version);
    if (feedback.kind == Kind::kPyFunction && _Py_OPCODE(*call) == CALL_PY_EXACT_ARGS)
        feedback.kind = Kind::kPyExactArgs;
    else if (feedback.kind == Kind::kPyFunction && _Py_OPCODE(*call) == CALL_PY_WITH_DEFAULTS)
        feedback.kind = Kind::kPyWithDefaults;
    return feedback;
}

} // namespace pyston::host
