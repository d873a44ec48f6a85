// The objects and facts that the compiler asks for.
#include "cpython/api.h"
#include "cpython/v3_11/interpreter.h"
#include "cpython/v3_11/layout.h"

#include "pycore_moduleobject.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <utility>

namespace pyston::host {
namespace {

using hir::ExactClass;

constexpr struct {
    ExactClass exact;
    PyTypeObject* type;
} kClasses[] = {
    {ExactClass::kBool, &PyBool_Type},
    {ExactClass::kInt, &PyLong_Type},
    {ExactClass::kFloat, &PyFloat_Type},
    {ExactClass::kStr, &PyUnicode_Type},
    {ExactClass::kBytes, &PyBytes_Type},
    {ExactClass::kRange, &PyRange_Type},
    {ExactClass::kTuple, &PyTuple_Type},
    {ExactClass::kList, &PyList_Type},
    {ExactClass::kDict, &PyDict_Type},
    {ExactClass::kSet, &PySet_Type},
    {ExactClass::kSlice, &PySlice_Type},
    {ExactClass::kFunction, &PyFunction_Type},
    {ExactClass::kCell, &PyCell_Type},
    {ExactClass::kType, &PyType_Type},
    {ExactClass::kRangeIterator, &PyRangeIter_Type},
    {ExactClass::kListIterator, &PyListIter_Type},
    {ExactClass::kTupleIterator, &PyTupleIter_Type},
    {ExactClass::kByteArray, &PyByteArray_Type},
};

// array.array, once an instance was seen (kept alive from then on), and its descriptors of type
// codes.
PyTypeObject* arrayType = nullptr;
struct ArrayCode {
    char code;
    ExactClass exact;
    const void* descriptor;
};
ArrayCode arrayCodes[] = {
    {'d', ExactClass::kArrayD, nullptr},   {'i', ExactClass::kArrayI32, nullptr},
    {'I', ExactClass::kArrayU32, nullptr}, {'l', ExactClass::kArrayL, nullptr},
    {'q', ExactClass::kArrayQ, nullptr},   {'B', ExactClass::kArrayU8, nullptr},
};

// Python code makes no class that is immutable; other modules might have one of that name.
bool isArrayType(PyTypeObject* type) {
    if (arrayType != nullptr)
        return type == arrayType;
    if ((type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) == 0 ||
        type->tp_basicsize != sizeof(ArrayObject) || std::strcmp(type->tp_name, "array.array") != 0)
        return false;
    arrayType = type;
    Py_INCREF(type);
    return true;
}

ExactClass arrayClassOf(PyObject* object) {
    if (!isArrayType(Py_TYPE(object)))
        return ExactClass::kUnknown;
    const auto* descriptor = reinterpret_cast<ArrayObject*>(object)->descriptor;
    for (ArrayCode& row : arrayCodes) {
        if (row.code == *descriptor) {
            row.descriptor = descriptor;
            return row.exact;
        }
    }
    return ExactClass::kUnknown;
}

Object* asObject(PyTypeObject* type) {
    return reinterpret_cast<Object*>(type);
}

BuiltinInfo::Convention conventionOf(int flags) {
    switch (flags &
            (METH_VARARGS | METH_FASTCALL | METH_NOARGS | METH_O | METH_KEYWORDS | METH_METHOD)) {
    case METH_O:
        return BuiltinInfo::kO;
    case METH_NOARGS:
        return BuiltinInfo::kNoArgs;
    case METH_FASTCALL:
        return BuiltinInfo::kFast;
    case METH_FASTCALL | METH_KEYWORDS:
        return BuiltinInfo::kFastKeywords;
    case METH_VARARGS:
    case METH_VARARGS | METH_KEYWORDS:
        return BuiltinInfo::kVarArgs;
    default:
        return BuiltinInfo::kNotBuiltin;
    }
}

// The function of a C module by its own definition, wherever Python code has put it.
bool isFunctionOf(PyObject* callable, const char* module, const char* name) {
    if (!PyCFunction_CheckExact(callable))
        return false;
    const auto* function = reinterpret_cast<PyCFunctionObject*>(callable);
    if (std::strcmp(function->m_ml->ml_name, name) != 0 || function->m_self == nullptr ||
        !PyModule_CheckExact(function->m_self))
        return false;
    const PyModuleDef* definition = PyModule_GetDef(function->m_self);
    if (definition == nullptr || std::strcmp(definition->m_name, module) != 0)
        return false;
    for (const PyMethodDef* row = definition->m_methods; row && row->ml_name; ++row) {
        if (row == function->m_ml)
            return true;
    }
    return false;
}

std::string quoted(PyObject* text) {
    constexpr Py_ssize_t kMaxLength = 40;
    std::string out = "'";
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    for (Py_ssize_t i = 0; i < length && i < kMaxLength; ++i) {
        Py_UCS4 c = PyUnicode_READ_CHAR(text, i);
        out += c >= 32 && c < 127 ? static_cast<char>(c) : '?';
    }
    return out + (length > kMaxLength ? "...'" : "'");
}

} // namespace

Object* none() {
    return Py_None;
}
Object* trueObject() {
    return Py_True;
}
Object* falseObject() {
    return Py_False;
}

Object* classObject(ExactClass c) {
    if (c == ExactClass::kNoneType)
        return asObject(Py_TYPE(Py_None));
    for (const auto& row : kClasses) {
        if (row.exact == c)
            return asObject(row.type);
    }
    return hir::isArray(c) ? asObject(arrayType) : nullptr;
}

uint64_t arrayDescriptor(ExactClass c) {
    for (const ArrayCode& row : arrayCodes) {
        if (row.exact == c)
            return reinterpret_cast<uint64_t>(row.descriptor);
    }
    return 0;
}

ExactClass exactClassOf(Object* object) {
    if (object == Py_None)
        return ExactClass::kNoneType;
    for (const auto& row : kClasses) {
        if (Py_IS_TYPE(object, row.type))
            return row.exact;
    }
    return arrayClassOf(object);
}

Object* generatorClass() {
    return asObject(&PyGen_Type);
}
Object* coroutineClass() {
    return asObject(&PyCoro_Type);
}
uint32_t typeVersion(Object* object) {
    return Py_TYPE(object)->tp_version_tag;
}
Object* classOf(Object* object) {
    return asObject(Py_TYPE(object));
}

std::optional<int64_t> intValue(Object* object) {
    if (!PyLong_CheckExact(object))
        return std::nullopt;
    int overflow = 0;
    long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0)
        return std::nullopt;
    return value;
}

