// Cells, functions, and the building and unpacking of containers.
#include "cpython/v3_11/free_lists.h"
#include "cpython/v3_11/helpers_functions.h"

#include "pycore_dict.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pyston::rt {
namespace {

// A keys table for 2**log2Size slots that holds exact str only, laid out as dictobject.c does.
PyDictKeysObject* newUnicodeKeys(int log2Size) {
    Py_ssize_t usable = (Py_ssize_t{2} << log2Size) / 3;
    int log2IndexBytes = log2Size < 8 ? log2Size : log2Size < 16 ? log2Size + 1 : log2Size + 2;
    size_t indexBytes = size_t{1} << log2IndexBytes;
    size_t entryBytes = sizeof(PyDictUnicodeEntry) * static_cast<size_t>(usable);
    void* memory = PyObject_Malloc(sizeof(PyDictKeysObject) + indexBytes + entryBytes);
    if (memory == nullptr) {
        PyErr_NoMemory();
        return nullptr;
    }
    auto* keys = static_cast<PyDictKeysObject*>(memory);
    keys->dk_refcnt = 1;
    keys->dk_log2_size = static_cast<uint8_t>(log2Size);
    keys->dk_log2_index_bytes = static_cast<uint8_t>(log2IndexBytes);
    keys->dk_kind = DICT_KEYS_UNICODE;
    keys->dk_version = 0;
    keys->dk_nentries = 0;
    keys->dk_usable = usable;
    std::memset(keys->dk_indices, 0xff, indexBytes); // DKIX_EMPTY
    std::memset(keys->dk_indices + indexBytes, 0, entryBytes);
    return keys;
}

// An empty dict with the table that the interpreter gives to a display of `count` items. Tables of
// str keys are another kind, which attribute and name lookups are specialized for; the exported
// function for presized dicts makes the general kind only.
PyObject* newPresizedDict(Py_ssize_t count, bool strKeys) {
    constexpr Py_ssize_t kFitsSmallest = 5;
    constexpr int kMaxLog2 = 17;
    if (!strKeys || count <= kFitsSmallest) {
        return _PyDict_NewPresized(count);
    }
    int log2Size = kMaxLog2;
    if (count <= (Py_ssize_t{2} << kMaxLog2) / 3) {
        size_t slots = (static_cast<size_t>(count) * 3 + 1) / 2;
        log2Size = std::bit_width((slots | 8) - 1);
    }
    Ref dict(PyDict_New());
    if (!dict) {
        return nullptr;
    }
    PyDictKeysObject* keys = newUnicodeKeys(log2Size);
    if (keys == nullptr) {
        return nullptr;
    }
    auto* object = reinterpret_cast<PyDictObject*>(dict.get());
    object->ma_keys->dk_refcnt--; // the shared empty table, which never dies
    object->ma_keys = keys;
    return dict.release();
}

PyObject* dictFromItems(PyObject* const* keys, PyObject* const* values, Py_ssize_t step,
                        Py_ssize_t count) {
    bool strKeys = true;
    for (Py_ssize_t i = 0; i < count && strKeys; i++) {
        strKeys = PyUnicode_CheckExact(keys[i * step]);
    }
    Ref dict(newPresizedDict(count, strKeys));
    if (!dict) {
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyDict_SetItem(dict.get(), keys[i * step], values[i * step]) < 0) {
            return nullptr;
        }
    }
    return dict.release();
}

void releaseAll(PyObject* const* items, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        Py_DECREF(items[i]);
    }
}

Ref iteratorToUnpack(PyThreadState* tstate, PyObject* iterable) {
    Ref iterator(PyObject_GetIter(iterable));
    if (!iterator && _PyErr_ExceptionMatches(tstate, PyExc_TypeError) &&
        Py_TYPE(iterable)->tp_iter == nullptr && !PySequence_Check(iterable)) {
        _PyErr_Format(tstate, PyExc_TypeError, "cannot unpack non-iterable %.200s object",
                      Py_TYPE(iterable)->tp_name);
    }
    return iterator;
}

// Takes `count` items out of the iterator into the first slots of a tuple. Returns how many there
// were; fewer than `count` may mean an exception.
Py_ssize_t takeItems(PyObject* iterator, PyObject* tuple, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject* item = PyIter_Next(iterator);
        if (item == nullptr) {
            return i;
        }
        PyTuple_SET_ITEM(tuple, i, item);
    }
    return count;
}

// The tuple while it is filled: code that runs meanwhile must not find it through gc with holes,
// nor a collection traverse a half-built one needlessly.
Ref newUntrackedTuple(Py_ssize_t size) {
    Ref tuple(PyTuple_New(size));
    if (tuple && size > 0) {
        _PyObject_GC_UNTRACK(tuple.get());
    }
    return tuple;
}

