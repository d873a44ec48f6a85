#include "cpython/v3_11/quiet_death.h"

#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/layout.h"

#include "pycore_dict.h"
#include "pycore_frame.h"
#include "pycore_object.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace pyston::host {
namespace {

constexpr size_t kMostItems = 32;     // objects that are not plain
constexpr Py_ssize_t kMostSlots = 32; // of a container: to show the frame takes about as long

// Static classes of extension modules whose instances hold no objects, by name: such a name cannot
// be given to a class by Python code.
constexpr std::array kKnownNames = {"decimal.Decimal", "datetime.timedelta", "datetime.date"};

bool isKnownExtensionClass(PyTypeObject* type) {
    static std::array<PyTypeObject*, kKnownNames.size()> known{};
    for (size_t i = 0; i < known.size(); ++i) {
        if (known[i] == type)
            return true;
        if (known[i] == nullptr && std::strcmp(type->tp_name, kKnownNames[i]) == 0) {
            known[i] = type;
            return true;
        }
    }
    return false;
}

// The usual ones of those below.
inline bool isNumberOrString(PyTypeObject* type) {
    return type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type;
}

// Instances hold no objects (but ints), and have no weak references.
bool isPlain(PyTypeObject* type) {
    if ((type->tp_flags & Py_TPFLAGS_HAVE_GC) != 0)
        return false;
    if (isNumberOrString(type) || type == &PyBool_Type || type == &PyBytes_Type ||
        type == &PyComplex_Type || type == &PyRangeIter_Type || type == &PyRange_Type ||
        type == &PyLongRangeIter_Type || type == Py_TYPE(Py_None))
        return true;
    return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 && isKnownExtensionClass(type);
}

bool freesNothing(const AsyncSend* awaitable) {
    return AsyncSend::isKnown() && Py_REFCNT(awaitable->generator) > 1 &&
           awaitable->value == nullptr;
}

// The class of what iterates over an ASCII string, which is not exported.
PyTypeObject* asciiIterator = nullptr;

// Instances have no weak references, and die by letting go of what tp_traverse visits.
bool holdsWhatItVisits(PyTypeObject* type) {
    static constexpr std::array kClasses{&PyListIter_Type,
                                         &PyTupleIter_Type,
                                         &PyDictItems_Type,
                                         &PyDictIterItem_Type,
                                         &PyDictKeys_Type,
                                         &PyDictIterKey_Type,
                                         &PyDictValues_Type,
                                         &PyDictIterValue_Type,
                                         &PySlice_Type,
                                         &PyCell_Type,
                                         &PyEnum_Type,
                                         &PyZip_Type,
                                         &PySetIter_Type,
                                         &PyMap_Type,
                                         &PyFilter_Type,
                                         &PyReversed_Type,
                                         &PyListRevIter_Type,
                                         &PySuper_Type,
                                         &PyUnicodeIter_Type,
                                         &PyBytesIter_Type,
                                         &PyByteArrayIter_Type,
                                         &PySeqIter_Type,
                                         &PyCallIter_Type,
                                         &_PyMethodWrapper_Type,
                                         &PyDictRevIterKey_Type,
                                         &PyDictRevIterItem_Type,
                                         &PyDictRevIterValue_Type};
    return type == asciiIterator || std::ranges::find(kClasses, type) != kClasses.end();
}

bool isGenerator(PyTypeObject* type) {
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type;
}

// A lambda, or a comprehension's function: its cells are its frame's, too.
bool holdsWhatOthersHold(const PyFunctionObject* function) {
    if (function->func_weakreflist != nullptr || function->func_defaults != nullptr ||
        function->func_kwdefaults != nullptr || function->func_dict != nullptr ||
        function->func_annotations != nullptr)
        return false;
    for (PyObject* held : {function->func_code, function->func_globals, function->func_builtins,
                           function->func_name, function->func_qualname, function->func_doc})
        if (Py_REFCNT(held) <= 1)
            return false;
    if (function->func_module != nullptr && Py_REFCNT(function->func_module) <= 1)
        return false;
    PyObject* closure = function->func_closure;
    if (closure == nullptr || Py_REFCNT(closure) > 1)
        return true;
    PyObject** cells = reinterpret_cast<PyTupleObject*>(closure)->ob_item;
    return std::all_of(cells, cells + Py_SIZE(closure),
                       [](PyObject* cell) { return Py_REFCNT(cell) > 1; });
}

// A small tuple, list or dict of numbers, strings, and what is held more often than it can hold it.
bool holdsWhatSurvives(PyObject* container) {
    constexpr Py_ssize_t kFew = 4;
    const auto survives = [](PyObject* item) {
        return item == nullptr || isNumberOrString(Py_TYPE(item)) || Py_REFCNT(item) > kFew;
    };
    PyObject** items;
    if (PyTuple_CheckExact(container)) {
        items = reinterpret_cast<PyTupleObject*>(container)->ob_item;
    } else if (PyList_CheckExact(container)) {
        items = reinterpret_cast<PyListObject*>(container)->ob_item;
    } else if (PyDict_CheckExact(container)) {
        auto* dict = reinterpret_cast<PyDictObject*>(container);
        const PyDictKeysObject* keys = dict->ma_keys;
        return dict->ma_values == nullptr && DK_IS_UNICODE(keys) && keys->dk_nentries <= kFew &&
               std::all_of(DK_UNICODE_ENTRIES(keys), DK_UNICODE_ENTRIES(keys) + keys->dk_nentries,
                           [&](auto& entry) { return survives(entry.me_value); });
    } else {
        return false;
    }
    return Py_SIZE(container) <= kFew && std::all_of(items, items + Py_SIZE(container), survives);
}

// What classes made in Python free their instances with.
destructor instanceDealloc = nullptr;

// The references that are let go of when an object dies, and when what dies with it does.
class Death {
  public:
    // Whether all that dies with `object` dies quietly.
    bool isQuiet(PyObject* object) {
        if (!letGoOf(object))
            return false;
        // More references may be let go of by what is found to die: then ask again.
        for (bool more = true; more;) {
            more = false;
            for (size_t i = 0; i < count_; ++i) {
                PyObject* item = released_[i];
                if (dead_[i] || Py_REFCNT(item) > timesReleased(item))
                    continue;
                for (size_t k = i; k < count_; ++k)
                    dead_[k] |= released_[k] == item;
                if (!letGoOf(item))
                    return false;
                more = true;
            }
        }
        return true;
    }