std::optional<double> floatValue(Object* object) {
    if (!PyFloat_CheckExact(object))
        return std::nullopt;
    return PyFloat_AS_DOUBLE(object);
}

bool isPermanent(Object* object) {
    if (object == Py_None || object == Py_True || object == Py_False || object == Py_Ellipsis ||
        object == Py_NotImplemented)
        return true;
    return PyType_Check(object) &&
           !PyType_HasFeature(reinterpret_cast<PyTypeObject*>(object), Py_TPFLAGS_HEAPTYPE);
}

std::string reprForDump(Object* object) {
    if (object == nullptr)
        return "NULL";
    if (object == Py_None || object == Py_True || object == Py_False)
        return object == Py_None ? "None" : object == Py_True ? "True" : "False";
    if (std::optional<int64_t> value = intValue(object))
        return std::to_string(*value);
    if (std::optional<double> value = floatValue(object))
        return std::to_string(*value);
    if (PyUnicode_CheckExact(object) && PyUnicode_IS_READY(object))
        return quoted(object);
    if (PyType_Check(object))
        return "<class " + std::string(reinterpret_cast<PyTypeObject*>(object)->tp_name) + ">";
    std::string kind = Py_TYPE(object)->tp_name;
    if (PyFunction_Check(object))
        return "<" + kind + " " +
               quoted(reinterpret_cast<PyFunctionObject*>(object)->func_qualname) + ">";
    if (PyCode_Check(object))
        return "<" + kind + " " + quoted(reinterpret_cast<PyCodeObject*>(object)->co_qualname) +
               ">";
    if (PyCFunction_Check(object))
        return "<" + kind + " " + reinterpret_cast<PyCFunctionObject*>(object)->m_ml->ml_name + ">";
    return "<" + kind + ">";
}

// The dict's keys, if there is nothing out of the ordinary about them: all strings, and its own.
static PyDictKeysObject* plainKeys(Object* object) {
    if (object == nullptr || !PyDict_CheckExact(object))
        return nullptr;
    auto* dict = reinterpret_cast<PyDictObject*>(object);
    return dict->ma_values == nullptr && DK_IS_UNICODE(dict->ma_keys) ? dict->ma_keys : nullptr;
}

DictEntry dictEntry(Object* dict, uint32_t keysVersion, int64_t index) {
    PyDictKeysObject* keys = plainKeys(dict);
    if (keys == nullptr || keysVersion == 0 || keys->dk_version != keysVersion || index < 0 ||
        index >= keys->dk_nentries)
        return {};
    PyObject** value = &DK_UNICODE_ENTRIES(keys)[index].me_value;
    return {*value, reinterpret_cast<char*>(value) - reinterpret_cast<char*>(keys)};
}