PyObject* tracked(Ref tuple) {
    if (PyTuple_GET_SIZE(tuple.get()) > 0) {
        _PyObject_GC_TRACK(tuple.get());
    }
    return tuple.release();
}

} // namespace

PyObject* MakeCell(PyObject* content) {
    PyObject* cell = PyCell_New(content);
    Py_XDECREF(content);
    return cell;
}

PyObject* MakeFunction(_PyInterpreterFrame* frame, int64_t flags, PyObject** operands, int64_t) {
    PyFunctionObject* function =
        host::makeFunction(_PyThreadState_GET(), *operands++, frame->f_globals);
    if (function == nullptr) {
        return nullptr;
    }
    if (flags & 0x08) {
        function->func_closure = Py_NewRef(*operands++);
    }
    if (flags & 0x04) {
        function->func_annotations = Py_NewRef(*operands++);
    }
    if (flags & 0x02) {
        function->func_kwdefaults = Py_NewRef(*operands++);
    }
    if (flags & 0x01) {
        function->func_defaults = Py_NewRef(*operands++);
    }
    return reinterpret_cast<PyObject*>(function);
}

PyObject* BuildTuple(PyObject** items, int64_t count) {
    PyObject* tuple = PyTuple_New(count);
    if (tuple == nullptr) {
        releaseAll(items, count);
        return nullptr;
    }
    for (int64_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(tuple, i, items[i]);
    }
    return tuple;
}

PyObject* BuildList(PyObject** items, int64_t count) {
    PyObject* list = PyList_New(count);
    if (list == nullptr) {
        releaseAll(items, count);
        return nullptr;
    }
    for (int64_t i = 0; i < count; i++) {
        PyList_SET_ITEM(list, i, items[i]);
    }
    return list;
}

PyObject* BuildSet(PyObject** items, int64_t count) {
    Ref set(PySet_New(nullptr));
    if (!set) {
        releaseAll(items, count);
        return nullptr;
    }
    bool added = true;
    for (int64_t i = 0; i < count; i++) { // each is let go of before the next is looked at
        added = added && PySet_Add(set.get(), items[i]) == 0;
        Py_DECREF(items[i]);
    }
    return added ? set.release() : nullptr;
}

PyObject* BuildMap(PyObject** items, int64_t count) {
    std::reverse(items, items + count);
    return dictFromItems(items, items + 1, 2, count / 2);
}

PyObject* BuildConstKeyMap(PyObject** items, int64_t count) {
    PyObject* keys = items[0];
    PyObject** values = items + 1;
    if (!PyTuple_CheckExact(keys) || PyTuple_GET_SIZE(keys) != count - 1) {
        PyErr_SetString(PyExc_SystemError, "bad BUILD_CONST_KEY_MAP keys argument");
        return nullptr;
    }
    std::reverse(values, items + count);
    return dictFromItems(_PyTuple_ITEMS(keys), values, 1, count - 1);
}

PyObject* BuildString(PyObject** items, int64_t count) {
    std::reverse(items, items + count);
    return _PyUnicode_JoinArray(&_Py_STR(empty), items, count);
}

PyObject* FormatValue(int64_t conversion, PyObject* stolenValue, PyObject* stolenSpec) {
    const Ref spec(stolenSpec); // outlives the value
    Ref value(stolenValue);
    switch (conversion & 3) {
    case 0:
        break;
    case 1:
        value.reset(PyObject_Str(value.get()));
        break;
    case 2:
        value.reset(PyObject_Repr(value.get()));
        break;
    default:
        value.reset(PyObject_ASCII(value.get()));
        break;
    }
    if (!value) {
        return nullptr;
    }
    if (!spec && PyUnicode_CheckExact(value.get())) {
        return value.release();
    }
    return PyObject_Format(value.get(), spec.get());
}

int64_t ListAppend(PyObject* list, PyObject* stolenItem) {
    Ref item(stolenItem);
    auto* object = reinterpret_cast<PyListObject*>(list);
    Py_ssize_t size = Py_SIZE(list);
    if (object->allocated > size) {
        PyList_SET_ITEM(list, size, item.release());
        Py_SET_SIZE(list, size + 1);
        return 0;
    }
    return PyList_Append(list, item.get());
}

int64_t ListExtend(PyObject* list, PyObject* iterable) {
    Ref none(_PyList_Extend(reinterpret_cast<PyListObject*>(list), iterable));
    if (none) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError) && Py_TYPE(iterable)->tp_iter == nullptr &&
        !PySequence_Check(iterable)) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "Value after * must be an iterable, not %.200s",
                     Py_TYPE(iterable)->tp_name);
    }
    return -1;
}

