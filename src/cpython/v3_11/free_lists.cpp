#include "cpython/v3_11/free_lists.h"

#include "cpython/api.h"
#include "cpython/v3_11/quiet_death.h"
#include "cpython/v3_11/weak_constants.h"

#include "pycore_gc.h"
#include "pycore_pymem.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace pyston::host {
namespace {

// Objects whose memory is free, linked by their first word. To the garbage collector they were
// allocated and freed like any other.
class FreeList {
  public:
    // NULL if there is none, or if an allocation is when the collector would look whether to run.
    PyObject* take(PyThreadState* tstate) {
        gc_generation& youngest = tstate->interp->gc.generations[0];
        if (first_ == nullptr || youngest.count >= youngest.threshold || isTraced())
            return nullptr;
        Link* taken = first_;
        first_ = taken->next;
        --count_;
        ++youngest.count;
        return reinterpret_cast<PyObject*>(taken);
    }
    // `object` is not tracked.
    void give(PyThreadState* tstate, PyObject* object) {
        if (count_ == kMost || isTraced()) {
            PyObject_GC_Del(object);
            return;
        }
        PyGC_Head* head = _Py_AS_GC(object);
        head->_gc_next = 0;
        head->_gc_prev = 0;
        gc_generation& youngest = tstate->interp->gc.generations[0];
        if (youngest.count > 0)
            --youngest.count;
        first_ = new (object) Link{first_};
        ++count_;
    }
    int count() const { return count_; }

  private:
    // tracemalloc sees each object made and freed.
    static bool isTraced() { return _Py_tracemalloc_config.tracing != 0; }

    static constexpr int kMost = 32;
    struct Link {
        Link* next;
    };
    Link* first_ = nullptr;
    int count_ = 0;
};

constexpr Py_ssize_t kMostSlots = 48;
FreeList functions;
std::array<FreeList, kMostSlots + 1> generators; // by the size of localsplus and stack

destructor originalFunctionDealloc = nullptr;
destructor originalGeneratorDealloc = nullptr;

// func_dealloc() in funcobject.c, in its order.
void deallocFunction(PyObject* self) {
    auto* function = reinterpret_cast<PyFunctionObject*>(self);
    if (isNamed(self)) [[unlikely]]
        return retireFunction(function);
    if (function->func_weakreflist != nullptr)
        return originalFunctionDealloc(self);
    _PyObject_GC_UNTRACK(self);
    for (PyObject* held : {function->func_globals, function->func_builtins, function->func_module,
                           function->func_defaults, function->func_kwdefaults, function->func_doc,
                           function->func_dict, function->func_closure, function->func_annotations,
                           function->func_code, function->func_name, function->func_qualname})
        Py_XDECREF(held);
    functions.give(_PyThreadState_GET(), self);
}

// gen_dealloc() in genobject.c, when there is nothing to finalize and no frame to clear.
void deallocGenerator(PyObject* self) {
    auto* generator = reinterpret_cast<PyGenObject*>(self);
    PyCodeObject* code = generator->gi_code;
    const Py_ssize_t slots = code->co_nlocalsplus + code->co_stacksize; // it keeps no ob_size
    if (!generatorDiesQuietly(generator) || slots > kMostSlots)
        return originalGeneratorDealloc(self);
    _PyObject_GC_UNTRACK(self);
    if (!PyGen_CheckExact(self))
        Py_XDECREF(generator->gi_origin_or_finalizer);
    Py_DECREF(code);
    Py_DECREF(generator->gi_name);
    Py_DECREF(generator->gi_qualname);
    generators[static_cast<size_t>(slots)].give(_PyThreadState_GET(), self);
}

// What a module's dict has under `name` (borrowed), or NULL if that takes a longer look. Such
// entries stand at the same places in most modules: `entry` is where it was found last.
PyObject* itemNear(PyObject* dict, PyObject* name, Py_ssize_t* entry) {
    constexpr Py_ssize_t kLooksAt = 10;
    if (!PyDict_CheckExact(dict))
        return nullptr;
    auto* object = reinterpret_cast<PyDictObject*>(dict);
    PyDictKeysObject* keys = object->ma_keys;
    if (!DK_IS_UNICODE(keys) || object->ma_values != nullptr)
        return nullptr;
    const PyDictUnicodeEntry* entries = DK_UNICODE_ENTRIES(keys);
    if (*entry < keys->dk_nentries && entries[*entry].me_key == name)
        return entries[*entry].me_value;
    for (Py_ssize_t i = 0; i < std::min(kLooksAt, keys->dk_nentries); ++i)
        if (entries[i].me_key == name)
            return entries[*entry = i].me_value;
    return nullptr;
}

} // namespace