// The interpreter numbers keys upwards from 1 when it first asks for their version, by a counter
// that it does not export; we do it downwards. Of builtins it stores 16 bits.
static uint32_t versionOfKeys(Object* dict, PyDictKeysObject* keys) {
    static uint32_t nextVersion = UINT32_MAX;
    if (keys->dk_version == 0 && dict != PyInterpreterState_Get()->builtins)
        keys->dk_version = nextVersion--;
    return keys->dk_version;
}

DictKey dictKey(Object* dict, Object* name) {
    PyDictKeysObject* keys = plainKeys(dict);
    if (keys == nullptr || keys->dk_nentries == 0) // the keys of empty dicts are one object
        return {};
    // Names are interned, nearly always.
    PyDictUnicodeEntry* const entries = DK_UNICODE_ENTRIES(keys);
    PyDictUnicodeEntry* const end = entries + keys->dk_nentries;
    PyDictUnicodeEntry* const found = std::find_if(
        entries, end, [&](const PyDictUnicodeEntry& entry) { return entry.me_key == name; });
    if (found != end)
        return {versionOfKeys(dict, keys), found - entries};
    if (_PyDict_GetItem_KnownHash(dict, name, PyObject_Hash(name)) != nullptr)
        return {};
    return {versionOfKeys(dict, keys), -1};
}

Object* builtinsOfCode(Object*) {
    return PyInterpreterState_Get()->builtins;
}

Object* functionCode(Object* function) {
    return PyFunction_Check(function) ? PyFunction_GET_CODE(function) : nullptr;
}

Object* functionGlobals(Object* function) {
    return reinterpret_cast<PyFunctionObject*>(function)->func_globals;
}
Object* functionBuiltins(Object* function) {
    return reinterpret_cast<PyFunctionObject*>(function)->func_builtins;
}

BuiltinInfo builtinInfo(Object* callable) {
    BuiltinInfo info;
    if (PyCFunction_CheckExact(callable)) {
        info.convention = conventionOf(PyCFunction_GET_FLAGS(callable));
    } else if (Py_IS_TYPE(callable, &PyMethodDescr_Type)) {
        info.convention =
            conventionOf(reinterpret_cast<PyMethodDescrObject*>(callable)->d_method->ml_flags);
        info.ownerClass = asObject(PyDescr_TYPE(callable));
    }
    return info;
}

CodeInfo codeInfo(Object* object) {
    auto* code = reinterpret_cast<PyCodeObject*>(object);
    return {code->co_argcount, code->co_kwonlyargcount, code->co_flags};
}

KnownBuiltin knownBuiltin(Object* callable) {
    const callable_cache& known = PyInterpreterState_Get()->callable_cache;
    if (callable == known.len)
        return KnownBuiltin::kLen;
    if (callable == known.isinstance)
        return KnownBuiltin::kIsInstance;
    if (callable == known.list_append)
        return KnownBuiltin::kListAppend;
    if (isFunctionOf(callable, "builtins", "abs"))
        return KnownBuiltin::kAbs;
    if (isFunctionOf(callable, "math", "sqrt"))
        return KnownBuiltin::kSqrt;
    return KnownBuiltin::kNone;
}

uint64_t mathFunction(Object* callable) {
    using Function = double (*)(double);
    static constexpr std::pair<const char*, Function> kFunctions[] = {
        {"sin", std::sin},   {"cos", std::cos},   {"tan", std::tan},   {"asin", std::asin},
        {"acos", std::acos}, {"atan", std::atan}, {"sinh", std::sinh}, {"cosh", std::cosh},
        {"tanh", std::tanh}, {"exp", std::exp},   {"log", std::log},
    };
    if (!PyCFunction_CheckExact(callable))
        return 0;
    for (const auto& [name, function] : kFunctions) {
        if (isFunctionOf(callable, "math", name))
            return reinterpret_cast<uint64_t>(function);
    }
    return 0;
}

ModuleInfo moduleInfo(Object* object) {
    if (!PyModule_CheckExact(object))
        return {};
    _PyType_Lookup(&PyModule_Type, &_Py_ID(__dict__)); // which gives the class a version
    if (!PyType_HasFeature(&PyModule_Type, Py_TPFLAGS_VALID_VERSION_TAG))
        return {};
    return {PyModule_GetDict(object), offsetof(PyModuleObject, md_dict),
            PyModule_Type.tp_version_tag};
}

Object* zeroOf(ExactClass c) {
    static Object* const zero = PyLong_FromLong(0);
    static Object* const floatZero = PyFloat_FromDouble(0.0);
    switch (c) {
    case ExactClass::kInt:
        return zero;
    case ExactClass::kFloat:
        return floatZero;
    case ExactClass::kBool:
        return Py_False;
    default:
        return nullptr;
    }
}

bool isStableGlobal(Object* object) {
    return PyFunction_Check(object) || PyCFunction_Check(object) || PyType_Check(object) ||
           PyModule_CheckExact(object);
}

} // namespace pyston::host