int64_t SetAdd(PyObject* set, PyObject* item) {
    return PySet_Add(set, item);
}

int64_t SetUpdate(PyObject* set, PyObject* iterable) {
    return _PySet_Update(set, iterable);
}

int64_t MapAdd(PyObject* dict, PyObject* key, PyObject* value) {
    return PyDict_SetItem(dict, key, value);
}

int64_t DictUpdate(PyObject* dict, PyObject* mapping) {
    if (PyDict_Update(dict, mapping) == 0) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_AttributeError)) { // it has no keys()
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not a mapping",
                     Py_TYPE(mapping)->tp_name);
    }
    return -1;
}

int64_t DictMerge(PyThreadState* tstate, PyObject* callable, PyObject* dict, PyObject* mapping) {
    if (_PyDict_MergeEx(dict, mapping, 2) == 0) {
        return 0;
    }
    explainKeywordError(tstate, callable, mapping);
    return -1;
}

PyObject* ListToTuple(PyObject* list) {
    return PyList_AsTuple(list);
}

PyObject* UnpackSequence(PyThreadState* tstate, int64_t count, PyObject* sequence) {
    // (A named tuple, too: it is read as the tuple that it is.)
    if (PyTuple_Check(sequence) && Py_TYPE(sequence)->tp_iter == PyTuple_Type.tp_iter &&
        PyTuple_GET_SIZE(sequence) == count) {
        return Py_NewRef(sequence);
    }
    Ref iterator; // which goes after what came out of it
    Ref tuple = newUntrackedTuple(count);
    if (!tuple) {
        return nullptr;
    }
    // Looked at after the allocation, which may run finalizers.
    if (PyList_CheckExact(sequence) && PyList_GET_SIZE(sequence) == count) {
        for (int64_t i = 0; i < count; i++) {
            PyTuple_SET_ITEM(tuple.get(), i, Py_NewRef(PyList_GET_ITEM(sequence, i)));
        }
        return tracked(std::move(tuple));
    }
    iterator = iteratorToUnpack(tstate, sequence);
    if (!iterator) {
        return nullptr;
    }
    Py_ssize_t got = takeItems(iterator.get(), tuple.get(), count);
    if (got < count) {
        if (!_PyErr_Occurred(tstate)) {
            _PyErr_Format(tstate, PyExc_ValueError,
                          "not enough values to unpack (expected %d, got %d)",
                          static_cast<int>(count), static_cast<int>(got));
        }
        return nullptr;
    }
    if (Ref extra(PyIter_Next(iterator.get())); extra) {
        extra.reset();
        _PyErr_Format(tstate, PyExc_ValueError, "too many values to unpack (expected %d)",
                      static_cast<int>(count));
        return nullptr;
    }
    return _PyErr_Occurred(tstate) ? nullptr : tracked(std::move(tuple));
}

PyObject* UnpackEx(PyThreadState* tstate, int64_t counts, PyObject* sequence) {
    Py_ssize_t before = counts & 0xff;
    Py_ssize_t after = counts >> 8;
    Ref iterator; // which goes after what came out of it
    Ref tuple = newUntrackedTuple(before + 1 + after);
    if (!tuple) {
        return nullptr;
    }
    iterator = iteratorToUnpack(tstate, sequence);
    if (!iterator) {
        return nullptr;
    }
    Py_ssize_t got = takeItems(iterator.get(), tuple.get(), before);
    if (got < before) {
        if (!_PyErr_Occurred(tstate)) {
            _PyErr_Format(tstate, PyExc_ValueError,
                          "not enough values to unpack (expected at least %d, got %d)",
                          static_cast<int>(before + after), static_cast<int>(got));
        }
        return nullptr;
    }
    PyObject* list = PySequence_List(iterator.get());
    if (list == nullptr) {
        return nullptr;
    }
    PyTuple_SET_ITEM(tuple.get(), before, list);
    Py_ssize_t rest = PyList_GET_SIZE(list) - after;
    if (rest < 0) {
        _PyErr_Format(tstate, PyExc_ValueError,
                      "not enough values to unpack (expected at least %d, got %zd)",
                      static_cast<int>(before + after), before + PyList_GET_SIZE(list));
        return nullptr;
    }
    // The last items move out of the list.
    for (Py_ssize_t i = 0; i < after; i++) {
        PyTuple_SET_ITEM(tuple.get(), before + 1 + i, PyList_GET_ITEM(list, rest + i));
    }
    Py_SET_SIZE(list, rest);
    return tracked(std::move(tuple));
}

} // namespace pyston::rt