  private:
    // Adds what an object refers to. False if that is too much, or the object has a class that may
    // run code.
    bool letGoOf(PyObject* object);
    bool letGoOfInstance(PyObject* object, PyTypeObject* type);
    bool letGoOfDict(PyDictObject* dict);
    bool letGoOfSet(const PySetObject* set);
    bool letGoOfFunction(PyFunctionObject* function);

    bool release(PyObject* item) {
        if (item == nullptr || isNumberOrString(Py_TYPE(item)) || isPlain(Py_TYPE(item)) ||
            Py_REFCNT(item) > static_cast<Py_ssize_t>(kMostItems)) // more than are let go of
            return true;
        if (count_ == released_.size())
            return false;
        dead_[count_] = false;
        released_[count_++] = item;
        return true;
    }
    bool release(PyObject* const* items, Py_ssize_t count) {
        return count <= kMostSlots &&
               std::all_of(items, items + count, [&](PyObject* item) { return release(item); });
    }
    Py_ssize_t timesReleased(PyObject* item) const {
        return std::count(released_.begin(), released_.begin() + count_, item);
    }

    std::array<PyObject*, kMostItems> released_; // but for those to what is plain
    std::array<bool, kMostItems> dead_;
    size_t count_ = 0;
};

// An instance of a class made in Python, on top of object, with its attributes inline.
bool Death::letGoOfInstance(PyObject* object, PyTypeObject* type) {
    if (instanceDealloc == nullptr || type->tp_dealloc != instanceDealloc ||
        type->tp_finalize != nullptr || type->tp_del != nullptr || Py_REFCNT(type) <= 1 ||
        (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) == 0)
        return false;
    for (PyTypeObject* base = type; base != &PyBaseObject_Type; base = base->tp_base)
        if (base == nullptr || base->tp_dealloc != type->tp_dealloc || Py_SIZE(base) != 0)
            return false; // a C class below, or __slots__
    if (type->tp_weaklistoffset > 0 && *PyObject_GET_WEAKREFS_LISTPTR(object) != nullptr)
        return false;
    const PyDictValues* values = *_PyObject_ValuesPointer(object);
    if (values == nullptr)
        return *_PyObject_ManagedDictPointer(object) == nullptr;
    const PyDictKeysObject* keys = reinterpret_cast<PyHeapTypeObject*>(type)->ht_cached_keys;
    return keys != nullptr && release(values->values, keys->dk_nentries);
}

bool Death::letGoOfDict(PyDictObject* dict) {
    PyDictKeysObject* keys = dict->ma_keys;
    if (dict->ma_values != nullptr || keys->dk_nentries > kMostSlots)
        return false;
    for (Py_ssize_t i = 0; i < keys->dk_nentries; ++i) {
        if (DK_IS_UNICODE(keys)) {
            if (!release(DK_UNICODE_ENTRIES(keys)[i].me_value))
                return false;
        } else if (!release(DK_ENTRIES(keys)[i].me_key) || !release(DK_ENTRIES(keys)[i].me_value)) {
            return false;
        }
    }
    return true;
}

bool Death::letGoOfSet(const PySetObject* set) {
    if (set->weakreflist != nullptr || set->mask >= kMostSlots)
        return false;
    // A hash of -1: the dummy that a discarded key leaves.
    return std::all_of(set->table, set->table + set->mask + 1, [&](const setentry& entry) {
        return entry.hash == -1 || release(entry.key);
    });
}

bool Death::letGoOfFunction(PyFunctionObject* function) {
    const std::array fields{
        function->func_code,     function->func_globals,    function->func_builtins,
        function->func_closure,  function->func_name,       function->func_qualname,
        function->func_defaults, function->func_kwdefaults, function->func_doc,
        function->func_dict,     function->func_module,     function->func_annotations};
    return function->func_weakreflist == nullptr && release(fields.data(), std::ssize(fields));
}

bool Death::letGoOf(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    if (isPlain(type))
        return true;
    if (type == &PyTuple_Type)
        return release(reinterpret_cast<PyTupleObject*>(object)->ob_item, Py_SIZE(object));
    if (type == &PyList_Type)
        return release(reinterpret_cast<PyListObject*>(object)->ob_item, Py_SIZE(object));
    if (type == &PyDict_Type)
        return letGoOfDict(reinterpret_cast<PyDictObject*>(object));
    if (type == &PySet_Type || type == &PyFrozenSet_Type)
        return letGoOfSet(reinterpret_cast<PySetObject*>(object));
    if (type == &PyFunction_Type)
        return letGoOfFunction(reinterpret_cast<PyFunctionObject*>(object));
    if (type == &PyMethod_Type) {
        auto* method = reinterpret_cast<PyMethodObject*>(object);
        return method->im_weakreflist == nullptr && release(method->im_func) &&
               release(method->im_self);
    }
    if (type == &PyCFunction_Type) {
        auto* method = reinterpret_cast<PyCFunctionObject*>(object);
        return method->m_weakreflist == nullptr && release(method->m_self) &&
               release(method->m_module);
    }
    if (isGenerator(type)) {
        auto* generator = reinterpret_cast<PyGenObject*>(object);
        return generatorDiesQuietly(generator) &&
               release(reinterpret_cast<PyObject*>(generator->gi_code));
    }
    if (holdsWhatItVisits(type)) {
        const auto visit = [](PyObject* held, void* death) {
            return static_cast<Death*>(death)->release(held) ? 0 : -1;
        };
        return type->tp_traverse(object, visit, this) == 0;
    }
    return letGoOfInstance(object, type);
}

} // namespace

bool prepareQuietDeaths() {
    PyObject* made =
        PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(){}", "probe");
    if (made == nullptr)
        return false;
    instanceDealloc = reinterpret_cast<PyTypeObject*>(made)->tp_dealloc;
    Py_DECREF(made);
    PyObject* empty = PyUnicode_FromStringAndSize(nullptr, 0);
    PyObject* iterator = empty != nullptr ? PyObject_GetIter(empty) : nullptr;
    Py_XDECREF(empty);
    if (iterator == nullptr)
        return false;
    asciiIterator = Py_TYPE(iterator);
    Py_DECREF(iterator);
    return true;
}

bool diesQuietly(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    if (holdsWhatSurvives(object) || isPlain(type))
        return true;
    if (isGenerator(type))
        return generatorDiesQuietly(reinterpret_cast<PyGenObject*>(object));
    if (type == &_PyAsyncGenASend_Type && freesNothing(reinterpret_cast<AsyncSend*>(object)))
        return true;
    if (type == &PyFunction_Type &&
        holdsWhatOthersHold(reinterpret_cast<PyFunctionObject*>(object)))
        return true;
    Death death;
    return death.isQuiet(object);
}

} // namespace pyston::host
