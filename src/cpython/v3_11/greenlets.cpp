#include "cpython/v3_11/greenlets.h"

#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/unhooked.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pyston::host {
namespace {

// The C interface of the package (greenlet.h): a capsule with pointers to functions.
constexpr const char* kCapsule = "greenlet._C_API";
constexpr size_t kThrow = 5;
constexpr size_t kSwitch = 6;

using ThrowFunction = PyObject* (*)(PyObject* greenlet, PyObject*, PyObject*, PyObject*);
using SwitchFunction = PyObject* (*)(PyObject* greenlet, PyObject* args, PyObject* kwargs);
ThrowFunction originalThrow = nullptr;
SwitchFunction originalSwitch = nullptr;
PyCFunctionWithKeywords originalSwitchMethod = nullptr;
PyCFunction originalThrowMethod = nullptr;
destructor originalDealloc = nullptr;

PyObject* throwInto(PyObject* greenlet, PyObject* type, PyObject* value, PyObject* traceback) {
    noticeSwitch();
    return originalThrow(greenlet, type, value, traceback);
}

PyObject* switchTo(PyObject* greenlet, PyObject* args, PyObject* kwargs) {
    noticeSwitch();
    return originalSwitch(greenlet, args, kwargs);
}

PyObject* switchMethod(PyObject* greenlet, PyObject* args, PyObject* kwargs) {
    noticeSwitch();
    return originalSwitchMethod(greenlet, args, kwargs);
}

PyObject* throwMethod(PyObject* greenlet, PyObject* args) {
    noticeSwitch();
    return originalThrowMethod(greenlet, args);
}

// One that has not ended is switched to, to be ended.
void dealloc(PyObject* greenlet) {
    noticeSwitch();
    originalDealloc(greenlet);
}

PyMethodDef* findMethod(PyTypeObject* type, const char* name, int flags) {
    for (PyMethodDef* row = type->tp_methods; row != nullptr && row->ml_name != nullptr; ++row)
        if (std::strcmp(row->ml_name, name) == 0)
            return row->ml_flags == flags ? row : nullptr;
    return nullptr;
}

// The classes' method descriptors refer to the rows, other extensions to the capsule's array.
bool takeSwitches(PyTypeObject* type, void** functions) {
    PyMethodDef* switches = findMethod(type, "switch", METH_VARARGS | METH_KEYWORDS);
    PyMethodDef* throws = findMethod(type, "throw", METH_VARARGS);
    if (switches == nullptr || throws == nullptr)
        return false;
    originalSwitchMethod =
        reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void*>(switches->ml_meth));
    originalThrowMethod = throws->ml_meth;
    originalThrow = reinterpret_cast<ThrowFunction>(functions[kThrow]);
    originalSwitch = reinterpret_cast<SwitchFunction>(functions[kSwitch]);
    switches->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(switchMethod));
    throws->ml_meth = throwMethod;
    originalDealloc = type->tp_dealloc;
    type->tp_dealloc = dealloc;
    functions[kThrow] = reinterpret_cast<void*>(throwInto);
    functions[kSwitch] = reinterpret_cast<void*>(switchTo);
    return true;
}

// A new reference, or null; keeps the exception that is set, if any.
PyObject* attributeIfAny(PyObject* object, const char* name) {
    PyObject *error, *value, *traceback;
    PyErr_Fetch(&error, &value, &traceback);
    PyObject* attribute = PyObject_GetAttrString(object, name);
    PyErr_Restore(error, value, traceback); // ours is dropped
    return attribute;
}

// Of all greenlets only a thread's first has no parent. `parent` is the class's own attribute,
// which runs no Python code.
bool isOtherGreenlet(PyObject* object, PyTypeObject* type, PyObject* parent) {
    if (!PyType_IsSubtype(Py_TYPE(object), type))
        return false;
    PyObject* value = Py_TYPE(parent)->tp_descr_get(parent, object, nullptr);
    Py_XDECREF(value);
    return value != Py_None;
}

// Were they taken before?
bool takeSwitchesOf(PyObject* module) {
    static bool taken = false;
    if (taken)
        return true;
    // (It may be just being imported.)
    PyObject* type = attributeIfAny(module, "greenlet");
    PyObject* capsule = type != nullptr ? attributeIfAny(module, "_C_API") : nullptr;
    if (capsule != nullptr && PyType_Check(type) && PyCapsule_IsValid(capsule, kCapsule)) {
        taken = takeSwitches(reinterpret_cast<PyTypeObject*>(type),
                             static_cast<void**>(PyCapsule_GetPointer(capsule, kCapsule)));
    }
    Py_XDECREF(type);
    Py_XDECREF(capsule);
    return false;
}

// The package, and the extension in it.
PyObject* packageName() {
    static PyObject* const name = PyUnicode_InternFromString("greenlet");
    return name;
}
PyObject* extensionName() {
    static PyObject* const name = PyUnicode_InternFromString("greenlet._greenlet");
    return name;
}

PyObject* loadedModule(PyObject* name) {
    PyObject* modules = PyImport_GetModuleDict();
    if (modules == nullptr || name == nullptr || !PyDict_CheckExact(modules))
        return nullptr;
    return _PyDict_GetItem_KnownHash(modules, name, hashOf(name)); // borrowed
}

} // namespace

bool greenletIsLoaded() {
    return loadedModule(packageName()) != nullptr;
}

bool otherGreenletsExist(PyThreadState* tstate) {
    PyObject* module = loadedModule(extensionName());
    if (module == nullptr)
        module = loadedModule(packageName());
    PyObject* type = module != nullptr ? attributeIfAny(module, "greenlet") : nullptr;
    if (type == nullptr)
        return false;
    PyObject* parent = PyType_Check(type) ? attributeIfAny(type, "parent") : nullptr;
    bool found = true;
    if (parent != nullptr && Py_IS_TYPE(parent, &PyGetSetDescr_Type)) {
        const auto isIn = [&](gc_generation& generation) {
            PyGC_Head* const end = &generation.head;
            for (PyGC_Head* head = _PyGCHead_NEXT(end); head != end; head = _PyGCHead_NEXT(head))
                if (isOtherGreenlet(reinterpret_cast<PyObject*>(head + 1),
                                    reinterpret_cast<PyTypeObject*>(type), parent))
                    return true;
            return false;
        };
        _gc_runtime_state& gc = tstate->interp->gc;
        found = std::ranges::any_of(gc.generations, isIn) || isIn(gc.permanent_generation);
    }
    Py_XDECREF(parent);
    Py_DECREF(type);
    return found;
}

uint64_t noticingVersion = 0;

bool findOutAboutSwitches(PyThreadState* tstate) {
    PyObject* modules = tstate->interp->modules;
    if (modules == nullptr || !PyDict_CheckExact(modules))
        return false;
    const uint64_t version = reinterpret_cast<PyDictObject*>(modules)->ma_version_tag;
    PyObject* module = loadedModule(extensionName());
    if (module != nullptr ? !takeSwitchesOf(module) : greenletIsLoaded())
        return false;
    noticingVersion = version;
    return true;
}

} // namespace pyston::host