size_t freeObjects() {
    auto count = static_cast<size_t>(functions.count());
    for (const FreeList& list : generators)
        count += static_cast<size_t>(list.count());
    return count;
}

void takeDeallocs() {
    if (PyFunction_Type.tp_dealloc != deallocFunction)
        originalFunctionDealloc = std::exchange(PyFunction_Type.tp_dealloc, deallocFunction);
    originalGeneratorDealloc = PyGen_Type.tp_dealloc;
    for (PyTypeObject* type : {&PyGen_Type, &PyCoro_Type, &PyAsyncGen_Type})
        if (type->tp_dealloc == originalGeneratorDealloc)
            type->tp_dealloc = deallocGenerator;
}

void giveBackDeallocs() {
    if (!anyNamed())
        PyFunction_Type.tp_dealloc = originalFunctionDealloc;
    for (PyTypeObject* type : {&PyGen_Type, &PyCoro_Type, &PyAsyncGen_Type})
        if (type->tp_dealloc == deallocGenerator)
            type->tp_dealloc = originalGeneratorDealloc;
}

PyFunctionObject* makeFunction(PyThreadState* tstate, PyObject* code, PyObject* globals) {
    static Py_ssize_t nameEntry = 0, builtinsEntry = 0;
    PyObject* module = itemNear(globals, &_Py_ID(__name__), &nameEntry);
    PyObject* builtins = itemNear(globals, &_Py_ID(__builtins__), &builtinsEntry);
    if (builtins != nullptr && PyModule_Check(builtins))
        builtins = PyModule_GetDict(builtins);
    PyObject* object = module != nullptr && builtins != nullptr ? functions.take(tstate) : nullptr;
    if (object == nullptr)
        return reinterpret_cast<PyFunctionObject*>(PyFunction_New(code, globals));
    _PyObject_Init(object, &PyFunction_Type);
    auto* codeObject = reinterpret_cast<PyCodeObject*>(code);
    PyObject* consts = codeObject->co_consts;
    PyObject* doc = PyTuple_GET_SIZE(consts) > 0 ? PyTuple_GET_ITEM(consts, 0) : Py_None;
    auto* function = reinterpret_cast<PyFunctionObject*>(object);
    function->func_globals = Py_NewRef(globals);
    function->func_builtins = Py_NewRef(builtins);
    function->func_name = Py_NewRef(codeObject->co_name);
    function->func_qualname = Py_NewRef(codeObject->co_qualname);
    function->func_code = Py_NewRef(code);
    function->func_defaults = nullptr;
    function->func_kwdefaults = nullptr;
    function->func_closure = nullptr;
    function->func_doc = Py_NewRef(PyUnicode_Check(doc) ? doc : Py_None);
    function->func_dict = nullptr;
    function->func_weakreflist = nullptr;
    function->func_module = Py_NewRef(module);
    function->func_annotations = nullptr;
    function->vectorcall = _PyFunction_Vectorcall;
    function->func_version = 0;
    _PyObject_GC_TRACK(object);
    return function;
}

PyGenObject* newGeneratorObject(PyThreadState* tstate, PyTypeObject* type, Py_ssize_t slots) {
    PyObject* object =
        slots <= kMostSlots ? generators[static_cast<size_t>(slots)].take(tstate) : nullptr;
    if (object == nullptr)
        return PyObject_GC_NewVar(PyGenObject, type, slots);
    _PyObject_Init(object, type);
    return reinterpret_cast<PyGenObject*>(object);
}

} // namespace pyston::host
